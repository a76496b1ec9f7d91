import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isTooDeep, parentPath, pathLength, splitName } from "./split-name.ts";

test("a name is split after its last slash", () => {
  assert.deepEqual(splitName("/etc/passwd"), { path: "/etc/", filename: "passwd" });
  assert.deepEqual(splitName("/etc/"), { path: "/etc/", filename: "" });
  assert.deepEqual(splitName("/"), { path: "/", filename: "" });
  assert.deepEqual(splitName("C:/a"), { path: "C:/", filename: "a" });
  assert.deepEqual(splitName("plain"), { path: "", filename: "plain" });
});

test("bytes are split where strings are", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const bytes = Buffer.from(`>${name}`, "utf8");
      const length = pathLength(bytes, 1, bytes.length);
      assert.equal(bytes.toString("utf8", 1, 1 + length), splitName(Buffer.from(name).toString()).path);
    }),
  );
});

test("the way up ends above the root, from wherever it begins", () => {
  assert.deepEqual(
    [parentPath("/a/b/"), parentPath("/a/"), parentPath("/"), parentPath("C:/"), parentPath("")],
    ["/a/", "/", "", "", null],
  );
  fc.assert(
    fc.property(fc.string(), (path) => {
      let steps = 0;
      for (let at: string | null = `${path}/`; at !== null; at = parentPath(at)) steps += 1;
      assert.ok(steps <= path.length + 3);
    }),
  );
});

test("a path is too deep only when storing all above it would take much", () => {
  assert.equal(isTooDeep("/a".repeat(2_048)), false);
  assert.equal(isTooDeep(`/${"x".repeat(200)}`.repeat(300)), false);
  assert.equal(isTooDeep("/a".repeat(32_000)), true);
});
