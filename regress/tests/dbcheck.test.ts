import assert from "node:assert/strict";
import { join } from "node:path";
import { CATALOGS, scenarioOn } from "#regress/catalogs.ts";
import { FOREIGN_SQL, foreignSql } from "#regress/foreign-sql.ts";
import { mustRun, runCommand } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** A fault, what it is planted by, and what of it remains after the repair. */
interface Fault {
  readonly what: string;
  readonly plant: readonly string[];
  /** Rows that a mended catalog answers. */
  readonly after: readonly [query: string, rows: readonly string[]];
}

const JOB = `INSERT INTO Job (JobId, Job, Name, Type, Level, JobStatus, ClientId, StartTime) VALUES`;
const FILE = `INSERT INTO File (FileIndex, JobId, PathId, Filename, LStat, MD5) VALUES`;
const FOUND = (table: string, where: string): string => `SELECT COUNT(*) FROM ${table} WHERE ${where}`;

const FAULTS: readonly Fault[] = [
  {
    what: "missing directory tree",
    plant: ["DELETE FROM PathVisibility WHERE JobId = 1", "DELETE FROM PathHierarchy"],
    after: ["SELECT COUNT(*) > 3 FROM PathVisibility v JOIN PathHierarchy h ON h.PathId = v.PathId WHERE v.JobId = 1", ["1"]],
  },
  {
    what: "bad Filename",
    plant: [`${FILE} (900, 1, 1, 'planted/name', 'A', '0')`],
    after: [
      "SELECT File.Filename FROM File JOIN Path ON Path.PathId = File.PathId WHERE FileIndex = 900 AND Path.Path LIKE '%planted/'",
      ["name"],
    ],
  },
  {
    what: "bad Path",
    plant: ["INSERT INTO Path (PathId, Path) VALUES (90001, '/planted/bad')", `${FILE} (901, 1, 90001, 'x', 'A', '0')`],
    after: ["SELECT Path FROM Path WHERE Path LIKE '/planted/bad%'", ["/planted/bad/"]],
  },
  {
    what: "duplicate Filename",
    plant: [`${FILE} (902, 1, 1, 'twice', 'A', '0')`, `${FILE} (902, 1, 1, 'twice', 'A', '0')`],
    after: [FOUND("File", "FileIndex = 902"), ["1"]],
  },
  {
    what: "orphaned JobMedia",
    plant: ["INSERT INTO JobMedia (JobId, MediaId) VALUES (9001, 1)", "INSERT INTO JobMedia (JobId, MediaId) VALUES (1, 9002)"],
    after: [FOUND("JobMedia", "JobId = 9001 OR MediaId = 9002"), ["0"]],
  },
  {
    what: "orphaned File",
    plant: [`${FILE} (1, 9003, 1, 'lost', 'A', '0')`],
    after: [FOUND("File", "JobId = 9003"), ["0"]],
  },
  {
    what: "orphaned Path",
    plant: ["INSERT INTO Path (PathId, Path) VALUES (95000, '/nobody/needs/this/')"],
    after: [FOUND("Path", "PathId = 95000"), ["0"]],
  },
  {
    what: "orphaned Filename",
    plant: [`${FILE} (903, 1, 99003, 'nowhere', 'A', '0')`],
    after: [FOUND("File", "PathId = 99003"), ["0"]],
  },
  {
    what: "orphaned FileSet",
    plant: ["INSERT INTO FileSet (FileSetId, FileSet, MD5) VALUES (901, 'Old', 'x')"],
    after: [FOUND("FileSet", "FileSetId = 901"), ["0"]],
  },
  {
    what: "orphaned Client",
    plant: ["INSERT INTO Client (ClientId, Name, Uname) VALUES (901, 'gone-fd', '')"],
    after: [FOUND("Client", "ClientId = 901"), ["0"]],
  },
  {
    what: "orphaned Job",
    plant: [
      `${JOB} (9010, 'p', 'p', 'B', 'F', 'T', 902, '2026-01-01 00:00:00')`,
      `${FILE} (1, 9010, 1, 'its', 'A', '0')`,
      "INSERT INTO Log (JobId, LogText) VALUES (9010, 'its')",
    ],
    after: ["SELECT (SELECT COUNT(*) FROM Job WHERE JobId = 9010) + (SELECT COUNT(*) FROM File WHERE JobId = 9010)", ["0"]],
  },
  {
    what: "Admin Job",
    plant: [`${JOB} (9011, 'a', 'a', 'D', ' ', 'T', 1, '2026-01-01 00:00:00')`],
    after: [FOUND("Job", "JobId = 9011"), ["0"]],
  },
  {
    what: "Restore Job",
    plant: [`${JOB} (9012, 'r', 'r', 'R', ' ', 'T', 1, '2026-01-01 00:00:00')`],
    after: [FOUND("Job", "JobId = 9012"), ["0"]],
  },
  {
    what: "orphaned Log",
    plant: ["INSERT INTO Log (JobId, LogText) VALUES (9004, 'of nobody')"],
    after: [FOUND("Log", "JobId = 9004"), ["0"]],
  },
  {
    what: "orphaned directory tree",
    plant: [
      "INSERT INTO PathVisibility (JobId, PathId) VALUES (9005, 1)",
      "INSERT INTO PathHierarchy (PathId, PPathId) VALUES (99005, 99006)",
    ],
    after: [
      "SELECT (SELECT COUNT(*) FROM PathVisibility WHERE JobId = 9005) + (SELECT COUNT(*) FROM PathHierarchy WHERE PathId = 99005)",
      ["0"],
    ],
  },
  {
    what: "orphaned BaseFiles, Object, FileMedia and Tag",
    plant: [
      "INSERT INTO BaseFiles (BaseJobId, JobId, FileId) VALUES (1, 9006, 1)",
      "INSERT INTO TagClient (ClientId, Tag) VALUES (906, 'blue')",
      "INSERT INTO FileMedia (JobId, FileIndex, MediaId) VALUES (1, 1, 9007)",
    ],
    after: [
      "SELECT (SELECT COUNT(*) FROM BaseFiles) + (SELECT COUNT(*) FROM TagClient) + (SELECT COUNT(*) FROM FileMedia)",
      ["0"],
    ],
  },
  {
    what: "orphaned Nocturne",
    plant: [
      "INSERT INTO NocturneJobEvent (JobId, Daemon, LastFilename) VALUES (9008, 'sd', '')",
      "INSERT INTO NocturneMedia (MediaId) VALUES (9009)",
      "INSERT INTO NocturneForgottenSession (StorageId, VolumeName) VALUES (911, 'V')",
    ],
    after: [
      "SELECT (SELECT COUNT(*) FROM NocturneJobEvent) + (SELECT COUNT(*) FROM NocturneMedia WHERE MediaId = 9009) + (SELECT COUNT(*) FROM NocturneForgottenSession)",
      ["0"],
    ],
  },
  {
    what: "wrong Pool count",
    plant: ["UPDATE Pool SET NumVols = 77"],
    after: [FOUND("Pool", "NumVols = 77"), ["0"]],
  },
];

