import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { LoopFileSystem, whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { BtrfsDevice } from "./btrfs-device.ts";
import { scrub, showDeviceErrors, showUsage } from "./filesystem.ts";
import { clientQgroup, enableQuota, limitQgroup, showQgroups } from "./quota.ts";
import { btrfs, btrfsSync } from "./run-btrfs.ts";
import { makeDomainSubvolume, makeVolumeSubvolume, prepareBtrfs } from "./store-subvolumes.ts";
import {
  deleteSubvolume,
  isBtrfs,
  isSubvolume,
  isSubvolumeSync,
  requireBtrfs,
  showSubvolume,
  snapshotReadOnly,
  subvolumesFreed,
} from "./subvolume.ts";

const MIB = 1 << 20;
const skip = whyNoLoop("btrfs") ?? false;

test("subvolumes are made, shown, snapshotted and removed on a real btrfs", { skip }, async () => {
  await using disk = LoopFileSystem.make({ type: "btrfs", bytes: 256 * MIB });
  assert.equal(await isBtrfs(disk.path), true);
  const path = join(disk.path, "Vol-0001");
  makeVolumeSubvolume(path);
  assert.ok((await isSubvolume(path)) && isSubvolumeSync(path));
  assert.equal(await isSubvolume(join(disk.path, "none")), false);
  writeFileSync(join(path, "records"), "x");
  await snapshotReadOnly(path, join(disk.path, "kept"));
  assert.throws(() => writeFileSync(join(disk.path, "kept", "records"), "y"), { code: "EROFS" });
  const [source, kept] = [await showSubvolume(path), await showSubvolume(join(disk.path, "kept"))];
  assert.deepEqual([kept.isReadOnly, kept.parentUuid, source.isReadOnly], [true, source.uuid, false]);
  await deleteSubvolume(join(disk.path, "kept"));
  await btrfs(["filesystem", "sync", disk.path]);
  await subvolumesFreed(disk.path, { timeoutMs: 30_000 });
  await assert.rejects(showSubvolume(join(disk.path, "kept")), { code: "BTRFS_FAILED" });
});

test("a client's domain and its snapshots are counted and limited together, without counting anew", { skip }, async () => {
  await using disk = LoopFileSystem.make({ type: "btrfs", bytes: 256 * MIB });
  assert.equal(await showQgroups(disk.path), undefined);
  assert.equal(prepareBtrfs(disk.path), undefined);
  await enableQuota(disk.path);
  const domain = join(disk.path, "@chunks", "client-a");
  makeDomainSubvolume(disk.path, domain, "client-a");
  const group = clientQgroup("client-a");
  await limitQgroup(disk.path, group, 20 * MIB);
  writeFileSync(join(domain, "one"), Buffer.alloc(10 * MIB, 1));
  await snapshotReadOnly(domain, join(disk.path, "kept"), { qgroups: [group] });
  await btrfs(["filesystem", "sync", disk.path]);
  const counted = (await showQgroups(disk.path))?.get(group);
  assert.equal(counted?.limit, 20 * MIB);
  assert.ok(counted.referenced >= 10 * MIB && counted.referenced < 11 * MIB, String(counted.referenced));
  assert.throws(
    () => writeFileSync(join(domain, "two"), Buffer.alloc(15 * MIB, 2)),
    (error) => systemErrorCode(error) === "EDQUOT",
  );
  mkdirSync(join(disk.path, "free"));
  writeFileSync(join(disk.path, "free", "two"), Buffer.alloc(15 * MIB, 2));
});

test("space, disk errors and a scrub are told of a real btrfs", { skip }, async () => {
  await using disk = LoopFileSystem.make({ type: "btrfs", bytes: 256 * MIB });
  writeFileSync(join(disk.path, "data"), Buffer.alloc(8 * MIB, 3));
  await btrfs(["filesystem", "sync", disk.path]);
  const usage = await showUsage(disk.path);
  assert.ok(usage.deviceSize === 256 * MIB && usage.data.used >= 8 * MIB && usage.freeEstimated > 0);
  assert.deepEqual(await showDeviceErrors(disk.path), []);
  const report = await scrub(disk.path, { timeoutMs: 60_000 });
  assert.ok(report.errors.size === 0 && report.bytes >= 8 * MIB, String(report.bytes));
});

test("damage below btrfs is found by its scrub and shows in the counters of the disk", { skip }, async () => {
  await using disk = LoopFileSystem.make({ type: "btrfs", bytes: 256 * MIB });
  const data = randomBytes(2 * MIB);
  writeFileSync(join(disk.path, "data"), data);
  await disk.unmount();
  const image = readFileSync(disk.image);
  const at = image.indexOf(data.subarray(MIB, MIB + 4096));
  assert.ok(at > 0, "the data lies in the image");
  const fd = openSync(disk.image, "r+");
  writeSync(fd, Buffer.alloc(512, 0xff), 0, 512, at);
  closeSync(fd);
  disk.mount();
  const report = await scrub(disk.path, { timeoutMs: 60_000 });
  assert.ok((report.errors.get("csum_errors") ?? 0) > 0, JSON.stringify([...report.errors]));
  const [errors] = await showDeviceErrors(disk.path);
  assert.ok((errors?.counts.get("corruption_errs") ?? 0) > 0);
  const log = {
    told: [] as string[],
    info: (text: string) => void log.told.push(text),
    error: (text: string) => void log.told.push(text),
  };
  await using device = new BtrfsDevice({ directory: disk.path, clientQuota: 0, log });
  await device.open();
  assert.match(log.told.join(), /errors of disk .*corruption_errs=/);
  assert.deepEqual(await device.newErrors(), [], "each is told once");
  assert.match((await device.statusLines()).join("\n"), /ERRORS of disk/);
  assert.equal((await device.scrub()).isClean, false);
});

test("what is not btrfs is told as such, and the words of the program reach the operator", { skip }, async () => {
  await assert.rejects(requireBtrfs("/proc"), { code: "BTRFS_NOT_THERE" });
  await assert.rejects(showUsage("/proc"), /btrfs filesystem usage --raw \/proc/);
});

test("a program that never ends is given up in time", { skip }, async () => {
  await using dir = await TempDir.make();
  execFileSync("mkfifo", [dir.file("pipe")]);
  const waiting = ["receive", "-f", dir.file("pipe"), dir.path];
  await assert.rejects(btrfs(waiting, { timeoutMs: 200 }), { code: "BTRFS_LATE" });
  await assert.rejects(btrfs(waiting, { signal: AbortSignal.timeout(200) }), { name: "TimeoutError" });
  assert.throws(() => btrfsSync(waiting, 200), { code: "BTRFS_LATE" });
});
