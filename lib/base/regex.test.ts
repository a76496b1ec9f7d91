import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileRegex } from "./regex.ts";

test("the patterns that administrators write match what they mean", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    [String.raw`^/home/[^/]*/\.cache/`, "/home/x/.cache/y", true],
    [String.raw`.*\.(o|obj)$`, "/a/b.obj", true],
    ["[[:upper:]]+[0-9]{2,3}", "AB12", true],
    ["a{2}", "a", false],
    ["(^|/)core$", "/x/core", true],
    [String.raw`\<word\>`, "a word here", true],
    [String.raw`\<word\>`, "swordfish", false],
    ["[]]", "]", true],
    ["[a\\]", "\\", true],
    [String.raw`a\.b`, "axb", false],
    [String.raw`\/`, "/", true],
    ["a.b", "a\nb", true],
    ["caf.", "café", true],
  ];
  for (const [pattern, text, expected] of cases)
    assert.equal(compileRegex(pattern).test(text), expected, `${pattern} on ${text}`);
});

test("case does not matter if it is said so", () => {
  assert.equal(compileRegex("ABC", { ignoreCase: true }).test("xabcx"), true);
});

test("the longest of the matches at one place is taken, as POSIX says", () => {
  assert.deepEqual(compileRegex("a|ab").match("xab"), { index: 1, groups: ["ab"] });
  assert.deepEqual(compileRegex("(a)|(b)").match("b"), { index: 0, groups: ["b", undefined, "b"] });
});

test("a bad pattern is refused with a sentence", () => {
  for (const pattern of ["(a", "[a", "a\\", "*a", "a{2,1}", "(?=a)", "x".repeat(10_001)])
    assert.throws(() => compileRegex(pattern), RangeError, pattern);
});

test("a pattern that ruins backtracking matchers ends at once", () => {
  assert.equal(compileRegex("(a+)+$").test(`${"a".repeat(5000)}b`), false);
});

test("any pattern compiles or is refused, and any text can be tested, bytes that are no text included", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 20 }), (pattern, text) => {
      try {
        compileRegex(pattern).test(`${text}\udce9`);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
  );
});
