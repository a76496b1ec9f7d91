import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commandWords, type CommandCodes } from "./command-words.ts";

const codes: CommandCodes = {
  changerDevice: "/dev/sg1",
  driveIndex: 1,
  archiveDevice: "/dev/nst1",
  controlDevice: "/dev/sg2",
  operation: "load",
  slot: 7,
  volume: "Vol-1",
  client: "client-fd",
  job: "Save",
};

test("every code stands for what the manual says", () => {
  assert.deepEqual(commandWords("/bin/mtx-changer %c %o %S %a %d", codes), [
    "/bin/mtx-changer",
    "/dev/sg1",
    "load",
    "7",
    "/dev/nst1",
    "1",
  ]);
  assert.deepEqual(commandWords("x %s %v %f %j %l 100%% %q", codes), [
    "x",
    "6",
    "Vol-1",
    "client-fd",
    "Save",
    "/dev/sg2",
    "100%",
    "%q",
  ]);
});

test("a value is one argument whatever is in it", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (volume, archiveDevice) => {
      const words = commandWords('p "%v" %a', { ...codes, volume, archiveDevice });
      assert.deepEqual(words, ["p", volume, archiveDevice]);
    }),
  );
});
