import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { reportTime } from "#lib/base/local-time.ts";
import { impossible } from "#lib/base/assert.ts";
import { END_IS_MISSING } from "../device/check-end.ts";
import { checkedVolumeName } from "../device/volume-name.ts";
import { bringMedium, isBrought } from "../changer/bring-medium.ts";
import { judgeInDevice } from "../changer/judge-medium.ts";
import { usableInside } from "../changer/look-inside.ts";
import { VolumeFacts, errorState } from "./volume-facts.ts";
import { OperatorWait } from "./operator-wait.ts";
import { lackOfRoom, meansNoRoom, noRoomText } from "../space/lack-of-room.ts";
import { pleaseMakeRoom } from "../space/wait-for-room.ts";
import { positionOf } from "../tape/tape-address.ts";
import type { AppendMounted } from "../device/device-protocol.ts";
import type { Changes } from "../job/changes.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { JobVoice } from "../job/job-voice.ts";
import type { SessionKey } from "../volume/block.ts";
import type { CatalogVolume } from "#proto/job.ts";
import type { VolumesInUse } from "./volumes-in-use.ts";

/** Who writes labels: this daemon. */
export interface LabelAuthor {
  readonly host: string;
  readonly program: string;
  readonly programVersion: string;
  readonly programDate: string;
  /** Operating system of its machine. */
  readonly uname?: string;
}

/** What is needed to get an appendable Volume into a device. */
export interface VolumeSearch {
  readonly host: DeviceHost;
  readonly pool: string;
  readonly poolType: string;
  readonly voice: JobVoice;
  readonly session: SessionKey;
  readonly jobName: string;
  readonly client: string;
  /** Volume that the job leaves; "" at the start of a job. */
  readonly previousVolume: string;
  readonly volumes: VolumesInUse;
  readonly author: LabelAuthor;
  /** Notified when an operator has labeled or mounted something, or another job has let go of a Volume. */
  readonly poke: Changes;
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
}

/** Most Volumes that are refused in one search before the operator is asked. */
const REFUSED_MAX = 200;

/** Most new Volumes that cannot be made before the operator is asked: the device is broken, and each is one more record in the catalog. */
const NEW_FAILED_MAX = 3;

/**
 * Asks the Director for Volumes until one is mounted for appending; asks the operator when there is none. Rejects with JOB_NO_VOLUME
 * when the time allowed is over, or with the signal's reason.
 */
export async function mountForAppend(search: VolumeSearch): Promise<VolumeFacts> {
  const { voice, host } = search;
  const { poke, maxWaitMs, signal: jobSignal } = search;
  const wait = new OperatorWait({ voice, poke, maxWaitMs, signal: jobSignal, gapMsMax: host.settings.pollMs });
  const roomWait = host.store === undefined ? wait : waitForRoomOf(search);
  let refused: string[] = [];
  let noSpace = false;
  let newFailed = 0;
  for (;;) {
    // Before anything is asked for: what is not mounted is no reason for another Volume.
    const problem = await host.places?.problemOf(host);
    if (problem !== undefined) {
      // Whoever has set Open Retries wants them, and an end after the last, instead of an operator.
      if (host.settings.openRetries > 0) throw problem;
      await wait.until("M", `${describeError(problem)}. ${mendAndMount(host)}`);
      continue;
    }
    const findVolume = { pool: search.pool, mediaType: host.settings.mediaType, refused, device: host.name, noSpace };
    const question = {
      reason: `Job ${search.jobName} needs a Volume`,
      ask: { $case: "findVolume" as const, value: findVolume },
    };
    const late = "the Director did not say which Volume to use";
    const inside =
      refused.length > 0 || noSpace
        ? undefined
        : await usableInside(search, (ask) => wait.atMost((signal) => voice.ask(ask, signal), late));
    const answer = inside ?? (await wait.atMost((signal) => voice.ask(question, signal), late));
    switch (answer.$case) {
      case "refuse":
        throw new OperatorError("JOB_NO_VOLUME", `the Director has no Volume for the job: ${answer.value}`);
      case "none":
        if (noSpace) await roomWait.until("M", pleaseMakeRoom(host, search.jobName, answer.value));
        else await wait.until("m", pleaseLabel(search, answer.value));
        refused = [];
        continue;
      case "use": {
        const outcome = await tryVolume(search, answer.value);
        if (outcome instanceof VolumeFacts) return outcome;
        if (outcome.isNoRoom === true && !noSpace) {
          noSpace = true;
          continue;
        }
        noSpace = false;
        if (outcome.isNew === true) newFailed += 1;
        if (outcome.needsOperator || refused.length >= REFUSED_MAX || newFailed >= NEW_FAILED_MAX) {
          newFailed = 0;
          await (outcome.isNoRoom === true ? roomWait : wait).until("M", outcome.reason);
          refused = [];
        } else {
          voice.say("warning", outcome.reason);
          refused = [...refused, answer.value.volume];
        }
        continue;
      }
      default:
        impossible(answer, "answer to findVolume");
    }
  }
}

