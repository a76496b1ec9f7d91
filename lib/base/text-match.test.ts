import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileWildcard, type WildcardOptions } from "./text-match.ts";

function match(pattern: string, name: string, options: WildcardOptions = {}): boolean {
  return compileWildcard(pattern, options)(name);
}

test("a star matches slashes and leading dots too, unless pathname is asked for", () => {
  assert.equal(match("/home/*.o", "/home/a/b.o"), true);
  assert.equal(match("/home/*.o", "/home/a/b.o", { pathname: true }), false);
  assert.equal(match("/home/*/b.o", "/home/a/b.o", { pathname: true }), true);
  assert.equal(match("*", ".hidden"), true);
  assert.equal(match("a?b", "a/b"), true);
  assert.equal(match("a?b", "a/b", { pathname: true }), false);
});

test("brackets hold characters, ranges, classes and their opposite", () => {
  assert.deepEqual(
    ["a", "m", "z", "-"].map((char) => match("[a-m-]", char)),
    [true, true, false, true],
  );
  assert.deepEqual(
    ["5", "x"].map((char) => match("[[:digit:]]", char)),
    [true, false],
  );
  assert.deepEqual(
    ["c", "x"].map((char) => match("[[:constructor:]", char)),
    [true, false],
  );
  assert.deepEqual(
    ["5", "x"].map((char) => match("[!0-9]", char)),
    [false, true],
  );
  assert.deepEqual(
    ["]", "a"].map((char) => match("[]b]", char)),
    [true, false],
  );
  assert.equal(match("[^a]", "b"), true);
});

test("a bracket that is never closed means itself", () => {
  assert.equal(match("[abc", "[abc"), true);
  assert.equal(match("*[", "x["), true);
});

test("a backslash takes the meaning of what follows", () => {
  assert.equal(match(String.raw`a\*b`, "a*b"), true);
  assert.equal(match(String.raw`a\*b`, "axb"), false);
  assert.equal(match("a\\", "a\\"), true);
});

test("case does not matter if it is said so", () => {
  assert.equal(match("*.JPG", "x.jpg"), false);
  assert.equal(match("*.JPG", "x.jpg", { ignoreCase: true }), true);
  assert.equal(match("[A-C]x", "bX", { ignoreCase: true }), true);
});

test("a question mark is one character, also beyond ASCII, beyond 16 bits and for a byte that is no text", () => {
  for (const name of ["ü", "𝄞", "\udce9"]) assert.equal(match("?", name), true, JSON.stringify(name));
  assert.equal(match("a*\udce9", "ab\udce9"), true);
});

test("a pattern made of a name's own characters matches it", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.array(fc.nat(40), { maxLength: 5 }), (name, cuts) => {
      let pattern = Array.from(name, (char) => (/[*?[\]\\!^-]/.test(char) ? `\\${char}` : char));
      for (const cut of cuts) pattern = [...pattern.slice(0, cut), "*", ...pattern.slice(cut)];
      assert.equal(match(pattern.join(""), name), true);
    }),
  );
});

test("a pattern of many stars does not take forever", () => {
  assert.equal(match(`${"a*".repeat(2000)}b`, "a".repeat(20_000)), false);
});
