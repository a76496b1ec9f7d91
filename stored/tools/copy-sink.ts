import { OperatorError } from "#lib/errors/operator-error.ts";
import { STREAM_TYPE_MASK, streamType } from "#lib/streams/stream-type.ts";
import { labelType } from "#stored/volume/format.ts";
import { SessionBlocks } from "#stored/volume/session-blocks.ts";
import { writeSessionLabel } from "#stored/volume/session-label.ts";
import type { SessionKey } from "#stored/volume/block.ts";
import type { VolumeRecord } from "#stored/volume/record-reader.ts";
import type { FilledBlock } from "#stored/volume/session-blocks.ts";
import type { SessionEnd, SessionLabel } from "#stored/volume/session-label.ts";
import type { CopyTarget } from "./copy-target.ts";
import type { OpenVolume } from "./open-volumes.ts";
import type { ScanSink } from "./scan-volumes.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** Most sessions whose blocks are being filled; of more, those that began first are written out as they are. */
const SESSIONS_MAX = 4096;

/** What waits for the target: a block, or the end of a session, whose label says where it lies. */
type Step =
  | { readonly kind: "block"; readonly block: FilledBlock }
  | { readonly kind: "end"; readonly session: SessionKey; readonly label: SessionLabel; readonly end: SessionEnd };

/** Lays the records of a scan into blocks of another size and hands them to the Volumes of a copy. */
export class CopySink implements ScanSink {
  readonly #target: CopyTarget;
  readonly #voice: ToolVoice;
  readonly #isVerbose: boolean;
  readonly #sessions = new Map<string, SessionBlocks>();
  #steps: Step[] = [];
  /** Jobs whose beginning was copied, and records with their labels. */
  jobs = 0;
  records = 0;

  constructor(target: CopyTarget, voice: ToolVoice, isVerbose: boolean) {
    this.#target = target;
    this.#voice = voice;
    this.#isVerbose = isVerbose;
  }

  volume({ volume, label }: OpenVolume): void {
    if (label?.isPreLabel === true)
      throw new OperatorError(
        "VOLUME_NOT_COPIED",
        `Volume "${volume}" is prelabeled: nothing is on it. This volume cannot be copied.`,
      );
    this.#target.source ??= label?.label;
  }

  record(record: VolumeRecord): void {
    const { stream, data, fileIndex, session } = record;
    if ((stream & STREAM_TYPE_MASK) === streamType.chunkList)
      throw new OperatorError(
        "VOLUME_NOT_COPIED",
        "the Volume names chunks that lie in a store; a copy of the Volume alone would not hold the files' data",
        { hint: 'send the whole store to another storage with "dedup replicate", or run a copy job' },
      );
    this.records += 1;
    this.#blocksOf(session).append({ fileIndex, stream }, data);
  }

  volumeLabel(record: VolumeRecord): void {
    const { fileIndex, stream, data, session } = record;
    if (fileIndex === labelType.startOfObject || fileIndex === labelType.endOfObject) {
      this.records += 1;
      this.#blocksOf(session).appendLabel(fileIndex, stream, data);
    } else if (this.#isVerbose) this.#voice.say(notCopied.get(fileIndex) ?? "Volume label not copied.");
  }

  sessionLabel({ session, data, stream, fileIndex }: VolumeRecord, label: SessionLabel & { readonly end?: SessionEnd }): void {
    const { end, ...start } = label;
    this.records += 1;
    if (this.#isVerbose) {
      this.#voice.say(
        `${end === undefined ? "Begin" : "End"} Job Session Record: VolSessionId=${session.id} VolSessionTime=${session.time} JobId=${label.jobId} DataLen=${data.byteLength}`,
      );
    }
    if (end === undefined) {
      this.jobs += 1;
      this.#blocksOf(session).appendLabel(fileIndex, stream, data);
      return;
    }
    this.#blocksOf(session).flush();
    this.#sessions.delete(keyOf(session));
    this.#steps.push({ kind: "end", session, label: start, end });
  }

  async turn(): Promise<void> {
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps) {
      if (step.kind === "block") this.#target.add(step.block);
      else await this.#end(step);
    }
    await this.#target.drain();
  }

  /** After the last Volume: what of sessions without an end is there is written, too. */
  async finish(): Promise<void> {
    for (const blocks of this.#sessions.values()) blocks.flush();
    await this.turn();
    await this.#target.finish();
  }

  /** A session's end says where the session lies: on the copy that is elsewhere. */
  async #end({ session, label, end }: Extract<Step, { kind: "end" }>): Promise<void> {
    await this.#target.drain();
    const { start, end: address } = this.#target.placeOf(session);
    const blocks = this.#newBlocks(session, (block) => this.#target.add(block));
    const moved = {
      ...end,
      startBlock: start % 2 ** 32,
      startFile: Math.floor(start / 2 ** 32),
      endBlock: address % 2 ** 32,
      endFile: Math.floor(address / 2 ** 32),
    };
    blocks.appendLabel(labelType.endOfSession, label.jobId, writeSessionLabel(label, moved));
    blocks.flush();
    await this.#target.drain();
    this.#target.closeSession(session);
  }

  #blocksOf(session: SessionKey): SessionBlocks {
    const key = keyOf(session);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    if (this.#sessions.size >= SESSIONS_MAX) for (const [, oldest] of [...this.#sessions].slice(0, 1)) oldest.flush();
    const blocks = this.#newBlocks(session, (block) => this.#steps.push({ kind: "block", block }));
    this.#sessions.set(key, blocks);
    return blocks;
  }

  #newBlocks(session: SessionKey, onBlock: (block: FilledBlock) => void): SessionBlocks {
    const { blockBytesMin } = this.#target.device.facts;
    return new SessionBlocks({ session, takeBuffer: () => this.#target.takeBuffer(), onBlock, blockBytesMin });
  }
}

const notCopied: ReadonlyMap<number, string> = new Map([
  [labelType.endOfMedium, "EOM label not copied."],
  [labelType.endOfTape, "EOT label not copied."],
]);

function keyOf({ id, time }: SessionKey): string {
  return `${id}:${time}`;
}
