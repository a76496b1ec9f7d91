import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { saveChunks } from "../testing/chunk-client.ts";
import { care, dedupWorld } from "../testing/dedup-world.ts";
import type { StorageWorld } from "../testing/storage-world.ts";

async function save(world: StorageWorld, bytes: number): Promise<void> {
  const request = world.appendRequest();
  await world.startJob(request);
  const [{ end, messages }] = await Promise.all([world.follow(request), saveChunks(world, request, [randomBytes(bytes)])]);
  assert.equal(end.status, "T", messages.join("\n"));
}

test("who has a store scrubbed, collected or verified hears how far it is before it ends", async () => {
  await using world = await dedupWorld();
  for (let i = 0; i < 3; i++) await save(world, 100_000);
  for (const [action, progress] of [
    ["scrub", "scrub in domain all, 0 of 3 containers"],
    ["vacuum", "collection in domain all, 0 of 3 sessions read"],
    ["verify", "verify in domain all, 0 of 3 sessions"],
  ] as const) {
    const { ok, lines } = await care(world, action);
    assert.ok(ok, lines.join("\n"));
    assert.equal(lines[0], progress);
    assert.match(lines.at(-1) ?? "", /3000 OK/);
  }
});

test("a scrub that keeps to its rate ends when who asked for it goes, and the next work begins at once", async () => {
  await using world = await dedupWorld("Dedup Scrub Bandwidth = 1");
  await save(world, 100_000);
  const stop = new AbortController();
  const scrub = care(world, "scrub", { signal: stop.signal, heard: () => stop.abort(new Error("Ctrl-C")) });
  await assert.rejects(scrub);
  const { ok, lines } = await care(world, "verify");
  assert.ok(ok, lines.join("\n"));
});
