import { DataSpool } from "./data-spool.ts";
import type { AppendClient } from "../mount/append-client.ts";
import type { Appender } from "../mount/appender.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** What a job asks for in the way of spooling. */
export interface SpoolWish {
  readonly spoolData: boolean;
  /** The job's own limit in bytes; 0: the device's. */
  readonly spoolBytes: number;
}

/** The data spool of a job on a device; undefined if it wants none. Where there is a store of chunks there is none, and that is said. */
export function jobSpool(
  client: AppendClient,
  wish: SpoolWish,
  on: {
    readonly host: DeviceHost;
    readonly appender: Appender;
    readonly path: (segment: number) => string;
    readonly taken: (number: number) => void;
  },
): DataSpool | undefined {
  const { host, appender } = on;
  if (!wish.spoolData) return undefined;
  if (host.store !== undefined) {
    client.voice.say("info", `Data is not spooled: ${host.title} has a store of chunks, to which data goes at once.`);
    return undefined;
  }
  return new DataSpool({
    path: on.path,
    bytesMax: wish.spoolBytes > 0 ? wish.spoolBytes : host.spool.jobBytesMax,
    budget: host.spool,
    target: {
      append: (number, batch) => appender.append(client, number, batch),
      flush: async () => await appender.flush(),
    },
    voice: client.voice,
    volume: () => appender.volume?.name ?? "",
    taken: on.taken,
    failed: (error) => client.failed(error),
    signal: client.signal,
  });
}
