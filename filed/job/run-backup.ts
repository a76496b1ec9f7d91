import { bytesOf } from "#lib/base/byte-string.ts";
import { must } from "#lib/base/assert.ts";
import { encodeJobEndDescription } from "#lib/job-description/job-description.ts";
import { readMounts } from "#lib/platform/mounts.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { BackupWork } from "#proto/filed.ts";
import type { FileSet } from "#proto/fileset.ts";
import { StorageSender } from "#filed/backup/storage-sender.ts";
import { SaveTree } from "#filed/backup/save-tree.ts";
import { unknownCompressions } from "#filed/backup/save-options.ts";
import { storageClient } from "#filed/clients/storage-link.ts";
import { BackupStore } from "./backup-store.ts";
import { HungUp } from "./work-context.ts";
import { deletedBatches } from "#filed/backup/deleted-files.ts";
import type { EndLetter, WorkContext } from "./work-context.ts";

/** Saves a FileSet to the job's storage daemon. Throws what ends the job. */
export async function runBackup(context: WorkContext, work: BackupWork): Promise<EndLetter> {
  const { request, surroundings, voice } = context;
  const job = must(request.job, "a job has a name");
  const ticket = must(request.storage, "a backup has a storage daemon");
  const fileset = withOwnDirectories(must(work.fileset, "a backup has a FileSet"), surroundings.ownDirectories);
  warnOfCompression(context, fileset);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  await using client = storageClient({
    job,
    ticket,
    name: surroundings.name,
    identity: surroundings.identity,
    log: surroundings.rpcLog,
  });
  const sender = new StorageSender({
    client,
    job,
    key: ticket.key,
    clock: surroundings.clock,
    signal,
    lostMsMax: surroundings.lostMsMax,
    onState: (state, text) => voice.say(state === "lost" ? "warning" : "info", text),
    bytesPerSecond: request.bandwidthBytesPerS,
  });
  sender.start();
  try {
    await using store = await BackupStore.open(context, work, fileset, sender);
    const letter = await saveFiles(context, work, { fileset, sender, store, signal });
    if (letter === "T") await store?.commit();
    return letter;
  } catch (error) {
    await leaveStorage(context, sender, error);
    throw error;
  } finally {
    stop.abort(new OperatorError("CANCELED", "the job has ended"));
  }
}

/** Saves the files and waits until the storage daemon has all of them for good. Answers I where a limit left files out, else T. */
async function saveFiles(
  context: WorkContext,
  work: BackupWork,
  parts: {
    readonly fileset: FileSet;
    readonly sender: StorageSender;
    readonly store: BackupStore | undefined;
    readonly signal: AbortSignal;
  },
): Promise<"T" | "I"> {
  const { voice, numbers, log } = context;
  const { fileset, sender, store, signal } = parts;
  const tree = new SaveTree({
    fileset,
    sinceNs: BigInt(work.sinceUs) * 1000n,
    accurate: work.accurate ? context.accurate : undefined,
    allowCompression: work.allowCompression,
    bytesMax: work.maxBytes,
    sink: {
      send: async (batch, release) => {
        await log.room(signal);
        await sender.send(batch, release);
        follow();
      },
    },
    store: store?.save,
    note: (kind, text) => voice.say(kind, text),
    signal,
  });
  const follow = (): void => {
    Object.assign(numbers, tree.progress, { networkBytes: sender.sentBytes, dedup: store?.counts(tree.chunks) });
    checkLimits(context);
  };
  const saved = await tree.run();
  const { sockets, isCut } = saved.walk;
  // A walk that was cut short has not seen all: what it did not meet may still be there.
  const deleted = isCut ? [] : saved.deleted;
  for (const batch of deletedBatches(deleted, saved.lastFileIndex)) {
    await log.room(signal);
    await sender.send(batch, () => {});
  }
  if (deleted.length > 0) voice.say("info", `${deleted.length} files saved before are gone.`);
  follow();
  if (sockets > 0) voice.say("info", `${sockets} ${sockets === 1 ? "socket" : "sockets"} skipped.`);
  if (isCut) voice.say("error", `Byte limit reached (Maximum Bytes = ${work.maxBytes}): the files after this are not saved.`);
  const letter = isCut ? "I" : "T";
  await sender.finish({ status: letter, errors: numbers.errors, description: endDescription(context) });
  numbers.networkBytes = sender.sentBytes;
  return letter;
}

/** A canceled or failed job still tells the storage daemon how it ended, if that is quickly done. */
async function leaveStorage(context: WorkContext, sender: StorageSender, error: unknown): Promise<void> {
  if (context.signal.aborted || error instanceof OperatorError) return;
  const { errors } = context.numbers;
  await sender.finish({ status: "f", errors, description: endDescription(context) }).catch(() => {});
}

/** What the Volume says of the client's half: enough to rebuild its part of the catalog. */
function endDescription({ numbers }: WorkContext): Buffer {
  const { files, bytes, readBytes, missing: missingFiles } = numbers;
  return encodeJobEndDescription({ files, bytes, readBytes, missingFiles, mounts: readMounts() });
}

function withOwnDirectories(fileset: FileSet, own: readonly string[]): FileSet {
  return { ...fileset, ownDirectories: [...fileset.ownDirectories, ...own.map(bytesOf)] };
}

function warnOfCompression(context: WorkContext, fileset: FileSet): void {
  const options = fileset.includes.flatMap((include) => include.options);
  for (const compression of unknownCompressions(options)) {
    context.voice.say(
      "warning",
      `Compression = ${compression} cannot be written by this file daemon; files are saved without compression. GZIP or ZSTD can.`,
    );
  }
}

/** Ends the job at its error limit, and where a developer asked for a hang-up. */
function checkLimits(context: WorkContext): void {
  const { numbers, request } = context;
  if (request.maxErrors > 0 && numbers.errors > request.maxErrors) {
    throw new OperatorError("JOB_REFUSED", `the job has more than ${request.maxErrors} errors (Maximum Errors)`);
  }
  const hangup = context.surroundings.hangup();
  if ((hangup > 0 && numbers.files >= hangup) || (hangup < 0 && numbers.bytes >= -hangup * 1024)) throw new HungUp();
}