/** A job to a store stays on its device: for room there it waits no longer than the device says. */
function waitForRoomOf({ host, voice, poke, maxWaitMs, signal }: VolumeSearch): OperatorWait {
  return new OperatorWait({ voice, poke, signal, maxWaitMs: Math.min(maxWaitMs, host.settings.roomWaitMs) });
}

/** Why a Volume was not mounted. */
interface RefusedVolume {
  readonly reason: string;
  readonly needsOperator: boolean;
  /** The file system has no room, for this Volume or any other. */
  readonly isNoRoom?: boolean;
  /** It could not even be made. */
  readonly isNew?: boolean;
}

/** Mounts the Volume that the Director named, or says why not. */
async function tryVolume(search: VolumeSearch, catalog: CatalogVolume): Promise<VolumeFacts | RefusedVolume> {
  const { host, volumes } = search;
  const volume = checkedVolumeName(catalog.volume);
  if (!volumes.take(volume, host.name)) {
    return { reason: `Volume "${volume}" is in use by device "${volumes.deviceOf(volume)}"`, needsOperator: false };
  }
  let isMounted = false;
  let isNew = false;
  let place: Disposable | undefined;
  try {
    const tell = (line: string) => search.voice.say("info", line);
    const slot = catalog.inChanger ? catalog.slot : 0;
    const brought = await bringMedium(host, { volume, slot, client: search.client, job: search.jobName, tell }, search.signal);
    if (!isBrought(brought)) return brought;
    place = brought;
    const found = await host.call("inspect", { volume });
    const verdict = judgeInDevice(host, catalog, found);
    if (verdict.kind === "operator" || verdict.kind === "refuse") host.drive?.doubtSlot();
    if (verdict.kind === "operator") return { reason: verdict.reason, needsOperator: true };
    if (verdict.kind === "refuse") return refuse(search, catalog, verdict.reason, verdict.marksError);
    isNew = verdict.kind === "create";
    const lack = verdict.kind === "relabel" ? undefined : await lackOfRoom(host);
    if (lack !== undefined) return { reason: lack, needsOperator: true, isNoRoom: true };
    // First what the store keeps for the Volume's jobs: if what follows fails they are given up all the same.
    if (verdict.kind === "relabel") await host.store?.forget({ sessions: [], volume });
    search.signal.throwIfAborted();
    const mounted = await host.call("mountAppend", { ...wishFor(search, catalog, found), action: verdict.kind });
    isMounted = true;
    host.keepMedium(place, volume, search.pool);
    const facts = new VolumeFacts(catalog, {
      volType: host.volType,
      bytes: mounted.bytes,
      tapeEnd: mounted.tapeEnd,
      isLabelNew: mounted.isLabelNew,
      extraBlocks: mounted.tail?.blocks ?? 0,
      nowMs: Date.now(),
    });
    tellMounted(search, facts, verdict.kind, mounted);
    await host.places?.wrote(host);
    return facts;
  } catch (error) {
    if (isNew && meansNoRoom(error))
      return { reason: noRoomText(host, describeError(error)), needsOperator: true, isNoRoom: true };
    // Where one new Volume cannot be made, no other can: each would only be one more record in the catalog.
    if (isNew && error instanceof OperatorError && error.code === "VOLUME_READ_ONLY")
      return { reason: `${describeError(error)}. ${mendAndMount(host)}`, needsOperator: true };
    if (error instanceof OperatorError && refusable.has(error.code))
      return { ...refuse(search, catalog, describeError(error), !sound.has(error.code)), isNew };
    throw error;
  } finally {
    if (!isMounted) {
      place?.[Symbol.dispose]();
      volumes.release(volume, host.name);
    }
  }
}

/** Failures after which what the Volume holds is good all the same. */
const sound: ReadonlySet<string> = new Set(["VOLUME_READ_ONLY", "VOLUME_END_MISSING"]);

/** Failures that concern one Volume only, so that another one may do. */
const refusable: ReadonlySet<string> = new Set([
  "VOLUME_SIZE_MISMATCH",
  "VOLUME_WRONG_LABEL",
  "VOLUME_NOT_LABELED",
  "VOLUME_NOT_FOUND",
  "VOLUME_EXISTS",
  "VOLUME_READ_ONLY",
  "LABEL_DAMAGED",
  "LABEL_FOREIGN",
  "VOLUME_DAMAGED",
  "VOLUME_END_MISSING",
  "DEVICE_IO_FAILED",
]);

