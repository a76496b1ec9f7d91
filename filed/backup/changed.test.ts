import assert from "node:assert/strict";
import { test } from "node:test";
import { isChanged } from "./changed.ts";

test("a file is saved when mtime or ctime is at or after the moment; with MtimeOnly ctime does not count", () => {
  const times = (mtimeNs: bigint, ctimeNs: bigint) => ({ mtimeNs, ctimeNs });
  assert.deepEqual(
    [
      isChanged(times(5n, 5n), 10n, false),
      isChanged(times(10n, 5n), 10n, false),
      isChanged(times(5n, 10n), 10n, false),
      isChanged(times(5n, 10n), 10n, true),
      isChanged(times(0n, 0n), 0n, true),
    ],
    [false, true, true, false, true],
  );
});
