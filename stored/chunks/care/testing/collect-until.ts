/* Collects in the store of the directory that is named, and is killed at the step that is named. Ends with 0 if it has fewer steps. */
import { ChunkStore } from "../../chunk-store.ts";
import { storeSettings } from "../../testing/store-bench.ts";
import { collect } from "../collect.ts";

const directory = process.argv[2] ?? "";
let left = Number(process.argv[3]);

// Returned at once otherwise: a collection without others beside it.
async function step(): Promise<void> {
  if (--left > 0) return;
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => {});
}

await using store = await ChunkStore.open(storeSettings(directory));
await collect(await store.domain("all"), 90, { step, spend: step });