function mendAndMount(host: DeviceHost): string {
  const { name, archiveDevice } = host.settings;
  return `Please correct that, then use the "mount" command for:\n    Storage:      "${name}" (${archiveDevice})`;
}

function refuse(
  search: VolumeSearch,
  catalog: CatalogVolume,
  reason: string,
  marksError: boolean,
): { readonly reason: string; readonly needsOperator: boolean } {
  if (!marksError) return { reason, needsOperator: false };
  search.voice.volume(errorState(catalog, search.host.volType, Date.now()));
  return { reason: `${reason}. Marking Volume "${catalog.volume}" in Error in Catalog.`, needsOperator: false };
}

function wishFor(
  search: VolumeSearch,
  catalog: CatalogVolume,
  found: { readonly kind: string; readonly label?: { readonly labelDate: number } },
) {
  const now = Date.now();
  const limits = [catalog.maxBytes, search.host.settings.volumeBytesMax].filter((limit) => limit > 0);
  return {
    label: {
      volume: catalog.volume,
      previousVolume: search.previousVolume,
      labelDate: found.label?.labelDate ?? now,
      writeDate: now,
      pool: search.pool,
      poolType: search.poolType,
      mediaType: search.host.settings.mediaType,
      ...search.author,
    },
    session: search.session,
    catalogBytes: catalog.bytes,
    catalogBlocks: catalog.blocks,
    catalogEnd: { catalogFiles: catalog.files, catalogAddress: catalog.endFile * 2 ** 32 + catalog.endBlock },
    volumeBytesMax: limits.length === 0 ? 0 : Math.min(...limits),
  };
}

/** Says what was done, in the words that administrators know. */
function tellMounted(
  search: VolumeSearch,
  facts: VolumeFacts,
  action: "create" | "relabel" | "append",
  mounted: AppendMounted,
): void {
  const { voice, host } = search;
  const { name } = facts;
  if (action === "create") voice.say("info", `Labeled new Volume "${name}" on ${host.title}.`);
  if (action === "relabel" && (facts.catalog.status === "Recycle" || facts.catalog.status === "Purged"))
    voice.say("info", `Recycled volume "${name}" on ${host.title}, all previous data lost.`);
  else if (mounted.isLabelNew) voice.say("info", `Wrote label to prelabeled Volume "${name}" on ${host.title}`);
  for (const note of mounted.notes) voice.say("warning", note);
  if (!mounted.isLabelNew) {
    voice.say("info", `Volume "${name}" previously written, moving to end of data.`);
    if (host.settings.appendCheck.mode !== "Paranoid" || host.settings.appendCheck.writesEnd)
      voice.say(mounted.steps.includes(END_IS_MISSING) ? "warning" : "info", `Volume "${name}": ${mounted.steps.join("; ")}.`);
    const { tail } = mounted;
    if (tail !== undefined) {
      voice.say(
        "warning",
        `For Volume "${name}": The sizes do not match! Volume=${tail.catalogBytes + tail.keptBytes + tail.cutBytes} Catalog=${tail.catalogBytes}. ` +
          `${tail.blocks} whole blocks of ${tail.keptBytes} bytes are kept, ${tail.cutBytes} bytes of an unfinished block were cut off. Correcting Catalog`,
      );
    }
    const end = mounted.tapeEnd === undefined ? `size=${mounted.bytes.toLocaleString("en-US")}` : tapeEndText(mounted.tapeEnd);
    voice.say("info", `Ready to append to end of Volume "${name}" ${end}`);
  }
  if (search.previousVolume !== "")
    voice.say("info", `New volume "${name}" mounted on ${host.title} at ${reportTime(Date.now())}.`);
  voice.volume(facts.state(Date.now()));
}

function tapeEndText(address: number): string {
  const { file, block } = positionOf(address);
  return block === 0 ? `at file=${file}` : `at file=${file} block=${block}`;
}

function pleaseLabel(search: VolumeSearch, why: string): string {
  const { host } = search;
  return [
    `Job ${search.jobName} is waiting. Cannot find any appendable volumes.${why === "" ? "" : ` (${why})`}`,
    'Please use the "label" command to create a new Volume for:',
    `    Storage:      "${host.name}" (${host.settings.archiveDevice})`,
    `    Pool:         ${search.pool}`,
    `    Media type:   ${host.settings.mediaType}`,
  ].join("\n");
}
