import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { RememberedLayers } from "./remembered-layers.ts";
import { savedList } from "./testing/saved-lists.ts";

const skip = process.geteuid?.() === 0 ? false : "needs root (a small file system)";

test("a disk that is full costs the layer, which says so, and leaves nothing behind", { skip }, async () => {
  await using dir = await TempDir.make();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", dir.path]);
  try {
    const scope = { director: "d", jobName: "j", store: "s", domain: "all", identity: "sha256" };
    const layers = await RememberedLayers.open(dir.file("l"), scope, (text) => assert.fail(text));
    await using layer = await layers.begin({
      session: { volSessionId: 1, volSessionTime: 1 },
      isFull: true,
      roots: "r",
      options: ["o"],
    });
    for (let list = 0; list < 40; list++) {
      layer.sink.add(savedList([{ path: `/${list}`, text: "x".repeat(100_000) }]));
      if (list % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.match((await layer.commit(Date.now())) ?? "", /No space left/i);
    await layer[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(dir.file("l", readdirSync(dir.file("l"))[0]!)), []);
  } finally {
    execFileSync("umount", [dir.path]);
  }
});
