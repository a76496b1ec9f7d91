import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytesInWalkOrder, compareInWalkOrder, compareToPath, WalkOrder } from "./walk-order.ts";

/** Paths of few names, among them bytes below and above the slash. */
const names = fc.array(fc.constantFrom("a", "b", "a-", "a.b", "a0", "\x01", "\xff", "ab"), { maxLength: 4 });
const paths = names.map((parts) => `/${parts.join("/")}`);

/** The order by the definition: component by component, a directory after what is in it. */
function byDefinition(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => (path === "/" ? [] : path.slice(1).split("/"))) as [string[], string[]];
  for (let at = 0; ; at++) {
    if (at === left.length || at === right.length) return right.length - left.length;
    if (left[at] !== right[at]) return left[at]! < right[at]! ? -1 : 1;
  }
}

test("names by their bytes, a directory after all that is in it", () => {
  const sorted = ["/a/b", "/a/c/d", "/a/c", "/a", "/a-", "/a0/x", "/a0", "/"];
  assert.deepEqual(sorted.toReversed().toSorted(compareInWalkOrder), sorted);
});

test("the three ways to compare agree with the definition", () => {
  fc.assert(
    fc.property(paths, paths, (a, b) => {
      const bytes = Buffer.from(`?${a}`, "latin1");
      const other = Buffer.from(`${b}?`, "latin1");
      const expected = Math.sign(byDefinition(a, b));
      assert.equal(Math.sign(compareInWalkOrder(a, b)), expected);
      assert.equal(Math.sign(compareToPath(bytes, 1, bytes.length, b)), expected);
      const left = { bytes, start: 1, end: bytes.length };
      const right = { bytes: other, start: 0, end: other.length - 1 };
      assert.equal(Math.sign(compareBytesInWalkOrder(left, right)), expected);
    }),
    { numRuns: 5000 },
  );
});

test("what is met twice, or too late, or below an earlier root, is out of order", () => {
  const order = new WalkOrder();
  const answers = (
    [
      [0, "/b/x"],
      [0, "/b"],
      [0, "/b"],
      [0, "/a"],
      [0, "/c"],
      [1, "/a"],
      [0, "/d"],
      [1, "/b"],
    ] as const
  ).map(([root, path]) => order.goesOn(root, path));
  assert.deepEqual(answers, [true, true, false, false, true, true, false, true]);
});