async function dbcheck(world: World, ...flags: readonly string[]): Promise<string> {
  return (await mustRun(join(BIN, "dbcheck"), ["-c", world.path("bacula-dir.conf"), ...flags])).output;
}

/** How many rows each check found. */
function found(output: string): Map<string, number> {
  return new Map([...output.matchAll(/^Found (\d+) (.*) records\.$/gm)].map(([, rows, what = ""]) => [what, Number(rows)]));
}

for (const kind of CATALOGS) {
  scenarioOn(
    kind,
    "dbcheck finds every planted fault, mends it, and then finds none",
    { programs: FOREIGN_SQL },
    async (world) => {
      plainTree(world.path("tree"));
      await world.start();
      await world.backup("Full");
      await world.stop();
      assert.deepEqual(
        [...found(await dbcheck(world, "-b")).values()].filter((rows) => rows !== 0),
        [],
        "a catalog that only our programs wrote has no faults",
      );
      const files = await foreignSql(world, FOUND("File", "JobId = 1"));
      for (const fault of FAULTS) for (const statement of fault.plant) await foreignSql(world, statement);
      const before = found(await dbcheck(world, "-b"));
      for (const { what } of FAULTS) assert.ok((before.get(what) ?? 0) > 0, `${what} is not found: ${[...before].join(" ")}`);
      await dbcheck(world, "-b", "-f");
      const left = [...found(await dbcheck(world, "-b"))].filter(([, rows]) => rows > 0);
      assert.deepEqual(left, [], "a second run finds nothing to mend");
      for (const { what, after } of FAULTS) assert.deepEqual(await foreignSql(world, after[0]), after[1], what);
      const planted = FOUND("File", "JobId = 1 AND FileIndex BETWEEN 900 AND 910");
      const now = Number(await foreignSql(world, FOUND("File", "JobId = 1"))) - Number(await foreignSql(world, planted));
      assert.equal(now, Number(files), "no file of the real job was lost");
      await world.start();
      await world.restore();
    },
  );

  scenarioOn(
    kind,
    "dbcheck makes a missing index again, and first joins what became double without it",
    { programs: FOREIGN_SQL },
    async (world) => {
      await world.start();
      plainTree(world.path("tree"));
      await world.backup("Full");
      await world.stop();
      const index = kind === "sqlite" ? "path_name_idx" : "path_hash_idx";
      await foreignSql(world, kind === "sqlite" ? `DROP INDEX ${index}` : `ALTER TABLE Path DROP INDEX ${index}`);
      const [name = ""] = await foreignSql(world, "SELECT Path FROM Path JOIN File ON File.PathId = Path.PathId LIMIT 1");
      await foreignSql(world, `INSERT INTO Path (PathId, Path) VALUES (96000, '${name}')`);
      await foreignSql(world, `${FILE} (905, 1, 96000, 'in the double', 'A', '0')`);
      const before = found(await dbcheck(world, "-b"));
      assert.equal(before.get("duplicate Path"), 1);
      assert.equal(before.get("missing index"), 1);
      await dbcheck(world, "-b", "-f");
      assert.deepEqual(
        [...found(await dbcheck(world, "-b"))].filter(([, rows]) => rows > 0),
        [],
      );
      const query = `SELECT COUNT(*) FROM File JOIN Path ON Path.PathId = File.PathId WHERE FileIndex = 905 AND Path.Path = '${name}'`;
      assert.deepEqual(await foreignSql(world, query), ["1"]);
    },
  );
}

