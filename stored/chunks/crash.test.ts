import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { seededRandom } from "#lib/testing/mutate-text.ts";
import { domainFolder } from "./store-paths.ts";
import { StoreServer } from "./store-server.ts";
import { chunksOfJob } from "./testing/crash-chunks.ts";
import { newStore, sessionKey, storeSettings } from "./testing/store-bench.ts";
import { storedAs } from "./testing/stored-as.ts";

const ROUNDS = 12;

/** Runs jobs in a process of its own until it is killed after `ms`; answers the lines that it said. */
async function killedAfter(ms: number, directory: string, firstJob: number): Promise<string[]> {
  const script = fileURLToPath(new URL("testing/crash-jobs.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(firstJob)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let said = "";
  child.stdout.on("data", (part: Buffer) => (said += part.toString()));
  await once(child.stdout, "data");
  await setTimeout(ms);
  child.kill("SIGKILL");
  const [code] = (await ended) as [number | null];
  assert.equal(code, null, "the jobs ran until they were killed");
  // A line that was cut off is not certain.
  return said.slice(0, said.lastIndexOf("\n")).split("\n");
}

/** Removes every file of references that the store has; its Volumes have copies of those that no crash came upon. */
async function loseReferences(directory: string): Promise<void> {
  const sessions = join(domainFolder(directory, "all"), "sessions");
  const copied = await Promise.all(
    [0, 1, 2].map(async (n) => await readdir(join(directory, `Vol-${n}`, "sessions")).catch(() => [])),
  );
  const names = new Set(copied.flat());
  for (const name of await readdir(sessions))
    if (names.has(name.replace(/\.refs$/, ".all.refs"))) await unlink(join(sessions, name));
}

test("after kill -9 at any moment, every job that was committed and not forgotten is whole", async () => {
  await using dir = await TempDir.make();
  await (await newStore(dir.path)).call("close", null);
  for (const number of [0, 1, 2]) await mkdir(join(dir.path, `Vol-${number}`));
  // The third one counts as away, so that what is written down for such Volumes meets the kills too.
  for (const number of [0, 1]) await writeFile(join(dir.path, `Vol-${number}`, "records"), "");
  const random = seededRandom(11);
  const kept = new Set<number>();
  let nextCheck = 0;
  let nextJob = 1;
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of await killedAfter(random() * 150, dir.path, nextJob)) {
      const [what, id] = line.split(" ");
      if (what === "kept") kept.add(Number(id));
      else kept.delete(Number(id));
      nextJob = Math.max(nextJob, Number(id) + 10);
    }
    if (round % 3 === 1) await loseReferences(dir.path);
    await using server = new StoreServer(storeSettings(dir.path));
    const { notes } = await server.call("open", null);
    for (const note of notes)
      assert.match(note, /unfinished containers were removed|were removed|were put back from Volume|was forgotten while/);
    const verified = await server.call("verify", null);
    assert.ok(verified.isClean, verified.lines.join("\n"));
    if (round % 4 === 3) await server.call("vacuum", { livePercent: 100 });
    // In the last round all of them.
    const since = round === ROUNDS - 1 ? 0 : nextCheck;
    nextCheck = nextJob - 30;
    for (const id of [...kept].filter((job) => job >= since)) {
      const plains = chunksOfJob(id);
      const isStored = await storedAs(server, sessionKey(id), plains);
      assert.ok(
        isStored.every(Boolean),
        `round ${round}: chunks ${isStored.flatMap((is, i) => (is ? [] : [i])).join()} of job ${id}`,
      );
    }
  }
  assert.ok(nextJob > ROUNDS * 5, "jobs ran in every round");
});
