import type { Reference } from "#lib/config/define-resource.ts";
import type { ProblemList } from "#lib/config/problem.ts";
import { nameOf } from "#lib/config/resolve.ts";
import type { RawResource } from "#lib/config/read-resource.ts";

/** Gives a Job that names no Pool the one that says in Allowed Clients that it is for the Job's Client. Two such Pools are a mistake. */
export function choosePoolByClient(raws: readonly RawResource[], problems: ProblemList): void {
  const pools = raws.filter((raw) => raw.table.path === "Pool" && raw.values.has("allowedClients"));
  if (pools.length === 0) return;
  for (const job of raws) {
    const client = job.values.get("client") as Reference<"Client"> | undefined;
    if (job.table.path !== "Job" || client === undefined || job.places.has("pool")) continue;
    const own = pools.filter((pool) =>
      (pool.values.get("allowedClients") as readonly Reference<"Client">[]).some((one) => one.name === client.name),
    );
    const [pool] = own;
    if (pool === undefined) continue;
    if (own.length > 1)
      problems.add({
        severity: "error",
        at: job.at,
        resource: nameOf(job),
        directive: "Pool",
        message: `it names no Pool, and several are for Client "${client.name}": ${own.map((one) => one.name).join(", ")}`,
      });
    job.values.set("pool", { type: "Pool", name: pool.name, at: client.at } satisfies Reference<"Pool">);
    job.places.set("pool", client.at);
    job.inherited.add("pool");
  }
}
