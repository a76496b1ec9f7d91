import assert from "node:assert/strict";
import test from "node:test";
import { completeLock, platformOf } from "./complete-lock.ts";

test("a platform package's name says where it can be installed", () => {
  assert.deepEqual(platformOf("@x/binding-linux-x64-musl"), { os: ["linux"], cpu: ["x64"], libc: ["musl"] });
  assert.deepEqual(platformOf("@x/binding-linux-arm-gnueabihf"), { os: ["linux"], cpu: ["arm"], libc: ["glibc"] });
  assert.deepEqual(platformOf("@x/y-win32-arm64"), { os: ["win32"], cpu: ["arm64"] });
});

test("optional dependencies that are missing are added, registry addresses dropped", () => {
  const complete = completeLock({
    "": { version: "1" },
    "node_modules/a": {
      version: "1",
      resolved: "somewhere",
      dev: true,
      optionalDependencies: { "a-linux-x64": "2", "a-darwin-arm64": "2" },
    },
    "node_modules/a-linux-x64": { version: "2", optional: true, os: ["linux"] },
  });
  assert.deepEqual(complete["node_modules/a-darwin-arm64"], {
    version: "2",
    dev: true,
    optional: true,
    os: ["darwin"],
    cpu: ["arm64"],
  });
  assert.equal(complete["node_modules/a"]?.resolved, undefined);
});
