import { hostname } from "node:os";
import { join } from "node:path";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { loadIdentity } from "#lib/auth/identity.ts";
import { listenAddresses } from "#lib/config/address-types.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { answerHandler, followJobHandler } from "#lib/job-log/serve.ts";
import { JobLogStore } from "#lib/job-log/store.ts";
import { must } from "#lib/base/assert.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { RpcServer } from "#lib/rpc/server.ts";
import { RELEASE, uname } from "#lib/rpc/versions.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { DeviceHost } from "./device/device-host.ts";
import type { Drive } from "./changer/drive.ts";
import { changerCommandOf, makeChangers } from "./changer/changers.ts";
import { deviceOfDrive, deviceSettings, devicesNamed } from "./device/device-settings.ts";
import { Changes } from "./job/changes.ts";
import { SessionCounter } from "./job/session-counter.ts";
import { StorageJobs } from "./job/storage-jobs.ts";
import { mountAtStart } from "./mount/mount-at-start.ts";
import { Appender } from "./mount/appender.ts";
import { VolumesInUse } from "./mount/volumes-in-use.ts";
import { Reservations } from "./reserve/reservations.ts";
import { dataService } from "./rpc/data-service.ts";
import { watchDevices } from "./watch/watch-devices.ts";
import { Places } from "./space/places.ts";
import { dataSpoolName, removeLeftSpools } from "./spool/spool-names.ts";
import { storesOf } from "./store/store-host.ts";
import { VerifyPool } from "./store/verify-pool.ts";
import { findReplica } from "./replicate/find-replica.ts";
import { ChangerService } from "./rpc/changer-service.ts";
import { knownDevice, replicableStore, ReplicaService } from "./rpc/replica-service.ts";
import { storageService } from "./rpc/storage-service.ts";
import type { AppenderSurroundings } from "./mount/appender.ts";
import type { DeviceSettings } from "./device/device-host.ts";
import type { JobSurroundings } from "./job/job-surroundings.ts";
import type { OperatorsTable } from "./mount/operate.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import type { SetDebugRequest } from "#proto/common.ts";
import type { StorageConfig } from "./config/load.ts";

/** What the daemon's process gives it. */
export interface StorageDaemonOptions {
  readonly log: RpcLog;
  /** What `setdebug` sets in the process. */
  readonly setDebug?: (request: SetDebugRequest) => void;
}

/** How long an operator request stands open unless the Director says otherwise: a long weekend. */
const OPERATOR_WAIT_MS = 4 * 24 * 3_600_000;

/** Calls that run when the daemon stops have this long to end by themselves. */
const CLOSE_GRACE_MS = 2000;

