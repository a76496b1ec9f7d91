import { readlinkSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { bytesOf, fsPath } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { endThread } from "#lib/platform/end-thread.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import type { BackupWork } from "#proto/filed.ts";
import type { EstimateReply } from "#proto/filed.ts";
import { ThreadControl } from "#filed/backup/thread-control.ts";
import type { AccurateTable, FromWalker, WalkerStart } from "#filed/backup/thread-messages.ts";
import { EntryCursor, statField } from "#filed/walk/entry.ts";
import type { EntryList } from "#filed/walk/entry.ts";

export interface EstimateOptions {
  readonly work: BackupWork;
  readonly listing: boolean;
  readonly accurate: AccurateTable | undefined;
  readonly signal: AbortSignal;
}

/** Walks what a backup would save, without opening any data: replies with lines of a listing if asked, then one with the sums. */
export async function* estimate(options: EstimateOptions): AsyncGenerator<EstimateReply> {
  const { work, listing, signal } = options;
  if (work.fileset === undefined) throw new OperatorError("JOB_REFUSED", "an estimate needs a FileSet");
  const control = new ThreadControl(undefined, 1);
  const start: WalkerStart = {
    control: control.shared,
    producer: 0,
    fileset: work.fileset,
    sinceNs: BigInt(work.sinceUs) * 1000n,
    accurate: work.accurate ? options.accurate : undefined,
  };
  const worker = new Worker(new URL("../walk/walker-thread.ts", import.meta.url), { workerData: start });
  const names = new OwnerNames();
  const sums = { files: 0, bytes: 0, errors: 0 };
  try {
    for await (const message of messages(worker, signal)) {
      if (message.kind === "list") {
        const lines = takeList(message.list, sums, listing ? names : undefined);
        control.consumed(0, 1);
        if (lines.length > 0) yield { lines, files: undefined, bytes: undefined, errors: undefined };
      } else if (message.kind === "note" && message.note === "notSaved") sums.errors++;
      else if (message.kind === "failed") throw new OperatorError("LIST_FAILED", message.text);
      else if (message.kind === "end") break;
    }
    yield { lines: [], ...sums };
  } finally {
    control.cancel();
    await endThread(worker);
  }
}

/** Messages of the walker as they come. Few wait here: the walker's credit bounds them. */
async function* messages(worker: Worker, signal: AbortSignal): AsyncGenerator<FromWalker> {
  const waiting: FromWalker[] = [];
  let failure: unknown;
  let wake = (): void => {};
  worker.on("message", (message: FromWalker) => {
    waiting.push(message);
    wake();
  });
  worker.on("error", (error) => {
    failure = new OperatorError("WORKER_FAILED", "a thread of the file daemon ended unexpectedly", { cause: error });
    wake();
  });
  const onAbort = (): void => {
    failure = signal.reason;
    wake();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      if (failure !== undefined) throw failure;
      const message = waiting.shift();
      if (message !== undefined) yield message;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function takeList(list: EntryList, sums: { files: number; bytes: number }, names: OwnerNames | undefined): Buffer[] {
  const lines: Buffer[] = [];
  const cursor = new EntryCursor(list);
  while (cursor.next()) {
    sums.files++;
    if (cursor.type === fileType.regular) sums.bytes += Number(cursor.stat(statField.size));
    if (names !== undefined) lines.push(bytesOf(listingLine(cursor, names)));
  }
  return lines;
}

/** One line like `ls -l`, as a byte string. */
function listingLine(cursor: EntryCursor, names: OwnerNames): string {
  const uid = Number(cursor.stat(statField.uid));
  const gid = Number(cursor.stat(statField.gid));
  const owner = (names.user(uid) || String(uid)).padEnd(8);
  const group = (names.group(gid) || String(gid)).padEnd(8);
  const mode = modeText(Number(cursor.stat(statField.mode)));
  const size = String(cursor.stat(statField.size)).padStart(15);
  const link = cursor.type === fileType.symlink ? ` -> ${linkOf(cursor.path)}` : "";
  return `${mode} ${String(cursor.stat(statField.nlink)).padStart(3)} ${owner} ${group} ${size} ${timeText(cursor.stat(statField.mtimeNs))}  ${cursor.path}${link}`;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(fsPath(path), { encoding: "latin1" });
  } catch {
    return "?";
  }
}

const KINDS: Readonly<Record<number, string>> = {
  0o040000: "d",
  0o120000: "l",
  0o020000: "c",
  0o060000: "b",
  0o010000: "p",
  0o140000: "s",
};

/** "-rwxr-xr-x" of a mode. */
function modeText(mode: number): string {
  const special = (bit: number, index: number, lower: string): string =>
    mode & bit ? (mode & (0o100 >> (3 * index)) ? lower : lower.toUpperCase()) : mode & (0o100 >> (3 * index)) ? "x" : "-";
  let text = KINDS[mode & 0o170000] ?? "-";
  for (let who = 0; who < 3; who++) {
    text += mode & (0o400 >> (3 * who)) ? "r" : "-";
    text += mode & (0o200 >> (3 * who)) ? "w" : "-";
    text += special([0o4000, 0o2000, 0o1000][who]!, who, who === 2 ? "t" : "s");
  }
  return text;
}

function timeText(ns: bigint): string {
  const at = new Date(Number(ns / 1_000_000n));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