scenarioOn("sqlite", "dbcheck shows Bacula's menu and does what is chosen there", { programs: FOREIGN_SQL }, async (world) => {
  await world.programs.createCatalog(world.dir);
  await foreignSql(world, "INSERT INTO Path (Path) VALUES ('/planted')");
  const input = "1\n2\n4\nyes\n18\n";
  const { output } = await runCommand(join(BIN, "dbcheck"), ["-c", world.path("bacula-dir.conf")], { input });
  assert.match(
    output,
    /Modify database is off\. Verbose is off\.[\s\S]* {4}13\) Check for orphaned Job records\n {4}14\) Check for all Admin records/,
  );
  assert.match(output, /Database will be modified\.[\s\S]* {5}4\) Repair bad Path records/);
  assert.match(output, /Found 1 bad Path records\.\nPrint them\? \(yes\/no\): \/planted\nRepairing 1 bad Path records/);
  assert.deepEqual(await foreignSql(world, "SELECT Path FROM Path WHERE Path LIKE '/planted%'"), ["/planted/"]);
  const facts = await dbcheck(world, "-B");
  assert.match(facts, /^catalog=MyCatalog\ndb_name=bacula\n[\s\S]*\ndb_type=SQLite3\nworking_dir=.*work\/dir$/m);
  const byOperands = await mustRun(join(BIN, "dbcheck"), ["-b", world.path("work/dir"), "bacula", "", ""]);
  assert.equal(found(byOperands.output).get("bad Path"), 0);
});

scenarioOn("sqlite", "dbcheck takes no paths away from a Director that runs", { programs: FOREIGN_SQL }, async (world) => {
  await world.start("dir");
  await foreignSql(world, "INSERT INTO Path (Path) VALUES ('/planted/')");
  const ended = await runCommand(join(BIN, "dbcheck"), ["-bf", "-c", world.path("bacula-dir.conf")]);
  assert.notEqual(ended.status, 0);
  assert.match(ended.output, /The Director runs and remembers paths/);
  assert.deepEqual(await foreignSql(world, "SELECT COUNT(*) FROM Path WHERE Path = '/planted/'"), ["1"]);
});
