import { OperatorError } from "#lib/errors/operator-error.ts";
import { decodeJobDescription, decodeJobEndDescription } from "#lib/job-description/job-description.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { isCatalogStream, labelType } from "#stored/volume/format.ts";
import type { ReadBlock } from "#stored/volume/block-reader.ts";
import { volumeBytes } from "#stored/device/device.ts";
import type { SessionKey } from "#stored/volume/block.ts";
import type { VolumeRecord } from "#stored/volume/record-reader.ts";
import type { SessionEnd, SessionLabel } from "#stored/volume/session-label.ts";
import { blockContents } from "./bscan-blocks.ts";
import { storeFiles } from "./bscan-files.ts";
import { ScannedSession, type ScannedRegion } from "./bscan-session.ts";
import type { BscanCatalog } from "./bscan-catalog.ts";
import type { OpenVolume } from "./open-volumes.ts";
import type { ScanSink } from "./scan-volumes.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** A region ends at the latest after so many bytes of Volume, as with the storage daemon's default of Maximum File Size. */
const REGION_BYTES = 1_000_000_000;

/** A batch goes to the catalog when it has grown to this. */
const BATCH_BYTES = 512 * 1024;

/** The Volume that is read. */
interface VolumeAtHand {
  readonly name: string;
  readonly isPreLabel: boolean;
  /** False: a bootstrap selects a part, so that the Volume's own row says more than is read. */
  readonly isWhole: boolean;
  media: MediaRow | null;
  readonly sessions: Set<ScannedSession>;
  /** Sessions whose place on this Volume was known before. */
  readonly placed: Map<ScannedSession, boolean>;
  /** Address behind the label's block, which is of no session though it bears the key of one. */
  readonly labelEnd: number;
  /** Address of the end of a tape; undefined: it is none. */
  readonly tapeEnd: number | undefined;
  blocks: number;
  /** Bytes of the blocks that were read, and how many there were where the runs at hand begin. */
  bytes: number;
  regionFloor: number;
  firstDate: number;
  lastDate: number;
}

/** What a scan shows beside what it does. */
export interface BscanShow {
  readonly voice: ToolVoice;
  /** Every record a line. */
  readonly listsRecords: boolean;
  /** How far it is, in percent of each Volume. */
  readonly showsProgress: boolean;
}

/**
 * Takes what lies on Volumes apart into steps for the catalog. Steps are collected while blocks are read and done in their order, one
 * turn's while the next turn's blocks are read: what waits is bounded by a turn.
 */
export class BscanSink implements ScanSink {
  readonly #catalog: BscanCatalog;
  readonly #show: BscanShow;
  readonly #volType: number;
  readonly #sessions = new Map<string, ScannedSession>();
  #steps: (() => Promise<void>)[] = [];
  #underWay: Promise<void> = Promise.resolve();
  #volume: VolumeAtHand | undefined;
  #last: ScannedSession | undefined;
  #percent = -1;
  #size = 0;

  constructor(catalog: BscanCatalog, show: BscanShow, volType: number) {
    this.#catalog = catalog;
    this.#show = show;
    this.#volType = volType;
  }

  wantsStream(stream: number): boolean {
    return this.#show.listsRecords || isCatalogStream(stream);
  }

