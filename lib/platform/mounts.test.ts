import assert from "node:assert/strict";
import { test } from "node:test";
import { MountTable, readMounts } from "./mounts.ts";

const mounts = [
  { point: "/", type: "ext4", source: "/dev/a", isReadOnly: false },
  { point: "/home", type: "btrfs", source: "/dev/b", isReadOnly: false },
  { point: "/home/x y", type: "nfs4", source: "server:/x", isReadOnly: false },
];

test("the longest mount point above a path says its type", () => {
  const table = new MountTable(mounts);
  assert.deepEqual(
    ["/", "/usr/bin", "/home", "/home/", "/home/bob", "/home/x y/z", "/homes"].map((path) => table.typeOf(path)),
    ["ext4", "ext4", "btrfs", "btrfs", "btrfs", "nfs4", "ext4"],
  );
});

test("a later mount at the same place covers the earlier one", () => {
  assert.equal(
    new MountTable([...mounts, { point: "/home", type: "tmpfs", source: "t", isReadOnly: false }]).typeOf("/home/bob"),
    "tmpfs",
  );
});

test("this machine's mount table names /proc", { skip: process.platform === "linux" ? false : "no Linux" }, () => {
  assert.ok(readMounts().some((mount) => mount.point === "/proc" && mount.type === "proc"));
});
