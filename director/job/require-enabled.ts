import { OperatorError } from "#lib/errors/operator-error.ts";
import { type EffectiveJob, poolOfLevel } from "./effective-job.ts";
import type { EngineParts } from "./job-context.ts";

/** Throws JOB_DISABLED if the Job, its Client, its Pool or one of its Storages is switched off. */
export function requireEnabled(effective: EffectiveJob, isEnabled: EngineParts["isEnabled"]): void {
  const { job, client, storage } = effective;
  const storages = [storage.resource, ...effective.furtherStorages];
  // Only what writes needs its Pool; it is looked at once more when the level is known.
  const pools = effective.type === "B" ? [["pool", poolOfLevel(effective, effective.level).resource] as const] : [];
  const all = [
    ...pools,
    ["job", job] as const,
    ["client", client] as const,
    ...storages.map((each) => ["storage", each] as const),
  ];
  for (const [kind, resource] of all) {
    if (isEnabled(kind, resource.name, resource.enabled)) continue;
    throw new OperatorError("JOB_DISABLED", `${resource.origin.resourceType} "${resource.name}" is disabled`, {
      hint: `type: enable ${kind}=${resource.name}`,
    });
  }
}