  volume({ volume, label, medium, entries }: OpenVolume): void {
    const date = label?.label.labelDate ?? 0;
    const atHand: VolumeAtHand = {
      name: volume,
      isPreLabel: label?.isPreLabel ?? false,
      isWhole: entries.every(isWholeVolume),
      media: null,
      sessions: new Set(),
      placed: new Map(),
      blocks: 0,
      labelEnd: medium.tape === undefined ? (label?.bytes ?? 0) : 1,
      tapeEnd: medium.tape === undefined ? undefined : medium.end,
      bytes: label?.bytes ?? 0,
      regionFloor: label?.bytes ?? 0,
      firstDate: 0,
      lastDate: date,
    };
    this.#volume = atHand;
    this.#size = volumeBytes(medium);
    this.#percent = -1;
    if (label === undefined) return;
    this.#step(async () => {
      atHand.media = await this.#catalog.volumes.volume(label.label, this.#volType);
    });
  }

  sessionLabel(record: VolumeRecord, label: SessionLabel & { readonly end?: SessionEnd }): void {
    const { end, ...start } = label;
    const session = this.#session(record.session, start);
    const volume = this.#volume;
    if (volume !== undefined) {
      if (volume.firstDate === 0) volume.firstDate = label.date;
      volume.lastDate = Math.max(volume.lastDate, label.date);
    }
    if (end === undefined || session.hasEnded) return;
    session.hasEnded = true;
    this.#flush(session);
    this.#step(async () => {
      await this.#catalog.endJob(session, { ...end, date: label.date }, session.endDescription);
    });
  }

  volumeLabel(record: VolumeRecord): void {
    if (record.fileIndex !== labelType.startOfObject && record.fileIndex !== labelType.endOfObject) return;
    const session = this.#session(record.session);
    try {
      if (record.fileIndex === labelType.startOfObject) {
        const bytes = session.start.take(record.data);
        if (bytes === undefined) return;
        const description = decodeJobDescription(bytes);
        this.#step(async () => await this.#catalog.describe(session, description));
      } else {
        const bytes = session.end.take(record.data);
        if (bytes !== undefined) session.endDescription = decodeJobEndDescription(bytes);
      }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.#show.voice.error(`block at address ${record.address}: ${error.message}`);
    }
  }

  record(record: VolumeRecord): void {
    const { fileIndex, stream, data } = record;
    if (this.#show.listsRecords)
      this.#show.voice.plain(
        `Record: SessId=${record.session.id} SessTim=${record.session.time} FileIndex=${fileIndex} Stream=${stream} len=${data.byteLength}`,
      );
    if (!isCatalogStream(stream)) return;
    const session = this.#session(record.session);
    if (!session.builder.fits(data.byteLength)) this.#flush(session);
    session.builder.append(fileIndex, stream, data);
    if (session.builder.length >= BATCH_BYTES) this.#flush(session);
  }

  block(block: ReadBlock): void {
    const volume = this.#volume;
    if (volume === undefined || block.address < volume.labelEnd) return;
    volume.blocks += 1;
    const { session: key } = block.header;
    const contents = blockContents(block);
    const { tapeEnd } = volume;
    volume.bytes = tapeEnd === undefined ? block.address + block.header.size : volume.bytes + block.header.size;
    const end = tapeEnd === undefined ? volume.bytes : block.address + 1;
    if (this.#show.showsProgress) this.#progress(volume.bytes);
    // The first block of a tape's file.
    if (tapeEnd !== undefined && block.address % 2 ** 32 === 0) this.#closeRegions(volume);
    if (key !== undefined && ((volume.isWhole && contents.first > 0) || this.#sessions.has(nameOf(key)))) {
      const session = this.#session(key);
      volume.sessions.add(session);
      session.extend(volume.name, { ...contents, start: block.address, end: end - 1 });
      if (session.hasEnded) this.#leave(session);
    }
    if (volume.bytes - volume.regionFloor >= REGION_BYTES) this.#closeRegions(volume);
  }

  #closeRegions(volume: VolumeAtHand): void {
    for (const session of volume.sessions) this.#closeRegion(session);
    volume.regionFloor = volume.bytes;
  }

  volumeEnd({ medium }: OpenVolume, address: number): void {
    const volume = this.#volume;
    if (volume === undefined) return;
    for (const session of volume.sessions) this.#closeRegion(session);
    const bytes = medium.tape?.bytes ?? address;
    this.#step(async () => {
      const { media, tapeEnd, blocks, sessions, firstDate, lastDate, isPreLabel, isWhole } = volume;
      if (media === null || !isWhole) return;
      await this.#catalog.volumes.volumeEnd(media, {
        bytes,
        tapeEnd,
        blocks,
        jobs: sessions.size,
        firstWritten: firstDate,
        lastWritten: lastDate,
        isPreLabel,
        storageId: [...sessions].find(({ storageId }) => storageId > 0)?.storageId ?? 0,
      });
    });
  }

  async turn(): Promise<void> {
    const steps = this.#steps;
    this.#steps = [];
    await this.#underWay;
    this.#underWay = runAll(steps);
    this.#underWay.catch(() => {}); // told by the next turn
  }

  /** Tells how far it is when that is a percent more. */
  #progress(address: number): void {
    const percent = this.#size === 0 ? 100 : Math.floor((address * 100) / this.#size);
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#show.voice.plain(`done: ${percent}%`);
  }

  /** After the last Volume: what was begun is stored, and jobs without an end are incomplete. */
  async finish(): Promise<void> {
    for (const session of this.#sessions.values()) {
      this.#flush(session);
      this.#step(async () => {
        await this.#catalog.incompleteJob(session);
        await this.#catalog.leaveJob(session);
      });
    }
    await this.turn();
    await this.#underWay;
  }

  /** The session of these blocks; met for the first time, it is looked for in the catalog, or made by its label. */
  #session(key: SessionKey, label?: SessionLabel): ScannedSession {
    const last = this.#last;
    if (label === undefined && last !== undefined && last.key.id === key.id && last.key.time === key.time) return last;
    const name = nameOf(key);
    let session = this.#sessions.get(name);
    if (session === undefined) {
      const made = new ScannedSession(key);
      made.label = label;
      session = made;
      this.#sessions.set(name, made);
      this.#step(async () => await this.#catalog.beginJob(made));
    }
    this.#last = session;
    return session;
  }

  /** Nothing more of it will come. */
  #leave(session: ScannedSession): void {
    this.#closeRegion(session);
    this.#sessions.delete(nameOf(session.key));
    if (this.#last === session) this.#last = undefined;
    this.#step(async () => await this.#catalog.leaveJob(session));
  }

  #closeRegion(session: ScannedSession): void {
    const region = session.takeRegion();
    const volume = this.#volume;
    if (region === undefined || volume === undefined) return;
    const { volIndex } = session;
    this.#step(async () => {
      if (volume.media === null || volume.placed.get(session) === false) return;
      const isFirst = !volume.placed.has(session);
      const row = { ...rowOf(region), MediaId: volume.media.MediaId, VolIndex: session.volIndexBase + volIndex };
      volume.placed.set(session, await this.#catalog.place(session, volume.media.MediaId, row, isFirst));
    });
  }

  #flush(session: ScannedSession): void {
    if (session.builder.length === 0) return;
    const batch = session.builder.take();
    this.#step(async () => await storeFiles(this.#catalog, this.#show.voice, session, batch));
  }

  #step(step: () => Promise<void>): void {
    this.#steps.push(step);
  }
}

async function runAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

/** Whether an entry of a bootstrap leaves nothing of its Volume out. */
function isWholeVolume(entry: BootstrapEntry): boolean {
  const { volSessionId, volSessionTime, jobId, addresses, fileIndexes, fileRegex } = entry;
  return volSessionId + volSessionTime + jobId + addresses.length + fileIndexes.length === 0 && fileRegex === "";
}

function nameOf({ id, time }: SessionKey): string {
  return `${id}:${time}`;
}

function rowOf({ firstIndex, lastIndex, startAddress, endAddress }: ScannedRegion) {
  return {
    FirstIndex: firstIndex,
    LastIndex: lastIndex,
    StartFile: Math.floor(startAddress / 2 ** 32),
    EndFile: Math.floor(endAddress / 2 ** 32),
    StartBlock: startAddress % 2 ** 32,
    EndBlock: endAddress % 2 ** 32,
  };
}
