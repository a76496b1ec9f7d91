import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Catalog } from "../catalog.ts";
import { readAll } from "../conformance/database-under-test.ts";
import { createCatalog } from "../migrations/migrate.ts";
import { findLastEvent } from "./event-application.ts";

const FILES_PER_EVENT = 200;

/** A program that inserts events for ever and says each one that was acknowledged. */
const program = `
  const { Catalog } = await import(${JSON.stringify(new URL("../catalog.ts", import.meta.url).href)});
  const { createJob } = await import(${JSON.stringify(new URL("../queries/jobs.ts", import.meta.url).href)});
  const { attributeBatch } = await import(${JSON.stringify(new URL("../conformance/batches.ts", import.meta.url).href)});
  const catalog = await Catalog.open({ driver: "sqlite", file: process.argv[1] });
  const jobId = await createJob(catalog, { Job: "J", Name: "J", Type: "B", Level: "F", JobStatus: "R" });
  for (let event = 1; ; event++) {
    const files = Array.from({ length: ${FILES_PER_EVENT} }, (_, at) => ({ fileIndex: event * 1000 + at, name: "/crash/" + event + "/d" + (at % 9) + "/f" + at }));
    await catalog.applyEvents({ jobId, daemon: "sd", events: [{ event, kind: "attributes", batch: attributeBatch(files) }] });
    process.stdout.write(jobId + " " + event + "\\n");
  }
`;

test("kill -9 in the middle of inserts loses nothing acknowledged and leaves no half event", async () => {
  await using directory = await TempDir.make();
  const file = directory.file("catalog", "nocturne.db");
  await createCatalog({ driver: "sqlite", file });
  for (const acknowledgements of [1, 7, 30]) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let jobId = 0;
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      [jobId, acknowledged] = line.split(" ").map(Number) as [number, number];
      if (acknowledged >= acknowledgements) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await using catalog = await Catalog.open({ driver: "sqlite", file });
    const last = await findLastEvent(catalog, jobId, "sd");
    assert.ok(last >= acknowledged, `${last} applied, ${acknowledged} acknowledged`);
    const result = await catalog.sqlQuery(`SELECT COUNT(*) FROM File WHERE JobId = ${jobId}`);
    assert.ok(result.kind === "rows");
    assert.deepEqual(await readAll(result), [[last * FILES_PER_EVENT]]);
  }
});

test("the catalog is open to its owner only", async () => {
  await using directory = await TempDir.make();
  const file = directory.file("deep", "er", "nocturne.db");
  await createCatalog({ driver: "sqlite", file });
  await using catalog = await Catalog.open({ driver: "sqlite", file });
  assert.equal(catalog.description, `SQLite catalog ${file}`);
  for (const [path, mode] of [
    [file, 0o600],
    [`${file}-wal`, 0o600],
    [directory.file("deep"), 0o700],
    [directory.file("deep", "er"), 0o700],
  ] as const) {
    assert.equal((await stat(path)).mode & 0o777, mode, path);
  }
});

test("a file that is no database is told to be damaged, one that is missing or empty to be missing", async () => {
  await using directory = await TempDir.make();
  await writeFile(directory.file("text"), "this is not a database, and long enough to be taken for one ".repeat(100));
  await writeFile(directory.file("empty"), "");
  await assert.rejects(Catalog.open({ driver: "sqlite", file: directory.file("text") }), { code: "CATALOG_DAMAGED" });
  await assert.rejects(Catalog.open({ driver: "sqlite", file: directory.file("empty") }), { code: "CATALOG_MISSING" });
  await assert.rejects(Catalog.open({ driver: "sqlite", file: directory.file("none") }), { code: "CATALOG_MISSING" });
});
