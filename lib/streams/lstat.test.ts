import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeLStat, encodeLStat } from "./lstat.ts";

/** As Bacula 9.6 wrote it for a hard-linked file of 6 bytes. */
const FROM_BACULA = "P4A ISI7 IGk C A A A G BAA I BrAUSg BrAUR1 BrAUR1 H A C";

test("Bacula's own text is read and written the same", () => {
  const stat = decodeLStat(FROM_BACULA);
  assert.deepEqual(
    [stat?.dev, stat?.ino, stat?.mode, stat?.size, stat?.mtime, stat?.linkFileIndex, stat?.dataStream],
    [65024, 2171451, 0o100644, 6, 1795245173, 7, 2],
  );
  assert.equal(encodeLStat(stat!), FROM_BACULA);
});

test("every value comes back, also inodes of 64 bits and times before 1970", () => {
  const big = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
  const small = fc.integer({ min: 0, max: 0x7fffffff });
  const time = fc.integer({ min: -4_000_000_000, max: 9_000_000_000 });
  fc.assert(
    fc.property(big, big, small, fc.maxSafeInteger().map(Math.abs), time, time, (dev, ino, uid, size, mtime, ctime) => {
      const text = encodeLStat({
        dev,
        ino,
        mode: 0o100644,
        nlink: 1,
        uid,
        gid: uid,
        rdev: 0,
        size,
        blockSize: 4096,
        blocks: 8,
        atime: mtime,
        mtime,
        ctime,
        linkFileIndex: 0,
        flags: 0,
        dataStream: 2,
      });
      const back = decodeLStat(text)!;
      assert.deepEqual(
        [BigInt(back.dev), BigInt(back.ino), back.uid, back.size, back.mtime, back.ctime],
        [dev, ino, uid, size, mtime, ctime],
      );
    }),
  );
});

test("what is no LStat is refused: short, foreign characters, sizes that cannot be", () => {
  for (const text of [
    "",
    "A B",
    FROM_BACULA.replace("IGk", "I_k"),
    FROM_BACULA.replace(" G ", " -G "),
    FROM_BACULA.replace(" G ", " P////////// "),
    `${"A ".repeat(2000)}`,
    FROM_BACULA.replace("ISI7", "IIIIIIIIIIIII"),
  ]) {
    assert.equal(decodeLStat(text), undefined, text.slice(0, 60));
  }
});
