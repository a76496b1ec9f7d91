import { byteString } from "#lib/base/byte-string.ts";
import { must } from "#lib/base/assert.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { replacePolicy } from "#lib/files/replace-policy.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import type { RestoreWork, StorageTicket } from "#proto/filed.ts";
import { storageClient } from "#filed/clients/storage-link.ts";
import { RestoreTree } from "#lib/files/restore-tree.ts";
import { readStorage } from "#filed/restore/storage-reader.ts";
import type { EndLetter, WorkContext } from "./work-context.ts";

/** Puts back what the job's storage daemon reads. Throws what ends the job. */
export async function runRestore(context: WorkContext, work: RestoreWork): Promise<EndLetter> {
  const { request, voice, numbers, signal } = context;
  const tickets = [must(request.storage, "a restore has a storage daemon"), ...request.furtherStorages];
  const replace = replacePolicy(work.replace);
  if (replace === undefined)
    throw new OperatorError("JOB_REFUSED", `"${work.replace}" is no replace policy`, {
      hint: "always, ifnewer, ifolder or never",
    });
  const where = byteString(work.where);
  if (where !== "" && !where.startsWith("/")) throw new OperatorError("JOB_REFUSED", "Where must be an absolute path");
  await using tree = new RestoreTree({
    where,
    regexWhere: work.regexWhere,
    replace,
    numericIds: work.numericIds,
    prefixLinks: work.prefixLinks,
    keys: await keysOf(context),
    note: (kind, text) => voice.say(kind, text),
    signal,
  });
  let damages = 0;
  const follow = (): void => {
    const { files, bytes, errors } = tree.counts;
    Object.assign(numbers, { files, bytes, readBytes: bytes, errors: errors + damages });
  };
  for (const ticket of tickets) damages += await readInto(context, tree, ticket, follow);
  const counts = await tree.finish();
  follow();
  numbers.examined = tree.filesSeen;
  numbers.missing = Math.max(0, work.filesExpected - counts.files - counts.skipped);
  if (counts.skipped > 0) voice.say("info", `${counts.skipped} files were left as they are (replace=${replace}).`);
  if (numbers.missing > 0) {
    numbers.errors++;
    voice.say("error", `${numbers.missing} of ${work.filesExpected} files did not come back.`);
  }
  return "T";
}

/** Keys that cannot be read cost only files that are encrypted: each of them is named then. */
async function keysOf({ surroundings, voice }: WorkContext): Promise<KeyRing | undefined> {
  try {
    return await surroundings.loadKeys();
  } catch (error) {
    voice.say("warning", `Encrypted files cannot be restored: ${describeError(error)}`);
    return undefined;
  }
}

/** Puts into the tree what one storage daemon reads; answers how many damages it met. Throws what ends the job. */
async function readInto(context: WorkContext, tree: RestoreTree, ticket: StorageTicket, follow: () => void): Promise<number> {
  const { request, surroundings, voice, numbers, signal } = context;
  const own = must(request.job, "a job has a name");
  const job = { ...own, job: ticket.job === "" ? own.job : ticket.job };
  await using client = storageClient({
    job,
    ticket,
    name: surroundings.name,
    identity: surroundings.identity,
    log: surroundings.rpcLog,
  });
  const end = await readStorage({
    client,
    job,
    key: ticket.key,
    clock: surroundings.clock,
    signal,
    lostMsMax: surroundings.lostMsMax,
    onState: (state, text) => voice.say(state === "lost" ? "warning" : "info", text),
    onBatch: async (batch, free) => {
      numbers.networkBytes += batch.byteLength;
      await context.log.room(signal);
      await tree.add(batch, free);
      follow();
    },
    onSession: ({ volSessionId, volSessionTime, jobId }) => tree.session(`${job.job} ${volSessionId}:${volSessionTime}`, jobId),
  });
  for (const damage of end.damages) voice.say("error", damage);
  if (end.failed !== "") throw new OperatorError("STORAGE_REFUSED", `${client.who} could not read everything: ${end.failed}`);
  return end.damages.length;
}
