import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { attributes, chunk, md5, restore } from "./testing/chunk-records.ts";

const skip = process.getuid?.() === 0 ? false : "only root can mount a small file system";
if (skip !== false && process.env["CI"] === "true") throw new Error(skip);

test(
  "a disk that is full in the middle of a write: its files are named, the others are right, none is there that holds nothing",
  { skip },
  async () => {
    await using dir = await TempDir.make();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", dir.path]);
    try {
      const pieces = Array.from({ length: 150 }, () => randomBytes(10_000));
      const records = (index: number, name: string, count: number) => [
        attributes(index, name, count * 10_000),
        ...pieces.slice(0, count).map((piece, at) => chunk(index, at * 10_000, piece)),
        md5(index, ...pieces.slice(0, count)),
      ];
      // Of the second there is room for the first write and a part of the next; of the third, which comes when it is full, for nothing.
      const { counts, notes } = restore(dir.path, [
        ...records(1, "/first", 40),
        ...records(2, "/second", 150),
        ...records(3, "/third", 30),
        attributes(4, "/empty", 0),
      ]);
      assert.deepEqual([counts.files, counts.errors], [2, 2], notes.join("\n"));
      assert.match(
        notes.join("\n"),
        /second" is only partly restored: ERR=No space[^\n]*\n.*third" is not restored: ERR=No space/,
      );
      assert.deepEqual(readdirSync(dir.path).toSorted(), ["empty", "first", "second"]);
      assert.ok(readFileSync(join(dir.path, "first")).equals(Buffer.concat(pieces.slice(0, 40))));
      const second = readFileSync(join(dir.path, "second"));
      assert.ok(second.length > 400_000 && Buffer.concat(pieces).subarray(0, second.length).equals(second), `${second.length}`);
      assert.ok(counts.bytes <= 400_000 + second.length);
    } finally {
      execFileSync("umount", [dir.path]);
    }
  },
);
