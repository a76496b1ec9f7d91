import type { Reference } from "#lib/config/define-resource.ts";
import { didYouMean } from "#lib/config/did-you-mean.ts";
import type { ProblemList } from "#lib/config/problem.ts";
import { nameOf } from "#lib/config/resolve.ts";
import type { RawResource } from "#lib/config/read-resource.ts";

/**
 * Copies into each Job what its JobDefs says and the Job does not. Run and Tag are not copied; RunScripts of the JobDefs come
 * after the Job's own. A JobDefs named inside a JobDefs is not followed.
 */
export function inheritJobDefs(raws: readonly RawResource[], problems: ProblemList): void {
  const jobDefs = new Map(raws.filter((raw) => raw.table.path === "JobDefs").map((raw) => [raw.name, raw]));
  for (const raw of raws) {
    const reference = raw.values.get("jobDefs") as Reference<"JobDefs"> | undefined;
    if (reference === undefined) continue;
    const defaults = jobDefs.get(reference.name);
    if (raw.table.path === "JobDefs") {
      problems.add({
        severity: "warning",
        at: reference.at,
        resource: nameOf(raw),
        directive: "JobDefs",
        message: "a JobDefs inside a JobDefs is not followed",
      });
    } else if (raw.table.path === "Job" && defaults !== undefined) inherit(raw, defaults);
    else if (raw.table.path === "Job") suggest(raw, reference, jobDefs, problems);
  }
}

function inherit(job: RawResource, defaults: RawResource): void {
  for (const [key, row] of Object.entries(job.table.rows)) {
    const value = defaults.values.get(key);
    if (value === undefined || key === "name" || row.notInherited === true) continue;
    if (key === "runScripts") {
      const own = (job.values.get(key) ?? []) as readonly unknown[];
      job.values.set(key, [...own, ...(value as readonly unknown[])]);
    } else if (!job.places.has(key)) job.values.set(key, value);
    else continue;
    if (!job.places.has(key)) {
      job.places.set(key, defaults.places.get(key)!);
      job.inherited.add(key);
    }
  }
}

/** A job that names an unknown JobDefs is not asked for what that would have given. The reference itself is reported later. */
function suggest(
  job: RawResource,
  reference: Reference<"JobDefs">,
  jobDefs: ReadonlyMap<string, unknown>,
  problems: ProblemList,
): void {
  problems.add({
    severity: "error",
    at: reference.at,
    resource: nameOf(job),
    directive: "JobDefs",
    message: `there is no JobDefs named "${reference.name}"`,
    hint: problems.isFull ? undefined : didYouMean(reference.name, jobDefs.keys()),
  });
  job.values.delete("jobDefs");
  for (const [key, row] of Object.entries(job.table.rows)) {
    if (row.required === true && !job.places.has(key)) job.places.set(key, reference.at);
  }
}
