import type { BigIntStats } from "node:fs";
import { RECORD_HEADER_BYTES, writeRecordHeader } from "#lib/wire/record.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import type { SavedList } from "#filed/backup/remembered.ts";
import { EntryListBuilder } from "#filed/walk/entry.ts";

/** An entry as a test writes it. */
export interface TestEntry {
  readonly path: string;
  readonly root?: number;
  readonly type?: number;
  readonly options?: number;
  readonly stat?: BigIntStats;
  readonly isReusable?: boolean;
  /** What stands in its only record; undefined: it has none. */
  readonly text?: string | undefined;
}

/** A stat that differs from that of another number in its size and times. */
export function testStat(number: number): BigIntStats {
  const times = { atimeNs: 1n, mtimeNs: 10n ** 18n + BigInt(number), ctimeNs: 10n ** 18n + BigInt(2 * number) };
  const facts = { dev: 7n, ino: 1000n + BigInt(number), mode: 0o100644n, nlink: 1n, uid: 0n, gid: 0n, rdev: 0n };
  return { ...facts, size: BigInt(number), blksize: 4096n, blocks: 8n, ...times } as BigIntStats;
}

/** A run with one record, as an encoder would remember it. */
export function testRun(text: string, stream = 1600): Uint8Array<ArrayBuffer> {
  const run = new Uint8Array(RECORD_HEADER_BYTES + text.length);
  writeRecordHeader(new DataView(run.buffer), 0, { fileIndex: 0, stream, dataSize: text.length });
  run.set(Buffer.from(text, "latin1"), RECORD_HEADER_BYTES);
  return run;
}

/** What an encoder would hand back for these entries. */
export function savedList(entries: readonly TestEntry[]): SavedList {
  const builder = new EntryListBuilder();
  const runs: Uint8Array[] = [];
  for (const [place, entry] of entries.entries()) {
    const { path, root = 0, type = fileType.regular, options = 0, stat = testStat(place) } = entry;
    builder.add({ fileIndex: place + 1, type, options, path, stat, link: "", linkFileIndex: 0, root });
    runs.push(entry.text === undefined ? new Uint8Array(0) : testRun(entry.text));
  }
  let end = 0;
  return {
    list: builder.take(),
    reusable: Uint8Array.from(entries, ({ isReusable = true }) => (isReusable ? 1 : 0)),
    records: Uint8Array.from(Buffer.concat(runs)),
    ends: Uint32Array.from(runs, (run) => (end += run.byteLength)),
  };
}
