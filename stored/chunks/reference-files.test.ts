import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReferenceFiles } from "./reference-files.ts";
import { ReferenceWriter } from "./reference-file-writer.ts";

const key = (id: number) => ({ time: 1_700_000_000, id });

async function commit(files: ReferenceFiles, id: number): Promise<void> {
  const writer = ReferenceWriter.create(files.newPath(key(id)), { session: key(id), jobId: id });
  writer.finish([`Vol-${id}`]);
  await files.commit(key(id), files.newPath(key(id)));
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "sessions-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("committed sessions are there after a restart, and what running jobs left is not", async () => {
  await inDirectory(async (directory) => {
    const files = await ReferenceFiles.open(directory);
    await commit(files, 1);
    ReferenceWriter.create(files.newPath(key(2)), { session: key(2), jobId: 2 });
    writeFileSync(join(directory, "1700000000-9.held"), "");
    const again = await ReferenceFiles.open(directory);
    assert.deepEqual(
      [...again.kept()].map(({ session, jobId, volumes, damage }) => ({ session, jobId, volumes, damage })),
      [{ session: key(1), jobId: 1, volumes: ["Vol-1"], damage: undefined }],
    );
    assert.deepEqual(readdirSync(directory), ["1700000000-1.refs"]);
  });
});

test("a forgotten session that a job holds is needed until that job has ended", async () => {
  await inDirectory(async (directory) => {
    const files = await ReferenceFiles.open(directory);
    await commit(files, 1);
    files.hold(key(5), key(1));
    assert.equal(await files.forget(key(1)), true);
    assert.equal(await files.forget(key(1)), false);
    assert.equal(files.get(key(1)), undefined);
    assert.deepEqual(
      files.needed().map(({ session }) => session.id),
      [1],
    );
    await files.release(key(5));
    assert.deepEqual(files.needed(), []);
    assert.deepEqual(readdirSync(directory), []);
  });
});

test("references that cannot be read are kept and told, not passed over", async () => {
  await inDirectory(async (directory) => {
    const files = await ReferenceFiles.open(directory);
    await commit(files, 1);
    truncateSync(join(directory, "1700000000-1.refs"), 50);
    const again = await ReferenceFiles.open(directory);
    assert.match(again.get(key(1))?.damage ?? "", /cannot be read/);
    assert.equal(again.needed().length, 1);
  });
});
