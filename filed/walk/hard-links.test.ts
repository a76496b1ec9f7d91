import assert from "node:assert/strict";
import { test } from "node:test";
import { HardLinks } from "./hard-links.ts";

test("the first name is remembered among many, by device and inode", () => {
  const links = new HardLinks();
  const count = 50_000;
  for (let number = 1; number <= count; number++)
    assert.equal(
      links.meet(BigInt(number % 3), BigInt(number) << 20n, `/dir-${number % 100}/file-${number}`, number),
      undefined,
    );
  assert.equal(links.size, count);
  for (let number = 1; number <= count; number += 97) {
    assert.deepEqual(links.meet(BigInt(number % 3), BigInt(number) << 20n, "/other", 0), {
      fileIndex: number,
      path: `/dir-${number % 100}/file-${number}`,
    });
    assert.equal(links.meet(9n, BigInt(number) << 20n, "/other", number), undefined);
  }
});

test("inodes of 64 bits are told apart", () => {
  const links = new HardLinks();
  assert.equal(links.meet(1n, 0xffff_ffff_ffff_ffffn, "/a", 1), undefined);
  assert.equal(links.meet(1n, 0xffff_ffff_ffff_fffen, "/b", 2), undefined);
  assert.equal(links.meet(1n, 0xffff_ffff_ffff_ffffn, "/c", 3)?.path, "/a");
});
