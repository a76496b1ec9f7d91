import { BoundedQueue } from "#lib/base/queue.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { sizeText } from "../status/units.ts";
import { noStore } from "../store/store-host.ts";
import type { CareWatch } from "../chunks/care/care-watch.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { CareReport, StoreFacts } from "../chunks/store-calls.ts";
import type { DedupRequest, DeviceReply, ForgetSessionsReply, ForgetSessionsRequest } from "#proto/stored.ts";
import type { ReplicaService } from "./replica-service.ts";
import type { StoreHost } from "../store/store-host.ts";

/** Lines that may wait for a reader that is slow. */
const LINES_WAITING_MAX = 1000;

/** Most sessions of one request. */
const SESSIONS_MAX = 10_000;

/** Looks after the store of a device, as an operator asks. Lines while it works; the last reply tells how it went. */
export async function* careForStore(
  host: DeviceHost,
  request: DedupRequest,
  replicas: ReplicaService,
  signal: AbortSignal,
): AsyncGenerator<DeviceReply> {
  const store = storeOf(host);
  const report = yield* lineByLine(signal, async (watch) => await carry(host, store, request, watch));
  for (const line of report.lines) yield { line, volume: undefined };
  let { isClean } = report;
  if (request.healFrom !== undefined) {
    const { wanted, mended } = await replicas.heal(store, (await store.open()).store, request.healFrom, signal);
    yield { line: `${mended} of ${wanted} damaged or missing chunks were mended from the replica.`, volume: undefined };
    isClean = mended === wanted && (isClean || wanted > 0);
  }
  yield { line: outcomeText(host, request.action, isClean), ok: isClean, volume: undefined };
}

/** Forgets sessions whose jobs are no longer wanted. */
export async function forgetSessions(host: DeviceHost, request: ForgetSessionsRequest): Promise<ForgetSessionsReply> {
  if (request.sessions.length > SESSIONS_MAX)
    throw new OperatorError(
      "JOB_REQUEST_INVALID",
      `${request.sessions.length} sessions are to be forgotten at once; ${SESSIONS_MAX} is the most`,
    );
  const byKey = new Map(
    request.sessions.map(({ volSessionId: id, volSessionTime: time }) => [`${time}-${id}`, { id, time }] as const),
  );
  const forgotten = await storeOf(host).forget({ sessions: [...byKey.values()], volume: undefined });
  return { forgotten };
}

/** A line about a store that was made. */
export function madeText(host: DeviceHost, facts: StoreFacts): string {
  return `Made store ${facts.store} in ${host.settings.archiveDevice} for ${host.title}.`;
}

/** Has a work done, and gives what it tells meanwhile. Whoever leaves stops it. */
async function* lineByLine(
  signal: AbortSignal,
  work: (watch: CareWatch) => Promise<CareReport>,
): AsyncGenerator<DeviceReply, CareReport> {
  const left = new AbortController();
  const lines = new BoundedQueue<string>({ bytesMax: LINES_WAITING_MAX, bytesOf: () => 1 });
  const tell = (line: string): void => {
    // A reader that is slow misses how far it was; the findings come again at the end.
    if (lines.length < LINES_WAITING_MAX) void lines.push(line).catch(() => {});
  };
  const working = work({ tell, signal: AbortSignal.any([signal, left.signal]) }).finally(() => lines.end());
  working.catch(() => {}); // told below, if somebody is still there
  try {
    for await (const line of lines) yield { line, volume: undefined };
    return await working;
  } finally {
    left.abort(new OperatorError("CANCELED", "nobody waits for it any more"));
  }
}

async function carry(host: DeviceHost, store: StoreHost, request: DedupRequest, watch: CareWatch): Promise<CareReport> {
  switch (request.action) {
    case "init":
      await host.places?.require(host);
      return { lines: [madeText(host, await store.init())], isClean: true };
    case "status":
      return await withSpace(host, await store.call("status", null));
    case "scrub":
      return await scrubAll(store, request.lookOnly, watch);
    case "verify":
      return await store.care("verify", null, watch);
    case "vacuum":
      return await vacuum(store, request.livePercent || store.settings.livePercent, watch);
    default:
      throw new OperatorError(
        "JOB_REQUEST_INVALID",
        `"${request.action.slice(0, 100)}" is nothing that can be done with a store`,
        {
          hint: "init, status, scrub, verify or vacuum",
        },
      );
  }
}

/** On btrfs space is free only when the snapshots that held it have gone. */
async function vacuum(store: StoreHost, livePercent: number, watch: CareWatch): Promise<CareReport> {
  const report = await store.care("vacuum", { livePercent }, watch);
  await store.btrfs?.freed();
  return report;
}

/** On btrfs the file system is checked as well, which also reads what no chunk lies in. */
async function scrubAll(store: StoreHost, lookOnly: boolean, watch: CareWatch): Promise<CareReport> {
  const chunks = await store.care("scrub", { lookOnly }, watch);
  if (store.btrfs !== undefined)
    watch.tell(`${chunks.isClean ? "the chunks are well" : "damage was found"}; now btrfs reads all of the file system`);
  const disks = await store.btrfs?.scrub(watch.signal);
  if (disks === undefined) return chunks;
  return { lines: [...chunks.lines, ...disks.lines], isClean: chunks.isClean && disks.isClean };
}

async function withSpace(host: DeviceHost, report: CareReport): Promise<CareReport> {
  const space = await host.call("space", null).catch(() => null);
  if (space === null) return report;
  const line = `File system: ${sizeText(space.free).trim()}B free of ${sizeText(space.total).trim()}B`;
  return { ...report, lines: [...report.lines, line] };
}

function outcomeText(host: DeviceHost, action: string, isClean: boolean): string {
  const checks = action === "scrub" || action === "verify";
  if (!isClean) return `3900 dedup ${action} of ${host.title}: not all is well, see above.`;
  return checks ? `3000 OK dedup ${action} of ${host.title}: all is well.` : `3000 OK dedup ${action}.`;
}

function storeOf(host: DeviceHost): StoreHost {
  if (host.store === undefined) throw noStore(host.name);
  return host.store;
}
