import { setImmediate as turn } from "node:timers/promises";
import { damageText, SelectedRecords } from "#stored/volume/selected-records.ts";
import type { ReadBlock } from "#stored/volume/block-reader.ts";
import type { SelectedSink, VolumeDamage } from "#stored/volume/selected-records.ts";
import type { OpenVolume, VolumeMounts } from "./open-volumes.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** Who hears what lies on the Volumes. `damage` is said by the scan itself. */
export interface ScanSink extends Omit<SelectedSink, "damage"> {
  /** A Volume was opened. */
  volume?(volume: OpenVolume, records: SelectedRecords): void;
  /** A block, after its records. */
  block?(block: ReadBlock): void;
  /** A Volume was read to its end, or as far as was wanted. */
  volumeEnd?(volume: OpenVolume, address: number): void;
  /** Called after at most about a MiB of Volume and at the end of each: the place to wait for what was started. */
  turn?(): Promise<void>;
  damage?(damage: VolumeDamage): void;
}

export interface ScanOptions {
  readonly voice: ToolVoice;
  readonly signal: AbortSignal;
  /** Go on behind damaged blocks. */
  readonly mustProceed: boolean;
  /** Whether the end of each Volume is said; default true. */
  readonly isEndTold?: boolean;
}

/** What a scan met. */
export interface ScanFacts {
  readonly bytesRead: number;
  readonly damages: number;
}

/** Bytes of Volume between turns, and between looks at the signal. */
const TURN_BYTES = 1024 * 1024;
const LOOK_BYTES = 16 * TURN_BYTES;

/** Most damages that are told one by one. */
const DAMAGES_MAX = 1000;

/**
 * Reads Volumes one after the other, block by block, and hands out what is on them; memory does not grow with what is read. Stops at
 * the first damaged block unless told to proceed.
 */
export async function scanVolumes(mounts: VolumeMounts, sink: ScanSink, options: ScanOptions): Promise<ScanFacts> {
  const { voice, signal } = options;
  let damages = 0;
  let isOver = false;
  const tell = (damage: VolumeDamage): void => {
    damages += 1;
    if (damages <= DAMAGES_MAX) voice.error(damageText(damage));
    if (damage.bytes !== undefined && !options.mustProceed) isOver = true;
    sink.damage?.(damage);
  };
  const records = new SelectedRecords(recordSink(sink, tell));
  for await (const volume of mounts.volumes()) {
    records.openVolume(volume.volume, volume.medium, volume.entries);
    if (records.address > 0) voice.message(`Forward spacing Volume "${volume.volume}" to addr=${records.address}`);
    sink.volume?.(volume, records);
    let nextTurn = records.bytesRead + TURN_BYTES;
    let nextLook = records.bytesRead + LOOK_BYTES;
    for (let block = records.readBlock(); block !== undefined && !isOver; block = records.readBlock()) {
      sink.block?.(block);
      if (records.bytesRead < nextTurn) continue;
      nextTurn = records.bytesRead + TURN_BYTES;
      await sink.turn?.();
      if (records.bytesRead < nextLook) continue;
      nextLook = records.bytesRead + LOOK_BYTES;
      await turn();
      signal.throwIfAborted();
    }
    await sink.turn?.();
    if (isOver) break;
    if (options.isEndTold !== false)
      voice.message(`End of Volume "${volume.volume}" at addr=${records.address} on device ${mounts.device.title}.`);
    sink.volumeEnd?.(volume, records.address);
  }
  if (!isOver) records.end();
  await sink.turn?.();
  if (damages > DAMAGES_MAX) voice.error(`${damages - DAMAGES_MAX} block read errors not printed.`);
  return { bytesRead: records.bytesRead, damages };
}

/** The sink of the records; what `sink` does not have is not wanted. */
function recordSink(sink: ScanSink, damage: (damage: VolumeDamage) => void): SelectedSink {
  return {
    damage,
    record: (record) => sink.record(record),
    ...(sink.wantsStream === undefined ? {} : { wantsStream: (stream) => sink.wantsStream?.(stream) ?? true }),
    ...(sink.sessionLabel === undefined ? {} : { sessionLabel: (record, label) => sink.sessionLabel?.(record, label) }),
    ...(sink.volumeLabel === undefined ? {} : { volumeLabel: (record) => sink.volumeLabel?.(record) }),
  };
}
