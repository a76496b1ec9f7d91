import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SiteOptions } from "#regress/site.ts";
import type { World } from "#regress/world.ts";

/*
 * A site that nobody looks after: one client whose tree changes each day, one that never answers, an Admin job. What lies in the working directories and
 * in the catalog stops growing once the retention is over.
 */

const RETENTION = "10 days";
/** Days until everything has been kept for its time, twice. */
const SETTLED = 30;

/** Tables with a row for each day or each directory name there ever was, with a bound of their own or none yet. */
const GROWS: ReadonlySet<string> = new Set(["NocturneSpace", "Path", "PathHierarchy", "sqlite_sequence"]);

/** The configuration of the site. */
export const UPKEEP_SITE = (dir: string): SiteOptions => ({
  director: "FD Connect Timeout = 1",
  job: `Write Bootstrap = "${dir}/work/dir/%n.bsr"\nMax Full Interval = 5 days\nAccurate = yes`,
  client: `AutoPrune = yes\nJob Retention = ${RETENTION}\nFile Retention = ${RETENTION}`,
  pool: `Volume Retention = ${RETENTION}\nAutoPrune = yes\nRecycle = yes\nMaximum Volume Jobs = 1\nMaximum Volumes = 40`,
  resources: `Client { Name = other-fd\nAddress = 127.0.0.1\nFD Port = 9\nCatalog = MyCatalog\nPassword = "x"\nJob Retention = ${RETENTION} }
Job { Name = Other\nType = Backup\nLevel = Full\nClient = other-fd\nFileSet = Tree\nStorage = Disks\nPool = Files\nMessages = Standard }`,
});

/** What there is on one day. */
interface Measure {
  readonly rows: ReadonlyMap<string, number>;
  /** Files of the working directories but the catalog's, and their bytes. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/** Lives through the days; throws if something has grown after the first thirty. Answers what there was in the end. */
export async function liveUnattended(world: World, days: number, say: (line: string) => void): Promise<Record<string, number>> {
  const clock = world.useClock("2027-01-01 20:00:00");
  await world.start();
  let settled: Measure | undefined;
  for (let day = 1; day <= days; day++) {
    changeTree(world, day);
    await world.console("run job=Save level=Incremental yes", "run job=Other yes", "wait");
    if (day % 10 === 0) say(`day ${day}: ${JSON.stringify(Object.fromEntries(measure(world).rows))}`);
    if (day === SETTLED) settled = measure(world);
    clock.advance({ days: 1 });
  }
  const last = measure(world);
  assert.ok(settled !== undefined, `at least ${SETTLED} days are needed`);
  for (const [table, rows] of last.rows)
    if (!GROWS.has(table))
      assert.ok(rows <= (settled.rows.get(table) ?? 0) * 1.3 + 5, `${table} has grown: ${settled.rows.get(table)} to ${rows}`);
  assert.deepEqual(last.files, settled.files, "files of the working directories");
  assert.ok(
    last.bytes <= settled.bytes * 1.3 + 10_000,
    `working directories have grown: ${settled.bytes} to ${last.bytes} bytes`,
  );
  return Object.fromEntries(last.rows);
}

function changeTree(world: World, day: number): void {
  rmSync(world.path("tree", `day-${day - 3}`), { recursive: true, force: true });
  mkdirSync(world.path("tree", `day-${day}`));
  for (let file = 0; file < 20; file++) writeFileSync(world.path("tree", `day-${day}`, `f${file}`), "x".repeat(100));
}

function measure(world: World): Measure {
  const rows = new Map<string, number>();
  using database = new DatabaseSync(world.path("work/dir/bacula.db"), { readOnly: true });
  for (const { name } of database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
    const found = Number(database.prepare(`SELECT COUNT(*) AS found FROM "${String(name)}"`).get()?.["found"]);
    if (found > 0) rows.set(String(name), found);
  }
  const files = readdirSync(world.path("work"), { recursive: true, encoding: "utf8" })
    .filter((name) => !name.includes("bacula.db") && statSync(join(world.path("work"), name)).isFile())
    .toSorted();
  const bytes = files.reduce((sum, name) => sum + statSync(join(world.path("work"), name)).size, 0);
  return { rows, files, bytes };
}
