import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AppendLedger } from "./append-ledger.ts";

test("a number is acknowledged when it and all before it are done, whichever kind they are", () => {
  const ledger = new AppendLedger();
  assert.equal(ledger.take("records", 10), 1);
  assert.equal(ledger.take("chunks", 20), 2);
  assert.equal(ledger.take("chunks", 30), 3);
  assert.equal(ledger.take("records", 40), 4);
  ledger.chunksDone(3);
  assert.deepEqual([ledger.acknowledged, ledger.underWayBytes], [0, 70]);
  ledger.recordsDone(1);
  assert.deepEqual([ledger.acknowledged, ledger.underWayBytes], [1, 60]);
  ledger.chunksDone(2);
  assert.deepEqual([ledger.acknowledged, ledger.underWayBytes], [3, 40]);
  ledger.recordsDone(4);
  assert.deepEqual([ledger.acknowledged, ledger.taken, ledger.underWayBytes], [4, 4, 0]);
});

test("in whatever order things are done, nothing is acknowledged early and in the end everything is", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), fc.infiniteStream(fc.nat()), (kinds, picks) => {
      const ledger = new AppendLedger();
      const open = new Set(kinds.map((isChunks) => ledger.take(isChunks ? "chunks" : "records", 1)));
      while (open.size > 0) {
        const list = [...open];
        const number = list[picks.next().value! % list.length]!;
        if (kinds[number - 1] === true) {
          ledger.chunksDone(number);
          open.delete(number);
        } else {
          ledger.recordsDone(number);
          for (const other of list) if (other <= number && kinds[other - 1] === false) open.delete(other);
        }
        assert.equal(ledger.acknowledged, open.size === 0 ? kinds.length : Math.min(...open) - 1);
        assert.equal(ledger.underWayBytes, open.size);
      }
    }),
  );
});
