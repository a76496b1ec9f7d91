import { OperatorError } from "#lib/errors/operator-error.ts";
import { must } from "#lib/base/assert.ts";
import { labelVolume, mountDevice, releaseDevice, unmountDevice } from "../mount/operate.ts";
import { careForMedium } from "../mount/medium-commands.ts";
import { careForStore, forgetSessions } from "./dedup-commands.ts";
import { troubleText } from "../watch/watch-devices.ts";
import { spaceReply } from "../space/space-reply.ts";
import { statusLines } from "../status/status.ts";
import type { PlaceFinder } from "../space/space-reply.ts";
import type { CallContext, Handlers } from "#lib/rpc/call.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { OperatorsTable } from "../mount/operate.ts";
import type { ChangerService } from "./changer-service.ts";
import type { ReplicaService } from "./replica-service.ts";
import type { SetDebugRequest } from "#proto/common.ts";
import type { DeviceReply, DeviceRequest, StorageDaemonService } from "#proto/stored.ts";
import type { DeviceSpace, DeviceSpaces, StatusSource } from "../status/status-source.ts";
import type { StorageJobs } from "../job/storage-jobs.ts";

type Service = Handlers<typeof StorageDaemonService>;

/** What the service hands its calls to. */
export interface StorageServiceParts {
  readonly jobs: StorageJobs;
  readonly operators: OperatorsTable;
  readonly hosts: ReadonlyMap<string, DeviceHost>;
  /** The devices behind a Device or Autochanger name; empty if there are none. */
  readonly devicesNamed: (name: string) => readonly string[];
  /** The device of a name, or that drive of an Autochanger; undefined if there is none. */
  readonly driveNamed: (name: string, drive: number) => string | undefined;
  readonly status: () => StatusSource;
  readonly setDebug: (request: SetDebugRequest) => void;
  /** Refuses Directors that may only look (Monitor = yes). */
  readonly mayCommand: (director: string) => boolean;
  readonly replicas: ReplicaService;
  readonly changers: ChangerService;
  readonly places: PlaceFinder;
  readonly followJob: Service["followJob"];
  readonly answer: Service["answer"];
}

/** How long the status waits for a device to say how much space it has. */
const SPACE_MS = 1000;

/** The service that Directors call: unpacks, hands over, packs. */
export function storageService(parts: StorageServiceParts): Service {
  const { jobs, operators } = parts;
  const commanding = (call: CallContext) => {
    if (!parts.mayCommand(call.peer.name))
      throw new OperatorError("RPC_REFUSED", `Director "${call.peer.name}" may only ask for the status (Monitor = yes)`);
  };
  const onDevice = (work: (host: DeviceHost, table: OperatorsTable, slot: number) => AsyncIterable<DeviceReply>) =>
    async function* (request: DeviceRequest, call: CallContext): AsyncGenerator<DeviceReply> {
      commanding(call);
      yield* work(deviceOf(parts, request), operators, request.slot);
    };
  return {
    startJob: async (request, call) => {
      commanding(call);
      return await jobs.start({
        ...request,
        devices: [...new Set(request.devices.flatMap((name) => namedOrItself(parts, name)))],
      });
    },
    followJob: async function* (requests, call) {
      commanding(call);
      yield* parts.followJob(requests, call);
    },
    answer: async (request, call) => {
      commanding(call);
      return await parts.answer(request, call);
    },
    cancelJob: async (request, call) => {
      commanding(call);
      jobs.cancel(request.job, request.incomplete);
      return {};
    },
    label: async function* (request, call) {
      commanding(call);
      yield* labelVolume(answeringDeviceOf(parts, request), request, operators);
    },
    mount: onDevice(mountDevice),
    unmount: onDevice(unmountDevice),
    release: onDevice(releaseDevice),
    dedup: async function* (request, call) {
      commanding(call);
      yield* careForStore(answeringDeviceOf(parts, request), request, parts.replicas, call.signal);
    },
    forgetSessions: async (request, call) => {
      commanding(call);
      return await forgetSessions(answeringDeviceOf(parts, request), request);
    },
    replicate: async function* (request, call) {
      commanding(call);
      yield* parts.replicas.replicate(request, call);
    },
    admitReplica: async (request, call) => {
      commanding(call);
      parts.replicas.admit(request);
      return {};
    },
    changer: async function* (request, call) {
      commanding(call);
      yield* parts.changers.serve(request, call.signal);
    },
    medium: async function* (request, call) {
      commanding(call);
      yield* careForMedium(answeringDeviceOf(parts, request), request, operators, call.signal);
    },
    space: async (request) => await spaceReply(askedHosts(parts, request.devices), parts.places),
    status: async (request) => {
      const asksDevices = request.sections.length === 0 || request.sections.includes("devices");
      return { lines: statusLines(parts.status(), asksDevices ? await spacesOf(parts.hosts) : new Map(), request) };
    },
    setDebug: async (request, call) => {
      commanding(call);
      parts.setDebug(request);
      return {};
    },
  };
}

