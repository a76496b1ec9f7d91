import assert from "node:assert/strict";
import { test } from "node:test";
import { tightest } from "./file-service.ts";

test("of several bandwidth limits the lowest holds, and none counts for none", () => {
  assert.equal(tightest([0, 5000, 3000]), 3000);
  assert.equal(tightest([0, 0]), 0);
});
