import assert from "node:assert/strict";
import { test } from "node:test";
import { NameLists } from "./name-lists.ts";
import { modeText } from "./ls-line.ts";
import { streamName } from "./stream-name.ts";

test("modes are shown as ls shows them, a FIFO as f", () => {
  const shown = [0o100644, 0o104755, 0o102711, 0o041777, 0o101644, 0o120777, 0o010600, 0o060660, 0o020000].map(modeText);
  assert.deepEqual(shown, [
    "-rw-r--r--",
    "-rwsr-xr-x",
    "-rwx--s--x",
    "drwxrwxrwt",
    "-rw-r--r-T",
    "lrwxrwxrwx",
    "frw-------",
    "brw-rw----",
    "c---------",
  ]);
});

test("lists choose names as Bacula's tools do", () => {
  const name = "/data/tree/types/link";
  const included = (pattern: string): boolean => new NameLists([pattern], []).takes(name);
  const excluded = (pattern: string): boolean => !new NameLists([], [pattern]).takes(name);
  assert.deepEqual(["/data", "/data/", "/*/types", "*link*", "/data/tree/typ?s"].map(included), [true, true, true, true, true]);
  assert.deepEqual(["types", "link", "/tree", "/dat"].map(included), [false, false, false, false]);
  assert.deepEqual(["link", "l*", name, "/data/tree/types/l*"].map(excluded), [true, true, true, true]);
  assert.deepEqual(["types", "types/link", "/data", "/data/*", "*/types/*"].map(excluded), [false, false, false, false, false]);
});

test("every stream has a name", () => {
  assert.equal(streamName(2), "DATA");
  assert.equal(streamName((1 << 26) | 2), "DATA");
  assert.equal(streamName(1008), "LINUX-ACCESS-ACL");
  assert.equal(streamName(1004), "ACL-1004");
  assert.equal(streamName(1777), "1777");
});
