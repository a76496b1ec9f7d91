import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchBuilder } from "#lib/wire/record.ts";
import { AppendEngine } from "./append-engine.ts";

const label = {
  jobId: 1,
  date: 0,
  pool: "P",
  poolType: "Backup",
  jobName: "Save",
  client: "c",
  job: "Save.1",
  fileset: "All",
  type: "B",
  level: "F",
  filesetMd5: "",
};

/** A batch with one attribute record. */
function attributes(): Uint8Array {
  const builder = new BatchBuilder();
  builder.append(1, 1, Buffer.from("1 3 /etc/motd\0A\0\0"));
  return builder.take();
}

test("a full disk under one job's attribute spool fails that job alone, at its next batch or its end", () => {
  const engine = new AppendEngine({ blockBytesMax: 64 * 1024, blockBytesMin: 0, checksum: true, regionBytesMax: 0 }, () => {});
  for (const [id, spoolPath] of [
    [1, "/dev/full"],
    [2, undefined],
  ] as const)
    engine.begin({ session: { id, time: 1 }, label: { ...label, jobId: id }, wantsAttributes: true, spoolPath });
  for (const id of [1, 2]) engine.append(id, 1, attributes());
  engine.flush(); // nobody waits for it who could be told
  engine.append(2, 2, attributes());
  assert.throws(() => engine.append(1, 2, attributes()), { code: "JOB_SPOOL_FAILED" });
  const close = { date: 0, status: "T", errors: 0 };
  for (const id of [1, 2]) engine.end(id, close);
  assert.throws(() => engine.finish(1, []), { code: "JOB_SPOOL_FAILED" });
  assert.equal(engine.finish(2, []), undefined);
});
