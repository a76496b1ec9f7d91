import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { ACL_ACCESS, ACL_DEFAULT, getXattr } from "#lib/platform/xattr.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { encodeXattrs } from "#lib/streams/xattr-record.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { FileRestorer } from "./file-restorer.ts";
import { relocation } from "./relocate.ts";
import { attributes } from "./testing/chunk-records.ts";

const skip = process.getuid?.() === 0 ? false : "only root may set every attribute";
if (skip !== false && process.env["CI"] === "true") throw new Error(skip);

test("what is set on a file at its end outlives the batch in which it came", { skip }, async () => {
  await using dir = await TempDir.make();
  const seen = ["kept", "used again"].map((name) => {
    const where = dir.file(name);
    mkdirSync(where);
    const notes: string[] = [];
    using restorer = new FileRestorer({
      relocation: relocation(where, ""),
      replace: "always",
      numericIds: true,
      prefixLinks: false,
      note: (kind, text) => notes.push(`${kind}: ${text}`),
    });
    const texts = [
      [streamType.linuxAccessAcl, Buffer.from("user::rw-\nuser:1234:r--\ngroup::r--\nmask::r--\nother::---\n")],
      [streamType.linuxXattr, encodeXattrs([{ name: "user.colour", value: Buffer.from("blue") }])],
    ] as const;
    const defaults = Buffer.from("user::rwx\nuser:77:r-x\ngroup::r-x\nmask::r-x\nother::---\n");
    restorer.record(...attributes(1, "/f", 0));
    for (const [stream, data] of texts) restorer.record(1, stream, data);
    restorer.letGo();
    if (name === "used again") for (const [, data] of texts) data.fill(0xee);
    restorer.record(...attributes(2, "/d/", 0, 0, { type: 5, mode: 0o40750 }));
    restorer.record(2, streamType.linuxDefaultAcl, defaults);
    restorer.letGo();
    if (name === "used again") defaults.fill(0xee);
    restorer.endFile();
    restorer.openUnknownDirectories();
    restorer.setDirectories();
    assert.deepEqual(notes, []);
    return [getXattr(`${where}/f`, ACL_ACCESS), getXattr(`${where}/f`, "user.colour"), getXattr(`${where}/d`, ACL_DEFAULT)];
  });
  assert.deepEqual(seen[0]?.[1]?.toString(), "blue");
  assert.ok(seen[0]?.every((value) => value !== undefined));
  assert.deepEqual(seen[1], seen[0]);
});
