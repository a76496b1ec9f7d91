import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { scenario } from "#regress/scenario.ts";
import { DEBIAN_BACULA, DEBIAN_BACULA_FILES, JUDGING_DEBIAN } from "#regress/programs.ts";
import { World } from "#regress/world.ts";

/** A job of the catalog that both Directors get. */
interface Row {
  readonly days: number;
  readonly type: string;
  readonly level: string;
  readonly status: string;
  readonly volume?: string;
}

const row = (days: number, level: string, more: Partial<Row> = {}): Row => ({ days, type: "B", level, status: "T", ...more });

/** Chains that are over, jobs of other types, failed ones; then the chain that is in use. What Nocturne alone protects does not occur. */
const JOBS: readonly Row[] = [
  row(400, "F", { volume: "V1" }),
  row(395, "I", { volume: "V1" }),
  row(390, "D", { volume: "V1" }),
  row(385, " ", { type: "R" }),
  row(380, " ", { type: "D" }),
  row(375, "F", { status: "f", volume: "V1" }),
  row(370, "F", { volume: "V2" }),
  row(365, "I", { status: "A", volume: "V2" }),
  row(360, "I", { volume: "V2" }),
  row(300, "F", { volume: "V3" }),
  row(290, "I", { volume: "V3" }),
  row(200, "D", { volume: "V4" }),
  row(190, "I", { volume: "V4" }),
  row(10, "I", { volume: "V5" }),
  row(5, " ", { type: "R" }),
];

const VOLUMES = [
  { name: "V1", status: "Full", retention: 100, enabled: 1 },
  { name: "V2", status: "Used", retention: 365, enabled: 1 },
  { name: "V3", status: "Append", retention: 10, enabled: 1 },
  { name: "V4", status: "Full", retention: 100, enabled: 2 },
  { name: "V5", status: "Full", retention: 100, enabled: 1 },
  { name: "V6", status: "Full", retention: 100, enabled: 1 },
] as const;

/** Local time of a moment as the catalog has it. */
function time(ms: number): string {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Writes the same state into the catalog of a site: its Client and Pool are there already. */
function fill(file: string, nowMs: number): void {
  using database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  const idOf = (table: string, name: string) =>
    Number(Object.values(database.prepare(`SELECT ${table}Id FROM ${table} WHERE Name = ?`).get(name)!)[0]);
  const [client, pool] = [idOf("Client", "client-fd"), idOf("Pool", "Files")];
  database.prepare("INSERT INTO FileSet (FileSet, MD5, CreateTime) VALUES ('Tree', 'x', '2020-01-01 00:00:00')").run();
  const media = new Map<string, number | bigint>();
  for (const { name, status, retention, enabled } of VOLUMES) {
    const last = Math.min(...JOBS.filter((job) => job.volume === name).map((job) => job.days), 500);
    const written = time(nowMs - last * 86_400_000);
    const made = database
      .prepare(
        "INSERT INTO Media (VolumeName, PoolId, MediaType, VolStatus, Recycle, VolRetention, FirstWritten, LastWritten, Enabled, VolBytes, VolJobs) VALUES (?, ?, 'File', ?, 1, ?, ?, ?, ?, 5000, 1)",
      )
      .run(name, pool, status, retention * 86_400, written, written, enabled);
    media.set(name, made.lastInsertRowid);
  }
  for (const [at, job] of JOBS.entries()) {
    const ended = nowMs - job.days * 86_400_000;
    const { lastInsertRowid } = database
      .prepare(
        "INSERT INTO Job (Job, Name, Type, Level, ClientId, JobStatus, SchedTime, StartTime, EndTime, RealEndTime, JobTDate, JobFiles, JobBytes, PoolId, FileSetId, PurgedFiles) VALUES (?, 'Save', ?, ?, ?, ?, ?, ?, ?, ?, ?, 5, 1000, ?, 1, 0)",
      )
      .run(
        `Save.${at}`,
        job.type,
        job.level,
        client,
        job.status,
        time(ended),
        time(ended),
        time(ended),
        time(ended),
        Math.floor(ended / 1000),
        pool,
      );
    if (job.volume !== undefined)
      database
        .prepare(
          "INSERT INTO JobMedia (JobId, MediaId, FirstIndex, LastIndex, StartFile, EndFile, StartBlock, EndBlock, VolIndex) VALUES (?, ?, 1, 5, 0, 0, 1, 100, 1)",
        )
        .run(lastInsertRowid, media.get(job.volume)!);
  }
}

/** What a site's catalog holds after it. */
function state(file: string): { readonly jobs: unknown; readonly volumes: unknown; readonly purgedFiles: unknown } {
  using database = new DatabaseSync(file, { readOnly: true });
  const column = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((one) => Object.values(one).join(" "));
  return {
    jobs: column("SELECT JobId FROM Job ORDER BY JobId"),
    volumes: column("SELECT VolumeName, VolStatus FROM Media ORDER BY VolumeName"),
    purgedFiles: column("SELECT JobId FROM Job WHERE PurgedFiles = 1 ORDER BY JobId"),
  };
}

/** Lines that tell what was pruned. */
function told(output: string): string[] {
  return output
    .split("\n")
    .filter((line) => /^(No (Jobs|Files)|Pruned|Found|There are no more|Cannot prune|Volume ")/.test(line));
}

scenario(
  "prune does to a catalog what Debian's Director does to the same, with the same words, where the rules agree",
  { programs: DEBIAN_BACULA_FILES, lacks: JUDGING_DEBIAN ? "both are compared" : undefined },
  async (ours) => {
    await using theirs = await World.create({}, DEBIAN_BACULA);
    const nowMs = Date.now();
    for (const world of [ours, theirs]) {
      await world.start("dir");
      await world.stop("dir");
      fill(world.path("work/dir/bacula.db"), nowMs);
      await world.start("dir");
    }
    const commands = [
      "prune files client=client-fd yes",
      "prune volume=V1 yes",
      "prune volume=V6 yes",
      "prune volume=V3 yes",
      "prune volume=V4 yes",
      "prune jobs client=client-fd yes",
      "prune jobs client=client-fd yes",
      "prune stats yes",
    ];
    for (const command of commands) {
      const [our, their] = [await ours.console(command), await theirs.console(command)];
      const [ourState, theirState] = [state(ours.path("work/dir/bacula.db")), state(theirs.path("work/dir/bacula.db"))];
      assert.deepEqual(ourState, theirState, `${command}\nours:\n${our}\nDebian's:\n${their}`);
      const plain = (lines: readonly string[]) =>
        lines.filter((line) => !line.startsWith("Volume ") && !line.startsWith("Cannot"));
      assert.deepEqual(plain(told(our)), plain(told(their)), `${command}\nours:\n${our}\nDebian's:\n${their}`);
    }
  },
);
