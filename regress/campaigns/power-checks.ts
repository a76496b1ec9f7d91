import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { mustRun, runCommand } from "#regress/process.ts";
import type { World } from "#regress/world.ts";

/** Debian's bls and the shell of SQLite, who judge. */
export const JUDGES = ["/usr/bin/sqlite3", "/usr/sbin/bls"] as const;

/** Where a site whose disk can lose power has its things. */
export interface PowerSite {
  readonly world: World;
  readonly catalog: string;
  readonly volumes: string;
  /** Working directories of the file daemon and of the storage daemon. */
  readonly works: readonly string[];
}

/** Rows of a query, columns separated by "|"; the shell of SQLite asks beside the Director. */
export async function rows(site: PowerSite, sql: string): Promise<string[]> {
  const { stdout } = await mustRun("sqlite3", ["-readonly", "-cmd", ".timeout 10000", site.catalog, sql]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Fails unless the catalog is whole, and each job that is OK in it has each of its files once. */
export async function assertCatalogWhole(site: PowerSite): Promise<void> {
  assert.deepEqual(await rows(site, "PRAGMA integrity_check"), ["ok"]);
  assert.deepEqual(await rows(site, "PRAGMA foreign_key_check"), []);
  const files = "SELECT count(*) FROM File WHERE File.JobId = Job.JobId";
  const wrong = await rows(
    site,
    `SELECT JobId, JobFiles, (${files}), (${files.replace("count(*)", "count(DISTINCT FileIndex)")}) FROM Job WHERE JobStatus = 'T' AND Type = 'B'
     AND PurgedFiles = 0 AND (JobFiles != (${files}) OR JobFiles != (${files.replace("count(*)", "count(DISTINCT FileIndex)")}))`,
  );
  assert.deepEqual(wrong, [], "jobs whose files are not there exactly once: JobId | JobFiles | rows | different ones");
  const twice = await rows(
    site,
    "SELECT JobId, FirstIndex, LastIndex FROM JobMedia GROUP BY JobId, MediaId, FirstIndex, LastIndex, StartFile, StartBlock HAVING count(*) > 1",
  );
  assert.deepEqual(twice, [], "the same part of a job is noted twice");
}

/** Fails unless each Volume that the catalog says is usable is there, and none was given up. */
export async function assertVolumesThere(site: PowerSite): Promise<void> {
  const wanted = await rows(site, "SELECT VolumeName FROM Media WHERE VolStatus IN ('Append','Full','Used') AND VolBytes > 0");
  const missing = wanted.filter((name) => !existsSync(`${site.volumes}/${name}`));
  assert.deepEqual(missing, [], "Volumes of the catalog that are not on the disk");
  assert.deepEqual(
    await rows(site, "SELECT VolumeName FROM Media WHERE VolStatus = 'Error'"),
    [],
    "Volumes that were given up",
  );
}

/** Fails unless Debian's bls reads every Volume to its end. */
export async function assertReadByDebian(site: PowerSite): Promise<void> {
  const config = site.world.path("bacula-sd.conf");
  const volumes = await rows(site, "SELECT VolumeName FROM Media WHERE VolBytes > 0");
  for (const volume of volumes.filter((name) => existsSync(`${site.volumes}/${name}`))) {
    const { output, status } = await runCommand("/usr/sbin/bls", ["-c", config, "-V", volume, "Disk"]);
    assert.ok(status === 0 && !/error|checksum/i.test(output), `bls does not read ${volume}:\n${output.slice(-2000)}`);
  }
}

/** Names of jobs, of files of their logs in the working directories. */
function keptLogs(site: PowerSite): string[] {
  return site.works.flatMap((work) =>
    readdirSync(work)
      .filter((name) => name.endsWith(".jobs"))
      .flatMap((name) => readdirSync(`${work}/${name}`))
      .map((name) => name.replace(/-[0-9a-f]{12}$/, "")),
  );
}

/**
 * Fails unless the Director has taken over all job logs of the daemons. That of a job that the Director had finished before may be back: nobody
 * asks for it, and it goes after its 30 days.
 */
export async function assertLogsTaken(site: PowerSite, finished: ReadonlySet<string>): Promise<void> {
  const left = (): string[] => keptLogs(site).filter((job) => !finished.has(job));
  await site.world
    .until("the Director has all job logs", () => left().length === 0)
    .catch((error: unknown) => {
      throw new Error(`job logs are left: ${left().join(", ")}`, { cause: error });
    });
}
