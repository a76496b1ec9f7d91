import assert from "node:assert/strict";
import { test } from "node:test";
import { mountOf, parseMounts } from "#lib/platform/mounts.ts";
import { fileSystemOf, placeProblem, type PlaceFacts } from "./place.ts";

const TABLE = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 8:2 / /backup rw,noatime shared:2 - ext4 /dev/sdb1 rw
31 22 8:3 / /with\\040space ro,relatime shared:3 - ext4 /dev/sdc1 rw
32 22 0:40 / /super rw,relatime - btrfs /dev/sdd ro,space_cache
33 22 0:41 / /tmp rw - tmpfs tmpfs rw
nonsense`;
const mounts = parseMounts(TABLE);

function facts(directory: string, wish: Partial<PlaceFacts> = {}): PlaceFacts {
  const mount = mountOf(directory, mounts);
  return { directory, isThere: true, mayWrite: true, mount, lastPoint: undefined, mountPoint: undefined, ...wish };
}

test("a directory lies on the mount that is nearest above it", () => {
  assert.equal(mountOf("/backup/volumes", mounts)?.point, "/backup");
  assert.equal(mountOf("/backups", mounts)?.point, "/");
  assert.equal(mountOf("/with space", mounts)?.isReadOnly, true);
  assert.equal(fileSystemOf(mountOf("/backup", mounts)), "/dev/sdb1");
  assert.equal(fileSystemOf(mountOf("/tmp/x", mounts)), "tmpfs on /tmp");
});

test("a directory that is there and writable has no problem", () => {
  assert.equal(placeProblem(facts("/backup/volumes", { lastPoint: "/backup" })), "");
  assert.equal(placeProblem(facts("/srv", { lastPoint: undefined })), "");
});

test("what was mounted when it was last written to, and is not any more, is not mounted", () => {
  assert.match(
    placeProblem(facts("/gone/volumes", { lastPoint: "/gone" })),
    /^\/gone\/volumes is not mounted: .*mounted at \/gone/,
  );
  assert.match(
    placeProblem(facts("/gone", { lastPoint: "/gone", isThere: false })),
    /not mounted/,
    "said before that it is not there",
  );
  assert.equal(placeProblem(facts("/backup/volumes", { lastPoint: "/backup/volumes" })) === "", false);
});

test("a Mount Point at which nothing is mounted is said", () => {
  assert.match(placeProblem(facts("/srv/a", { mountPoint: "/srv" })), /is not mounted: nothing is mounted at \/srv/);
  assert.equal(placeProblem(facts("/backup/a", { mountPoint: "/backup" })), "");
});

test("read-only mounts and file systems are told apart from rights", () => {
  assert.match(placeProblem(facts("/with space/v")), /is mounted read-only/);
  assert.match(placeProblem(facts("/super/v")), /is mounted read-only/);
  assert.match(placeProblem(facts("/backup", { mayWrite: false })), /not writeable/);
  assert.match(placeProblem(facts("/backup/none", { isThere: false })), /is not there/);
});