/** The storage daemon: the one place where its parts are made and joined. */
export class StorageDaemon implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #jobs: StorageJobs;
  /** Port that it listens on (the first, if there are several addresses). */
  readonly port: number;

  private constructor(stack: AsyncDisposableStack, jobs: StorageJobs, port: number) {
    this.#stack = stack;
    this.#jobs = jobs;
    this.port = port;
  }

  /** Starts to serve. Throws OperatorErrors for what the configuration asks and the machine refuses. */
  static async open(config: StorageConfig, options: StorageDaemonOptions): Promise<StorageDaemon> {
    const { storage } = config;
    const { log } = options;
    await using stack = new AsyncDisposableStack();
    makeDirectory(storage.workingDirectory, 0o750);
    const inWork = (suffix: string) => join(storage.workingDirectory, `${storage.name}${suffix}`);
    const identity = await loadIdentity({
      settings: [storage, ...config.directors.values()].map(tlsSettings),
      base: inWork(""),
      name: storage.name,
    });
    const store = stack.use(await JobLogStore.open(inWork(".jobs"), { log }));
    const sessions = await SessionCounter.open(inWork(".session"), Date.now());

    const settings = new Map(
      [...config.devices.values()].map((device) => [
        device.name,
        deviceSettings(device, changerCommandOf(device, config.autochangers)),
      ]),
    );
    const { byName: changers, drives } = makeChangers(
      config.devices.values(),
      config.autochangers,
      (device) => settings.get(device)?.isDrive === true,
    );
    const stores = storesOf(settings.values(), log);
    for (const host of stores.all) stack.use(host);
    const verifiers = stack.use(new VerifyPool());
    const places = await Places.open(inWork(".mounts"), { log: (text) => log.info(text) });
    const hosts = new Map(
      [...settings.values()].map((device) => [
        device.name,
        stack.use(new DeviceHost(device, stores.byDevice.get(device.name), places)),
      ]),
    );
    for (const host of hosts.values()) host.drive = drives.get(host.name);
    for (const host of hosts.values())
      if (!host.hasDriver)
        log.info(
          `Device "${host.name}" is of type "${host.settings.deviceType}", for which there is no driver: it is not used`,
        );
    const reservations = new Reservations(
      [...hosts.values()].map(({ hasDriver, settings: device }) => ({
        ...device,
        isWithoutDriver: !hasDriver,
        isBlocked: false,
        isHung: false,
      })),
      {
        jobsMax: storage.maximumConcurrentJobs,
        inside: (device) => ({
          ...insideOf(drives.get(device)),
          isVolumeTaken: hosts.get(device)?.appending?.isTaken === true,
        }),
      },
    );
    const around: AppenderSurroundings = {
      volumes: new VolumesInUse(),
      author: labelAuthor(storage.name),
      poke: new Changes(),
      moved: () => reservations.lookAgain(),
    };
    const appenders = new Map([...hosts].map(([name, host]) => [name, new Appender(host, around)]));
    const spoolDirectoryOf = (device: DeviceSettings | undefined) => device?.spoolDirectory || storage.workingDirectory;
    const surroundings: JobSurroundings = {
      name: storage.name,
      clientWaitMs: storage.clientConnectWait * 1000,
      operatorWaitMs: OPERATOR_WAIT_MS,
      poke: around.poke,
      reserve: async (wish, waiter, signal) => await reservations.reserve(wish, waiter, signal),
      appenderOf: (device) => must(appenders.get(device), `device ${device}`),
      findHost: (device) => hosts.get(device),
      hostOf: (device) => must(hosts.get(device), `device ${device}`),
      verifiers,
      spoolPath: (ref, session) => inWork(`.attr.${ref.job}.${session.id}.spool`),
      dataSpoolPath: (ref, device, segment) =>
        join(spoolDirectoryOf(settings.get(device)), dataSpoolName(storage.name, ref, device, segment)),
      logError: (text, error) => log.error(text, error),
    };
    const jobs = new StorageJobs(store, sessions, surroundings);
    const spoolDirectories = new Set([storage.workingDirectory, ...[...settings.values()].map(spoolDirectoryOf)]);
    for (const directory of spoolDirectories) await removeLeftSpools(directory, storage.name);
    await jobs.endAbandoned();
    stack.defer(async () => await jobs.stop());

    for (const { name, trouble } of hosts.values()) trouble.changed = (isHung) => reservations.setHung(name, isHung);
    stack.use(
      watchDevices(hosts.values(), {
        log,
        running: () => jobs.running,
      }),
    );

    const named = (name: string) => devicesNamed(name, settings, config.autochangers);
    const operators: OperatorsTable = { ...around, reservations, session: { id: 0, time: sessions.time } };
    const startedMs = Date.now();
    let debugLevel = 0;
    const server = new RpcServer({
      role: "storageDaemon",
      name: storage.name,
      release: RELEASE,
      identity,
      accounts: (role, name) => {
        const director = role === "director" ? config.directors.get(name) : undefined;
        return (
          director && {
            password: director.password,
            tls: tlsSettings(director),
            where: `Director "${name}" in ${director.origin.at.file}:${director.origin.at.line}`,
          }
        );
      },
      trust: [storage, ...config.directors.values()].map(tlsSettings),
      log,
    });
    const driveNamed = (name: string, drive: number) => deviceOfDrive(name, drive, config);
    const deviceNamed = (name: string) => knownDevice(name, hosts.get(named(name)[0] ?? ""));
    const replicas = new ReplicaService({
      name: storage.name,
      identity,
      log,
      mustKnow: (device) => void deviceNamed(device),
      storeOf: (device) => replicableStore(deviceNamed(device)),
      replicaOf: async (device, uuid) => await findReplica(deviceNamed(device), uuid, stores.all, log),
      placed: async (folder) => void (await Promise.all(stores.all.map(async (host) => await host.reopenBelow(folder)))),
    });
    const service = storageService({
      replicas,
      places,
      jobs,
      operators,
      hosts,
      devicesNamed: named,
      driveNamed,
      changers: new ChangerService({
        drivesOf: (name) => config.autochangers.get(name)?.device.length ?? 1,
        hostOf: (name, drive) => hosts.get(driveNamed(name, drive) ?? ""),
      }),
      status: () => ({
        name: storage.name,
        version: RELEASE,
        uname: uname(),
        startedMs,
        jobs,
        reservations,
        hosts,
        autochangers: config.autochangers,
        changers,
        debugLevel,
      }),
      setDebug: (request) => {
        debugLevel = request.level;
        options.setDebug?.(request);
      },
      mayCommand: (director) => config.directors.get(director)?.monitor !== true,
      followJob: followJobHandler(store),
      answer: answerHandler(store),
    });
    server.add(StorageDaemonService, "director", service);
    server.add(bulkStorageData, "jobKey", dataService(jobs, replicas));
    const { port } = await server.listen(
      listenAddresses({ addresses: storage.sdAddresses, address: storage.sdAddress, port: storage.sdPort }),
    );
    stack.defer(async () => await server.close(CLOSE_GRACE_MS));
    mountAtStart(hosts.values(), operators, log);
    return new StorageDaemon(stack.move(), jobs, port);
  }

  /** Jobs that run now. */
  get runningJobs(): number {
    return this.#jobs.running.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** What the choice of a device is to know of the medium in a drive. */
function insideOf(drive: Drive | undefined) {
  return drive && { volume: drive.volume, pool: drive.pool };
}

/** Who writes the labels of this daemon's Volumes. */
function labelAuthor(name: string) {
  const short = (text: string) => text.slice(0, 100);
  return {
    host: short(hostname()),
    program: short(name),
    programVersion: `Nocturne ${RELEASE}`,
    programDate: "",
    uname: short(uname()),
  };
}
