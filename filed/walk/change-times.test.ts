import assert from "node:assert/strict";
import { statfsSync, statSync } from "node:fs";
import { test } from "node:test";
import { ChangeTimes } from "./change-times.ts";

test("FAT, FUSE and SMB have no change times that prove anything, disks of Linux have; each device is asked about once", () => {
  const asked: string[] = [];
  const magic: Readonly<Record<string, number>> = {
    "/ext": 0xef53,
    "/fat": 0x4d44,
    "/fuse": 0x6573_5546,
    "/smb": 0xfe53_4d42 | 0,
  };
  const times = new ChangeTimes((path) => {
    asked.push(path);
    const found = magic[path];
    if (found === undefined) throw new Error("gone");
    return found;
  });
  for (const [path, device, expected] of [
    // What is gone tells nothing of its device.
    ["/gone", 1n, false],
    ["/ext", 1n, true],
    ["/fat", 2n, false],
    ["/fuse", 3n, false],
    ["/smb", 4n, false],
    ["/fat", 2n, false],
    ["/gone", 1n, true],
  ] as const)
    assert.equal(times.areProof(path, device), expected, path);
  assert.deepEqual(asked, ["/gone", "/ext", "/fat", "/fuse", "/smb"]);
});

test("the file system of this machine is asked with the call that Linux has", () => {
  assert.equal(typeof statfsSync("/").type, "number");
  assert.equal(new ChangeTimes().areProof("/proc/self/no such file", 1n), false);
  assert.equal(typeof new ChangeTimes().areProof("/", statSync("/", { bigint: true }).dev), "boolean");
});
