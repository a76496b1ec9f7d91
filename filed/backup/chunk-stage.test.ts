import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstatSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { ListCursor } from "#lib/chunk/chunk-list.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { BatchCursor } from "#lib/wire/record.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { MemoryStore } from "#filed/testing/memory-store.ts";
import { EntryListBuilder } from "#filed/walk/entry.ts";
import { noChunks } from "./chunk-counts.ts";
import { ChunkRunWriter } from "./chunk-run-writer.ts";
import { ChunkStage } from "./chunk-stage.ts";
import { EncoderOutput } from "./encoder-output.ts";
import { ListSaver } from "./list-saver.ts";
import { saveOptions } from "./save-options.ts";
import { ThreadControl } from "./thread-control.ts";

/** Bytes that compress a little and repeat within a file and between files. */
function contentOf(bytes: number, seed: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4096)
    createHash("sha512")
      .update(`${seed % 3} ${at % 300_000}`)
      .digest()
      .copy(content, at);
  return content;
}

/** An encoder without its thread, whose store answers when `isReady` says so, and at the latest when it is waited for. */
function encoder(store: MemoryStore, isReady: () => boolean) {
  const files = new Map<number, string>();
  const questions: Uint8Array[] = [];
  const counts = noChunks();
  const answer = (): Uint8Array | undefined => {
    const ids = questions.shift();
    return ids && store.known(ids);
  };
  const runs = new ChunkRunWriter({ place: { full: (run) => store.take(run) }, level: 1, counts });
  const stage = new ChunkStage({
    bounds: { minBytes: 4096, averageBytes: 16_384, maxBytes: 65_536 },
    runs,
    oracle: { ask: (ids) => questions.push(ids), poll: () => (isReady() ? answer() : undefined), wait: answer },
    settled: () => output.release(),
  });
  const output = new EncoderOutput({
    flushChunks: () => runs.flush(),
    progress: () => stage,
    post(message) {
      if (message.kind !== "batch") return;
      // The chunks of a batch come before it.
      store.checkLists(message.batch);
      const records = new BatchCursor(message.batch);
      while (records.next()) {
        const hash = createHash("sha256");
        if (records.stream !== streamType.chunkList) continue;
        const list = new ListCursor(records.data);
        while (list.next()) hash.update(store.plain(list.id));
        files.set(records.fileIndex, hash.digest("hex"));
      }
    },
  });
  const saver = new ListSaver({
    options: [saveOptions(DEFAULT_OPTIONS, true)],
    say: (message, transfer, bytes) => output.say(message, transfer, bytes),
    note: (_, text) => assert.fail(text),
    control: new ThreadControl(undefined, 1),
    reuse: () => undefined,
    chunks: { stage, counts },
    isRemembering: false,
    savedEntry: () => stage.poll(),
  });
  const finish = (): void => {
    stage.ask();
    while (!stage.isIdle) stage.settle();
  };
  return { saver, files, finish, counts };
}

test("whenever answers come, chunks go before the lists that name them, and files are whole", async () => {
  await using dir = await TempDir.make();
  const sizes = fc.array(fc.oneof(fc.nat(5000), fc.nat(200_000), fc.nat(6_000_000)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 2 }), fc.infiniteStream(fc.boolean()), (lists, readiness) => {
      const store = new MemoryStore();
      const { saver, files, finish, counts } = encoder(store, () => readiness.next().value);
      const wanted = new Map<number, string>();
      let bytes = 0;
      for (const [ordinal, list] of lists.entries()) {
        const builder = new EntryListBuilder();
        for (const [number, size] of list.entries()) {
          const fileIndex = 100 * ordinal + number + 1;
          const content = contentOf(size, fileIndex);
          const path = dir.file(`f${fileIndex}`);
          writeFileSync(path, content);
          bytes += size;
          const type = size === 0 ? fileType.emptyRegular : fileType.regular;
          const stat = lstatSync(path, { bigint: true });
          builder.add({ fileIndex, type, options: 0, path, stat, link: "", linkFileIndex: 0 });
          if (size > 0) wanted.set(fileIndex, createHash("sha256").update(content).digest("hex"));
        }
        saver.save({ ordinal, list: builder.take(), isLastTry: false });
      }
      finish();
      assert.deepEqual(files, wanted);
      // A chunk may go twice where the table of known ones forgot it, which is rare.
      assert.deepEqual([counts.fileBytes, counts.newChunks], [bytes, store.frames.size + store.repeated]);
      assert.ok(store.repeated <= 3, `${store.repeated} chunks were sent twice`);
    }),
    { numRuns: 10 },
  );
});
