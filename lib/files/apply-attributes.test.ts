import assert from "node:assert/strict";
import { chmodSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { applyAttributes } from "./apply-attributes.ts";

test("the mode of a node never goes through a link that took its place", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("precious"), "");
  chmodSync(dir.file("precious"), 0o600);
  symlinkSync("precious", dir.file("node"));
  const stat = { ...decodeLStat("P4A ISI7 IGk B A A A G BAA I BrAUSg BrAUR1 BrAUR1 A A C")!, mode: 0o010_666 };
  const complaints: string[] = [];
  applyAttributes(
    () => dir.file("node"),
    undefined,
    {
      record: { fileIndex: 1, type: fileType.special, name: "/node", link: "", stat, exact: undefined, deltaSequence: 0 },
      accessAcl: undefined,
      defaultAcl: undefined,
      xattrs: undefined,
      isOwned: false,
      hasMode: false,
    },
    { names: new OwnerNames(), numericIds: true, mayChown: false, complain: (text) => complaints.push(text) },
  );
  assert.equal(statSync(dir.file("precious")).mode & 0o777, 0o600);
  assert.match(complaints.join("\n"), /its mode cannot be set/);
});
