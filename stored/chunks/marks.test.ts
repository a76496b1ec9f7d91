import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { ChunkIndex } from "./chunk-index.ts";
import { RunningMarks } from "./marks.ts";

const job = (id: number) => ({ time: 1, id });
const identity = (number: number): Uint8Array => createHash("sha256").update(String(number)).digest();

test("what a job was told is spared by each collection that begins while it runs, and by none after", () => {
  const index = new ChunkIndex();
  const marks = new RunningMarks();
  index.set(identity(1), 0, { container: 1, offset: 256, bytes: 100 });
  marks.begin(job(1));
  marks.touch(index);
  for (let collections = 0; collections < 300; collections++) {
    marks.beginCollection();
    assert.ok(marks.isSpared(index.stamp));
  }
  marks.end(job(1));
  assert.ok(marks.isSpared(index.stamp), "the collection that runs spares it until its end");
  marks.beginCollection();
  assert.ok(!marks.isSpared(index.stamp));
});

test("a chunk that no running job was told of is not spared, however many jobs run", () => {
  const index = new ChunkIndex();
  const marks = new RunningMarks();
  index.set(identity(1), 0, { container: 1, offset: 256, bytes: 100 });
  marks.begin(job(1));
  marks.touch(index);
  marks.end(job(1));
  marks.beginCollection();
  marks.begin(job(2));
  marks.beginCollection();
  assert.ok(!marks.isSpared(index.stamp));
});

test("no chunk that a running job was told of is ever not spared", () => {
  const step = fc.record({
    kind: fc.constantFrom("begin", "touch", "end", "collect", "collect"),
    job: fc.nat(3),
    chunk: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 800, size: "max" }), (steps) => {
      const index = new ChunkIndex();
      const marks = new RunningMarks();
      for (let chunk = 0; chunk < 10; chunk++) index.set(identity(chunk), 0, { container: 1, offset: chunk, bytes: 1 });
      const told = new Map<number, Set<number>>();
      for (const { kind, job: number, chunk } of steps) {
        if (kind === "begin" && !told.has(number)) {
          marks.begin(job(number));
          told.set(number, new Set());
        } else if (kind === "touch" && told.has(number)) {
          index.find(identity(chunk));
          marks.touch(index);
          told.get(number)?.add(chunk);
        } else if (kind === "end") {
          marks.end(job(number));
          told.delete(number);
        } else if (kind === "collect") {
          marks.beginCollection();
          for (const chunks of told.values())
            for (const relied of chunks) {
              index.find(identity(relied));
              assert.ok(marks.isSpared(index.stamp));
            }
        }
      }
    }),
    { numRuns: 200 },
  );
});
