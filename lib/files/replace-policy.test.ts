import assert from "node:assert/strict";
import { test } from "node:test";
import { replacePolicy, replaces } from "./replace-policy.ts";

test("the saved file takes the place of the existing one as the policy says", () => {
  const table = (["always", "ifnewer", "ifolder", "never"] as const).map((policy) => [
    replaces(policy, 2, 1),
    replaces(policy, 1, 1),
    replaces(policy, 1, 2),
  ]);
  assert.deepEqual(table, [
    [true, true, true],
    [true, false, false],
    [false, false, true],
    [false, false, false],
  ]);
});

test("the word may be in any case; always if it is missing", () => {
  assert.deepEqual(["IfNewer", "", "NEVER", "sometimes"].map(replacePolicy), ["ifnewer", "always", "never", undefined]);
});
