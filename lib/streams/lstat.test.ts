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

/** The number as Bacula writes it: base 64 without padding, maybe with a minus; undefined: it is none, or has more than 64 bits. */
function plainNumber(word: string): bigint | undefined {
  if (!/^-?[A-Za-z0-9+/]{1,11}$/.test(word)) return undefined;
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const value = word
    .replace("-", "")
    .split("")
    .reduce((sum, digit) => sum * 64n + BigInt(digits.indexOf(digit)), 0n);
  if (value >= 2n ** 64n) return undefined;
  return word.startsWith("-") ? -value : value;
}

test("numbers of any length, negative ones and foreign text are read as a plain reader does", () => {
  const digit = fc.constantFrom(..."ABCDZabyz0189+/".split(""));
  const digits = fc.array(digit, { minLength: 1, maxLength: 12 }).map((all) => all.join(""));
  const word = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constantFrom("", "-"), digits).map((parts) => parts.join("")) },
    fc.constantFrom("", "-", "--A", "A-", "\u0141", "f////////", "Bgaaaaaaa", "P//////////", "QAAAAAAAAAA", "-IAAAAAAAAAA"),
    fc.string({ unit: "binary", maxLength: 3 }).filter((text) => !text.includes(" ")),
  );
  fc.assert(
    fc.property(word, (text) => {
      const stat = decodeLStat(FROM_BACULA.replace("P4A ISI7", () => `P4A ${text}`));
      const value = plainNumber(text);
      assert.equal(stat === undefined, value === undefined);
      // Of a number that is never negative the minus is the sign of a C compiler.
      if (value !== undefined) assert.equal(BigInt(stat!.ino), BigInt.asUintN(64, value));
      if (stat !== undefined) assert.equal(typeof stat.ino, BigInt(stat.ino) > Number.MAX_SAFE_INTEGER ? "bigint" : "number");
      const timed = decodeLStat(FROM_BACULA.replace("BrAUR1 H", () => `${text} H`));
      const isExact = value !== undefined && value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER;
      assert.equal(timed?.ctime, isExact ? Number(value) : undefined);
    }),
    { numRuns: 3000 },
  );
});
