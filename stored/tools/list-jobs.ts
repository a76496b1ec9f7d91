import { reportTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { labelType } from "#stored/volume/format.ts";
import { readVolumeLabel } from "#stored/volume/volume-label.ts";
import { ObjectDescriber } from "./describe-object.ts";
import { sessionLabelLines, volumeLabelLines } from "./dump-label.ts";
import type { VolumeRecord } from "#stored/volume/record-reader.ts";
import type { SessionEnd, SessionLabel } from "#stored/volume/session-label.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** What a label of the medium is called. */
const mediumLabels: ReadonlyMap<number, string> = new Map([
  [labelType.preLabel, "Fresh Volume"],
  [labelType.volumeLabel, "Volume"],
  [labelType.endOfMedium, "End of Medium"],
  [labelType.endOfTape, "End of Physical Medium"],
  [labelType.startOfObject, "Start of object"],
  [labelType.endOfObject, "End of object"],
]);

/** Most sessions without an end that are remembered. */
const SESSIONS_MAX = 100_000;

/** The labels of Volumes and sessions: bls -j. */
export class JobListing {
  readonly #voice: ToolVoice;
  readonly #isVerbose: boolean;
  readonly #describer = new ObjectDescriber();
  /** Sessions that have begun and not ended. */
  readonly #open = new Map<string, string>();

  constructor(voice: ToolVoice, isVerbose: boolean) {
    this.#voice = voice;
    this.#isVerbose = isVerbose;
  }

  wantsStream(): boolean {
    return false;
  }

  record(): void {}

  volumeLabel(record: VolumeRecord): void {
    const isVolume = record.fileIndex === labelType.preLabel || record.fileIndex === labelType.volumeLabel;
    if (!this.#isVerbose || !isVolume) {
      this.#voice.plain(labelRecordLine(record) + (this.#isVerbose ? this.#describer.textOf(record) : ""));
      return;
    }
    try {
      const facts = { fileIndex: record.fileIndex, bytes: record.data.byteLength };
      for (const text of volumeLabelLines(readVolumeLabel(record.data), facts, false)) this.#voice.plain(text);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.#voice.error(`block at address ${record.address}: ${error.message}`);
    }
  }

  sessionLabel(record: VolumeRecord, label: SessionLabel & { readonly end?: SessionEnd }): void {
    this.#follow(record, label);
    if (this.#isVerbose) {
      for (const text of sessionLabelLines(label)) this.#voice.plain(text);
      return;
    }
    const { end } = label;
    const at = `${where(record)} JobId=${label.jobId}`;
    const kind = `Level=${label.level} Type=${label.type}`;
    const date = `Date=${reportTime(label.date)}`;
    if (end === undefined) {
      this.#voice.plain(`Begin Job Session Record: ${at}`);
      this.#voice.plain(`   Job=${label.job} ${date} ${kind}`);
      return;
    }
    const count = (value: number): string => value.toLocaleString("en-US");
    this.#voice.plain(`End Job Session Record: ${at}`);
    this.#voice.plain(
      `   ${date} ${kind} Files=${count(end.files)} Bytes=${count(end.bytes)} Errors=${end.errors} Status=${end.status}`,
    );
  }

  finish(): void {
    for (const text of this.#open.values())
      this.#voice.plain(`No End Job Session Record: ${text}: the job is incomplete, or goes on on another Volume`);
    if (this.#isVerbose) this.#voice.plain('Bacula "End of Tape" label found.');
  }

  #follow({ session }: VolumeRecord, label: SessionLabel & { readonly end?: SessionEnd }): void {
    const key = `${session.id}:${session.time}`;
    if (label.end !== undefined) this.#open.delete(key);
    else if (this.#open.size < SESSIONS_MAX)
      this.#open.set(key, `SessId=${session.id} SessTime=${session.time} JobId=${label.jobId} Job=${label.job}`);
  }
}

/** A label of the medium or of an object of a session, in one line. */
export function labelRecordLine(record: VolumeRecord): string {
  const name = mediumLabels.get(record.fileIndex) ?? "Unknown";
  return `${name} Record: ${where(record)} JobId=${record.stream} DataLen=${record.data.byteLength}`;
}

/** `File:blk=0:210 SessId=1 SessTime=1795267114` */
function where({ address, session }: VolumeRecord): string {
  return `File:blk=${Math.floor(address / 2 ** 32)}:${address % 2 ** 32} SessId=${session.id} SessTime=${session.time}`;
}
