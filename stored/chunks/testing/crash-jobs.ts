/*
 * Runs jobs on the store in the directory that is named, beginning with the JobId that is named, three at a time, forgets some of
 * them and collects, until it is killed. Says what is certain: `kept 7` when job 7 is committed, `forget 7` before it is forgotten.
 */
import { setTimeout } from "node:timers/promises";
import { StoreServer } from "../store-server.ts";
import { chunksOfJob } from "./crash-chunks.ts";
import { framesOf, idsOf, sessionKey, storeSettings, writeReferences } from "./store-bench.ts";

const directory = process.argv[2] ?? "";
let nextJob = Number(process.argv[3]);
const server = new StoreServer(storeSettings(directory, { livePercent: 80 }));
const kept: number[] = [];
await server.call("open", null);

async function runJob(id: number): Promise<void> {
  const session = sessionKey(id);
  await server.call("begin", { session, jobId: id, pool: "Default", client: "c1" });
  const plains = chunksOfJob(id);
  for (let at = 0; at < plains.length; at += 5) {
    const part = plains.slice(at, at + 5);
    const known = await server.call("known", { session, ids: idsOf(part) });
    const missing = part.filter((_chunk, i) => (known[i >>> 3]! & (1 << (i & 7))) === 0);
    if (missing.length > 0) await server.call("append", { session, frames: framesOf(missing) });
  }
  if (id % 7 === 0) return void (await server.call("abandon", { session }));
  const volumes = [`Vol-${id % 3}`];
  const references = writeReferences({ directory, session, volumes }, [plains]);
  await server.call("commit", { session, references });
  process.stdout.write(`kept ${id}\n`);
  kept.push(id);
}

async function jobs(): Promise<never> {
  for (;;) await runJob(nextJob++);
}

async function care(): Promise<never> {
  for (;;) {
    await setTimeout(20);
    for (const id of kept.splice(0, kept.length - 4)) {
      process.stdout.write(`forget ${id}\n`);
      await server.call("forget", { sessions: [sessionKey(id)], volume: undefined });
    }
    await server.call("vacuum", { livePercent: 0 });
  }
}

await Promise.all([jobs(), jobs(), jobs(), care()]);