/** The device of a command that would wait for its file system. DEVICE_HUNG while that does not answer. */
function answeringDeviceOf(...asked: Parameters<typeof deviceOf>): DeviceHost {
  const host = deviceOf(...asked);
  if (host.trouble.isHung) throw new OperatorError("DEVICE_HUNG", `${host.title} is blocked: ${troubleText(host)}`);
  return host;
}

/** The device of a command: the one named, or the drive of the Autochanger that the command names. */
function deviceOf(parts: StorageServiceParts, request: { readonly device: string; readonly drive?: number }): DeviceHost {
  const name = parts.driveNamed(request.device, request.drive ?? 0);
  if (name === undefined) {
    const isKnown = parts.devicesNamed(request.device).length > 0;
    const device = `"${request.device.slice(0, 200)}"`;
    const kind = parts.hosts.has(request.device) ? "device" : "autochanger";
    const what = isKnown ? `${kind} ${device} has no drive ${request.drive}` : `the storage daemon has no device ${device}`;
    throw new OperatorError("DEVICE_UNKNOWN", what);
  }
  const host = must(parts.hosts.get(name), "a configured device");
  if (!host.hasDriver)
    throw new OperatorError(
      "DEVICE_TYPE_UNSUPPORTED",
      `${host.title} cannot be used: Device Type "${host.settings.deviceType}" has no driver in this release`,
    );
  return host;
}

/** The devices that are named, or all; names that are none are left out. */
function askedHosts(parts: StorageServiceParts, names: readonly string[]): Iterable<DeviceHost> {
  if (names.length === 0) return parts.hosts.values();
  const devices = new Set(names.flatMap((name) => parts.devicesNamed(name)));
  return [...parts.hosts.values()].filter(({ name }) => devices.has(name));
}

/** Unknown names stay, so that the refusal can name them. */
function namedOrItself(parts: StorageServiceParts, name: string): readonly string[] {
  const names = parts.devicesNamed(name);
  return names.length === 0 ? [name] : names;
}

async function spaceOf(host: DeviceHost): Promise<DeviceSpace | null> {
  const [space, lines] = await Promise.all([host.call("space", null), host.store?.statusLines().catch(() => []) ?? []]);
  return space === null ? null : { ...space, lines };
}

/** Space of each device, without waiting for one that hangs. */
async function spacesOf(hosts: ReadonlyMap<string, DeviceHost>): Promise<DeviceSpaces> {
  const usable = [...hosts.values()].filter((host) => host.hasDriver && !host.trouble.isHung);
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), SPACE_MS);
  const spaces = usable.map(
    async (host) => [host.name, await Promise.race([spaceOf(host).catch(() => null), late.promise])] as const,
  );
  try {
    return new Map(await Promise.all(spaces));
  } finally {
    clearTimeout(timer);
  }
}
