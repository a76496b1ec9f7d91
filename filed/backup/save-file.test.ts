import assert from "node:assert/strict";
import { linkSync, lstatSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { readBatch } from "#lib/wire/record.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { EntryCursor, EntryListBuilder } from "#filed/walk/entry.ts";
import { RecordWriter } from "./record-writer.ts";
import { FileSaver } from "./save-file.ts";
import { saveOptions } from "./save-options.ts";
import { ThreadControl } from "./thread-control.ts";

test("a further name of a file whose first name vanished holds the data itself", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("a"), "content");
  linkSync(dir.file("a"), dir.file("b"));
  const stat = lstatSync(dir.file("a"), { bigint: true });
  const builder = new EntryListBuilder();
  builder.add({ fileIndex: 1, type: fileType.regular, options: 0, path: dir.file("a"), stat, link: "", linkFileIndex: 0 });
  builder.add({
    fileIndex: 2,
    type: fileType.hardLink,
    options: 0,
    path: dir.file("b"),
    stat,
    link: dir.file("a"),
    linkFileIndex: 1,
  });
  rmSync(dir.file("a"));
  const batches: Uint8Array[] = [];
  const notes: string[] = [];
  const writer = new RecordWriter({ full: (batch) => batches.push(batch) });
  using saver = new FileSaver({
    writer,
    options: [saveOptions(DEFAULT_OPTIONS, true)],
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    isCanceled: () => false,
    links: new ThreadControl(undefined, 1),
  });
  const cursor = new EntryCursor(builder.take());
  const results = [];
  while (cursor.next()) results.push(saver.save(cursor, true));
  writer.flush();
  const records = batches.flatMap((batch) => [...readBatch(batch)]);
  assert.deepEqual(results, ["missing", "saved"]);
  assert.deepEqual(
    [records.map(({ stream }) => stream), decodeAttributes(records[0]!.data).type],
    [[streamType.attributes, streamType.fileData], fileType.regular],
  );
  assert.match(notes.join(), /Could not open .*No such file or directory/);
});
