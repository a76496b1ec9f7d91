import { parentPort, workerData } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { AccurateList, comparesDigests } from "#filed/backup/accurate-list.ts";
import { ThreadControl } from "#filed/backup/thread-control.ts";
import { WALKER_LISTS_MAX } from "#filed/backup/thread-messages.ts";
import type { FromWalker, WalkerStart } from "#filed/backup/thread-messages.ts";
import { Memory } from "#filed/remember/memory.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { buffersOf, EntryListBuilder } from "./entry.ts";
import type { WalkedEntry } from "./entry.ts";
import { Walker } from "./walker.ts";
import type { WalkNote, WalkSink } from "./walker.ts";

/* The thread that walks the tree of a backup and sends lists of entries to the coordinator. */

const port = must(parentPort, "the walker runs as a thread");
const start = workerData as WalkerStart;
const control = new ThreadControl(start.control);
const builder = new EntryListBuilder();

function post(message: FromWalker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function handOver(): void {
  if (builder.count === 0) return;
  const list = builder.take();
  post({ kind: "list", list, examined: walker.counts.examined }, buffersOf(list));
  control.produce(start.producer, 1, WALKER_LISTS_MAX);
}

const sink: WalkSink = {
  entry(entry: WalkedEntry): void {
    builder.add(entry);
    if (builder.isFull) handOver();
  },
  note(note: WalkNote, text: string): void {
    post({ kind: "note", note, text });
  },
  get isCanceled(): boolean {
    return control.isCanceled;
  },
};

const fileset = compileFileSet(start.fileset);
const withDigests = fileset.optionsTable.some(comparesDigests);
const accurate = start.accurate === undefined ? undefined : new AccurateList(start.accurate, start.sinceNs, withDigests);
const remembered = start.remembered === undefined ? undefined : new Memory(start.remembered, (text) => sink.note("info", text));
const walker = new Walker({
  fileset,
  sinceNs: start.sinceNs,
  judge: accurate,
  memory: remembered,
  sink,
  bytesMax: start.bytesMax,
});
try {
  const counts = await walker.run();
  handOver();
  post({ kind: "end", counts, deleted: accurate?.deleted ?? [] });
} catch (error) {
  post({ kind: "failed", text: describeError(error) });
} finally {
  remembered?.[Symbol.dispose]();
}
