import { OperatorError } from "#lib/errors/operator-error.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { type EffectiveJob, poolOfLevel, storageChoices } from "./effective-job.ts";
import type { EngineParts } from "./job-context.ts";

/** Throws JOB_DISABLED if the Job, its Client, its Pool or one of its Storages is switched off. */
export function requireEnabled(effective: EffectiveJob, isEnabled: EngineParts["isEnabled"]): void {
  const { job, client } = effective;
  const choices = storageChoices(effective, poolOfLevel(effective, effective.level).resource).map(({ resource }) => resource);
  const isOn = ({ name, enabled }: StorageResource): boolean => isEnabled("storage", name, enabled);
  // Of several Storages one will do.
  const storages = [choices.find(isOn) ?? effective.storage.resource, ...effective.furtherStorages];
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
