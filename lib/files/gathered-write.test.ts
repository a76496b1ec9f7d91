import assert from "node:assert/strict";
import fs, { closeSync, openSync, readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { mock, test } from "node:test";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { GatheredWrite } from "./gathered-write.ts";

const KIB = 1024;

/** A piece: how far behind the one before it, its length, and whether it is expanded into the place that is given. */
const pieces = fc.array(
  fc.record({
    gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 9000 })),
    bytes: fc.oneof(fc.integer({ min: 1, max: 50_000 }), fc.constant(900 * KIB)),
    isInPlace: fc.boolean(),
  }),
  { maxLength: 120 },
);

test("pieces land at their addresses, whether they touch or not, wherever they lie", async () => {
  await using dir = await TempDir.make();
  const gathered = new GatheredWrite();
  let run = 0;
  fc.assert(
    fc.property(pieces, (list) => {
      const path = dir.file(`f${(run += 1)}`);
      const fd = openSync(path, "w");
      let address = 0;
      let written = 0;
      const expected: Buffer[] = [];
      for (const [at, { gap, bytes, isInPlace }] of list.entries()) {
        address += gap;
        expected.push(Buffer.alloc(gap), Buffer.alloc(bytes, at + 1));
        if (!gathered.takes(fd, address, bytes)) written += gathered.flush();
        const place = gathered.place(bytes);
        place.fill(at + 1);
        gathered.add(fd, address, isInPlace ? place : Buffer.from(place));
        address += bytes;
        if (gathered.isFull) written += gathered.flush();
      }
      written += gathered.flush();
      closeSync(fd);
      assert.equal(
        written,
        list.reduce((sum, { bytes }) => sum + bytes, 0),
      );
      assert.ok(readFileSync(path).equals(Buffer.concat(expected)));
    }),
    { numRuns: 60 },
  );
});

test("what a full disk does not take is said once, and then forgotten", () => {
  const gathered = new GatheredWrite();
  const fd = openSync("/dev/full", "w");
  try {
    for (const places of [1, 2]) {
      for (let at = 0; at < places; at++) gathered.add(fd, at * 10, Buffer.alloc(10));
      assert.throws(() => gathered.flush(), { code: "ENOSPC" });
      assert.equal(gathered.flush(), 0);
    }
  } finally {
    closeSync(fd);
  }
});

test("what one write does not take is written by further ones, wherever it stopped", async () => {
  await using dir = await TempDir.make();
  const list = [700, 1, 300, 999].map((bytes, at) => Buffer.alloc(bytes, at + 1));
  const whole = Buffer.concat(list);
  const gathered = new GatheredWrite();
  for (const taken of [0, 1, 699, 700, 701, 702, 1000, 1001, 1999, 2000]) {
    const path = dir.file(`f${taken}`);
    const fd = openSync(path, "w");
    const short = mock.method(fs, "writevSync", (to: number, _pieces: unknown, address: number) =>
      fs.writeSync(to, whole, 0, taken, address),
    );
    syncBuiltinESMExports();
    try {
      let address = 0;
      for (const piece of list) {
        gathered.add(fd, address, piece);
        address += piece.byteLength;
      }
      assert.equal(gathered.flush(), whole.byteLength);
      assert.equal(short.mock.callCount(), 1);
    } finally {
      short.mock.restore();
      syncBuiltinESMExports();
      closeSync(fd);
    }
    assert.ok(readFileSync(path).equals(whole), `${taken} bytes were taken`);
  }
});

test("a piece joins only those that it follows in the same file", () => {
  const gathered = new GatheredWrite();
  gathered.place(100);
  gathered.add(5, 1000, Buffer.alloc(24));
  assert.deepEqual(
    [gathered.takes(5, 1024, 10), gathered.takes(6, 1024, 10), gathered.takes(5, 1025, 10), gathered.takes(5, 1023, 10)],
    [true, false, false, false],
  );
});
