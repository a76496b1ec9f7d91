import type { Catalog } from "#catalog/catalog.ts";
import type { CatalogEvent } from "#catalog/database/event-application.ts";
import { madeBatches } from "./made-attributes.ts";

/** Bytes of attributes that the Director gives the catalog in one transaction while it follows a job. */
const TRANSACTION_BYTES = 1024 * 1024;

/** Seconds that pass, and of them those in which this process used a processor (threads add up; a database server is not counted). */
export interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** What filling took: whole, and for each tenth of the files, which tells whether it slows down as it grows. */
export interface Filling extends Taken {
  readonly files: number;
  readonly tenths: readonly Taken[];
}

/** Puts a made tree into a job by the path that events of a storage daemon take. */
export async function fillCatalog(catalog: Catalog, jobId: number, files: number): Promise<Filling> {
  const stopwatch = startWatch();
  const tenths: Taken[] = [];
  let ofTenth = startWatch();
  let done = 0;
  let number = 0;
  const apply = async (events: readonly CatalogEvent[]): Promise<void> => {
    if (events.length === 0) return;
    const applied = await catalog.applyEvents({ jobId, daemon: "sd", events });
    done += applied.files;
    if (done < ((tenths.length + 1) * files) / 10) return;
    tenths.push(ofTenth());
    ofTenth = startWatch();
  };
  let events: CatalogEvent[] = [];
  let bytes = 0;
  let running: Promise<void> = Promise.resolve();
  for (const { batch } of madeBatches(files)) {
    events.push({ event: (number += 1), kind: "attributes", batch });
    bytes += batch.byteLength;
    if (bytes < TRANSACTION_BYTES) continue;
    await running; // the next events are made while these are written, as they come from the network meanwhile
    running = apply(events);
    events = [];
    bytes = 0;
  }
  await running;
  await apply(events);
  if (done !== files) throw new Error(`${done} rows were written, ${files} expected`);
  return { files, ...stopwatch(), tenths };
}

function startWatch(): () => Taken {
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuBegan);
    return { seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}
