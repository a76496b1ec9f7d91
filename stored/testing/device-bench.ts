import { DeviceServer } from "../device/device-server.ts";
import type { EngineReport } from "../device/append-engine.ts";
import type { DeviceThreadOptions } from "../device/device-protocol.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { SessionLabel } from "../volume/session-label.ts";

/** Start of the storage daemon that the tests play: 2026-01-02 03:04:05 UTC. */
export const SESSION_TIME = 1_767_323_045;

/** A device without its thread, and everything that it told. */
export interface DeviceBench {
  readonly server: DeviceServer;
  readonly reports: EngineReport[];
}

/** A File device in `directory`, with the block size given. */
export function fileBench(directory: string, engine: Partial<DeviceThreadOptions["engine"]> = {}): DeviceBench {
  const reports: EngineReport[] = [];
  const options = {
    device: { name: "Disk", deviceType: "File", archiveDevice: directory },
    hasStore: false,
    engine: { blockBytesMax: 64_512, blockBytesMin: 0, checksum: true, regionBytesMax: 0, ...engine },
  };
  return { server: new DeviceServer(options, (report) => reports.push(report)), reports };
}

/** A Volume's label with defaults. */
export function volumeLabel(volume: string, more: Partial<Parameters<typeof fields>[0]> = {}) {
  return fields({ volume, previousVolume: "", ...more });
}

function fields(own: { readonly volume: string; readonly previousVolume: string }) {
  return {
    ...own,
    labelDate: Date.UTC(2026, 0, 2, 3, 4, 5),
    writeDate: Date.UTC(2026, 0, 2, 3, 4, 6),
    pool: "Default",
    poolType: "Backup",
    mediaType: "File",
    host: "host.example",
    program: "test-sd",
    programVersion: "Nocturne 0.1.0",
    programDate: "",
  };
}

/** What mountAppend wants for a Volume. */
export function appendWish(
  volume: string,
  more: {
    action?: "create" | "relabel" | "append";
    catalogBytes?: number;
    catalogBlocks?: number;
    volumeBytesMax?: number;
    previousVolume?: string;
  } = {},
) {
  const { action = "create", catalogBytes = 0, catalogBlocks = 0, volumeBytesMax = 0, previousVolume = "" } = more;
  return {
    action,
    catalogBytes,
    catalogBlocks,
    volumeBytesMax,
    label: volumeLabel(volume, { previousVolume }),
    session: { id: 1, time: SESSION_TIME },
  };
}

/** A session's label with defaults. */
export function sessionLabel(jobId: number): SessionLabel {
  return {
    jobId,
    date: Date.UTC(2026, 0, 2, 3, 4, 7),
    pool: "Default",
    poolType: "Backup",
    jobName: `Save${jobId}`,
    client: "client-fd",
    job: `Save${jobId}.2026-01-02_03.04.05_0${jobId}`,
    fileset: "All",
    type: "B",
    level: "F",
    filesetMd5: "abcdefghijklmnopqrstuv",
  };
}

/** What begins a session whose attributes are told. */
export function sessionStart(id: number) {
  return { session: { id, time: SESSION_TIME }, label: sessionLabel(id), wantsAttributes: true };
}

/** Reads one session of these Volumes to the end, as a restore does. */
export async function readAll(
  { server }: DeviceBench,
  volumes: readonly string[],
  sessionId: number,
  wish: Partial<BootstrapEntry> = {},
): Promise<{ readonly records: Buffer; readonly damages: readonly string[]; readonly files: number }> {
  const parts: Uint8Array[] = [];
  const damages: string[] = [];
  let files = 0;
  for (const volume of volumes) {
    const entry = { ...anyEntry(volume), volSessionId: sessionId, volSessionTime: SESSION_TIME, ...wish };
    await server.call("openRead", { readerId: 1, volume, entries: [entry], locator: undefined });
    for (let isDone = false; !isDone;) {
      const part = await server.call("read", { readerId: 1, bytes: 100_000, spent: [] });
      for (const item of part.items) if (item.kind === "batch") parts.push(item.batch);
      damages.push(...part.damages);
      files = part.files;
      isDone = part.isVolumeDone;
    }
  }
  damages.push(...(await server.call("closeRead", { readerId: 1, isComplete: true })));
  return { records: Buffer.concat(parts), damages, files };
}

/** A bootstrap entry that selects all of a Volume. */
export function anyEntry(volume: string): BootstrapEntry {
  return {
    volume,
    mediaType: "",
    device: "",
    slot: 0,
    volSessionId: 0,
    volSessionTime: 0,
    addresses: [],
    fileIndexes: [],
    count: 0,
    fileRegex: "",
    session: undefined,
    jobId: 0,
    streams: [],
  };
}
