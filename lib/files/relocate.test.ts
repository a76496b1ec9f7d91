import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { relocation, soundPath } from "./relocate.ts";

test("names go below Where, whatever slashes they have", () => {
  const { root, place } = relocation("/restore/", "");
  assert.deepEqual(
    [root, place("/etc/passwd"), place("/etc/"), place("etc//x/./y"), place("/"), place("C:/Users/x")],
    ["/restore", "/etc/passwd", "/etc", "/etc/x/y", "/", "/C/Users/x"],
  );
  assert.equal(relocation("", "").root, "");
  assert.equal(relocation("/", "").root, "");
});

test("no name leads out: .. and NUL are refused", () => {
  for (const name of ["/a/../b", "..", "/..", "/a/..", "../../etc/passwd", "/a\0b"])
    assert.equal(soundPath(name), undefined, name);
  fc.assert(
    fc.property(fc.stringMatching(/^[a./\\:C\0é-]{0,30}$/), (name) => {
      const path = soundPath(name);
      assert.ok(
        path === undefined ||
          (path.startsWith("/") &&
            !path.split("/").includes("..") &&
            !path.includes("\0") &&
            (path === "/" || !path.endsWith("/"))),
        `${name} -> ${path}`,
      );
    }),
    { numRuns: 3000 },
  );
});

test("regexwhere rules follow each other, with groups, options and any separator", () => {
  const { root, place } = relocation("/ignored", "!^/home/!/tmp/!,!\\.doc$!.bak!i,|/(b)(c)/|/$2$1/|g");
  assert.deepEqual([root, place("/home/bob/A.DOC"), place("/bc/x/bc/y")], ["", "/tmp/bob/A.bak", "/cb/x/cb/y"]);
});

test("rules that cannot be understood are refused", () => {
  for (const text of ["!a", "!a!b", "!a!b!x", "!(!b!", "!a!b!!"])
    assert.throws(() => relocation("", text), { code: "PATTERN_INVALID" }, text);
});
