import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { aclText, parseAclText } from "./acl.ts";
import { libcFailure } from "./libc.ts";
import { OwnerNames } from "./owner-names.ts";

const names = new OwnerNames();
const skip = libcFailure() ?? false;
/** As the Linux kernel keeps: rwx for the owner, rw- for user 1 (daemon), r-x, r-- for group 1234, mask r-x, others r-x. */
const VALUE = Buffer.from(
  "0200000001000700ffffffff020006000100000004000500ffffffff08000400d204000010000500ffffffff20000500ffffffff",
  "hex",
);
/** As Bacula 9.6 wrote the same ACL. */
const FROM_BACULA = "user::rwx\nuser:daemon:rw-\t#effective:r--\ngroup::r-x\ngroup:1234:r--\nmask::r-x\nother::r-x\n\0";

test("an ACL becomes text with names, and numbers as comments", { skip }, () => {
  assert.equal(
    aclText(VALUE, names)?.toString(),
    "user::rwx\nuser:daemon:rw-\t#id:1\ngroup::r-x\ngroup:1234:r--\t#id:1234\nmask::r-x\nother::r-x\n\0",
  );
});

test("our own text and Bacula's give the same ACL back", { skip }, () => {
  assert.deepEqual(parseAclText(aclText(VALUE, names)!, names, { numericIds: false }), VALUE);
  assert.deepEqual(parseAclText(Buffer.from(FROM_BACULA), names, { numericIds: false }), VALUE);
});

test("by number the saved number holds, by name the name's number here", { skip }, () => {
  const text = Buffer.from("user::rwx\nuser:daemon:rw-\t#id:77\nother::---\n");
  assert.equal(parseAclText(text, names, { numericIds: true }).readUInt32LE(16), 77);
  assert.equal(parseAclText(text, names, { numericIds: false }).readUInt32LE(16), 1);
  assert.equal(
    parseAclText(Buffer.from("user:nobody-has-this-name:rw-\t#id:78\n"), names, { numericIds: false }).readUInt32LE(8),
    78,
  );
});

test("a name that nobody has and text that is no ACL are refused", () => {
  for (const text of ["user:nobody-has-this-name:rwx\n", "", "hello\n", "user::rwxs\n", "\0", "user:99999999999:r\n"]) {
    assert.throws(() => parseAclText(Buffer.from(text), names, { numericIds: false }), { code: "ACL_INVALID" }, text);
  }
});

test("any bytes: an error or an ACL", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.stringMatching(/^[ugmo:rwx\n#,0-9a-z-]{0,80}$/), (bytes, text) => {
      aclText(bytes, names);
      for (const input of [bytes, Buffer.from(text)]) {
        try {
          parseAclText(input, names, { numericIds: false });
        } catch (error) {
          assert.ok(error instanceof OperatorError && error.code === "ACL_INVALID", String(error));
        }
      }
    }),
    { numRuns: 3000 },
  );
});
