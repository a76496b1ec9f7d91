import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blsSpec } from "./bls.ts";
import { readToolLine } from "./tool-line.ts";

function lineOf(...args: readonly string[]) {
  const command = readToolLine(blsSpec, args);
  assert.equal(command.kind, "run", JSON.stringify(command));
  return (command as Extract<typeof command, { kind: "run" }>).line;
}

test("flags may be joined, stand behind arguments, and have their values close by or apart", () => {
  const line = lineOf("-pvv", "Disk", "-cconf", "-V", "A|B", "-d", "50", "-dt");
  assert.deepEqual(line.operands, ["Disk"]);
  assert.equal(line.count("v"), 2);
  assert.equal(line.value("c"), "conf");
  assert.equal(line.value("V"), "A|B");
  assert.equal(line.debugLevel, 50);
  assert.ok(line.has("p") && !line.has("k"));
});

test("what cannot be understood is said", () => {
  assert.deepEqual(readToolLine(blsSpec, ["-Z", "Disk"]), { kind: "wrong", message: "invalid option -- 'Z'" });
  assert.deepEqual(readToolLine(blsSpec, ["Disk", "-V"]), { kind: "wrong", message: "option requires an argument -- 'V'" });
  assert.deepEqual(readToolLine(blsSpec, []), { kind: "wrong", message: "No archive name specified" });
  assert.deepEqual(readToolLine(blsSpec, ["-d", "x", "Disk"]), { kind: "wrong", message: '-d wants a number, not "x"' });
  assert.equal(readToolLine(blsSpec, ["-?"]).kind, "help");
});

test("no arguments make it throw", () => {
  fc.assert(fc.property(fc.array(fc.string()), (args) => void readToolLine(blsSpec, args)));
});
