import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { megabytesText } from "../device/rate.ts";
import { OperatorWait } from "../mount/operator-wait.ts";
import { bringForRead, isBrought } from "../changer/bring-medium.ts";
import { alertsOf } from "../changer/alerts.ts";
import { devicesHolding } from "../reserve/holding-devices.ts";
import { volumeSteps } from "../volume/select.ts";
import { elapsedText, rateText } from "../status/units.ts";
import { levelWord, typeWord } from "../status/words.ts";
import { ClientLink } from "./client-link.ts";
import { storageJobEnd, tellWaiting } from "./job-end.ts";
import { JobVoice } from "./job-voice.ts";
import { ReadFeed } from "./read-feed.ts";
import { Canceled } from "./canceled.ts";
import type { Bootstrap } from "#proto/bootstrap.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import type { JobRef } from "#proto/common.ts";
import type { JobSurroundings } from "./job-surroundings.ts";
import type { ReadItem } from "../volume/volume-reader.ts";
import type { ReadPart } from "../device/device-protocol.ts";
import type { ReadReply, ReadRequest } from "#proto/data.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StartStorageJobRequest } from "#proto/stored.ts";
import type { StorageJob, StorageJobFacts } from "./storage-job.ts";
import type { VolumeStep } from "../volume/select.ts";

/** Bytes read in one go by the device's thread. */
const READ_BYTES = 2 * 1024 * 1024;

/** Damages that are told to the file daemon and in the job's messages one by one. */
const DAMAGES_MAX = 1000;

/** Longest wait for a file daemon that reads from other storages first: 14 days; timers know no more than 24. */
const CLIENT_WAIT_S_MAX = 14 * 86_400;

/** A file daemon that was told the end and has left without a word is not waited for longer than this. */
const CLOSE_MS = 10_000;

/** The storage half of a job that restores: reads what a bootstrap selects and hands it to the file daemon. */
export class ReadJob implements StorageJob {
  readonly ref: JobRef;
  readonly key: Uint8Array;
  readonly clientCertificateSha256: Uint8Array;
  readonly voice: JobVoice;
  readonly #request: StartStorageJobRequest;
  readonly #bootstrap: Bootstrap;
  readonly #session: SessionKey;
  readonly #around: JobSurroundings;
  readonly #abort = new AbortController();
  readonly #link: ClientLink;
  readonly #feed = new ReadFeed();
  readonly #startMs = Date.now();
  #device = "";
  #volume = "";
  #files = 0;
  #bytes = 0;
  #readBytes = 0;
  #damages: string[] = [];
  #damageCount = 0;
  #status = "R";

  constructor(
    request: StartStorageJobRequest,
    bootstrap: Bootstrap,
    ref: JobRef,
    session: SessionKey,
    log: JobLog,
    around: JobSurroundings,
  ) {
    this.ref = ref;
    this.key = request.key;
    this.clientCertificateSha256 = request.clientCertificateSha256;
    this.#request = request;
    this.#bootstrap = bootstrap;
    this.#session = session;
    this.#around = around;
    this.voice = new JobVoice(log, around.name);
    const firstGraceMs = Math.max(around.clientWaitMs, Math.min(request.clientWaitS, CLIENT_WAIT_S_MAX) * 1000);
    this.#link = new ClientLink({ client: request.client, graceMs: around.clientWaitMs, firstGraceMs });
  }

  get #signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** How long an operator may take. */
  get #maxWaitMs(): number {
    const { maxWaitS } = this.#request;
    return maxWaitS > 0 ? maxWaitS * 1000 : this.#around.operatorWaitMs;
  }

  get facts(): StorageJobFacts {
    const { jobName, client, type, level } = this.#request;
    return {
      jobName,
      client,
      type,
      level,
      startMs: this.#startMs,
      files: this.#files,
      bytes: this.#bytes,
      errors: this.voice.errors,
      status: this.#status,
      device: this.#device,
      volume: this.#volume,
    };
  }

  async run(): Promise<void> {
    try {
      const steps = volumeSteps(this.#bootstrap);
      await this.#link.orLost(
        this.#feed.changes.until(() => this.#link.hasCome, this.#signal),
        this.#signal,
      );
      await this.#readAll(steps);
      await this.#link.orLost(
        this.#feed.changes.until(() => this.#feed.isServed, this.#signal),
        this.#signal,
      );
      await this.#end(this.#damageCount > 0 ? "E" : "T");
    } catch (error) {
      await this.#fail(error);
    } finally {
      this.#link.close();
    }
  }

  cancel(isIncomplete: boolean): void {
    this.#abort.abort(new Canceled(isIncomplete));
  }

  failed(error: Error): void {
    this.#abort.abort(error);
  }

  statusLines(): string[] {
    const { jobName, level, type } = this.#request;
    const elapsedS = Math.max(1, Math.round((Date.now() - this.#startMs) / 1000));
    return [
      `Reading: ${levelWord(level)} ${typeWord(type)} job ${jobName} JobId=${this.ref.jobId} Volume="${this.#volume}"`,
      `    pool="" device="${this.#device}"`,
      `    Files=${this.#files.toLocaleString("en-US")} Bytes=${this.#bytes.toLocaleString("en-US")} Bytes/sec=${Math.round(this.#bytes / elapsedS).toLocaleString("en-US")}`,
      `    FDSocket=${this.#link.isConnected ? "open" : "closed"}`,
    ];
  }

  /** One stream of the file daemon: sends what was read from where the daemon says that it stands. */
  async *serveRead(requests: AsyncIterator<ReadRequest>, call: CallContext): AsyncGenerator<ReadReply> {
    using link = this.#link.connect();
    this.#feed.changes.notify();
    const over = new AbortController();
    const left = () => void setTimeout(() => this.#giveUpWaiting(), CLOSE_MS).unref();
    try {
      yield* this.#feed.replies(requests, AbortSignal.any([link.signal, call.signal, over.signal]), left);
    } finally {
      over.abort(new OperatorError("CANCELED", "the stream is over"));
    }
  }

  /** After the end was told: a file daemon that did not come back has what it wants. */
  #giveUpWaiting(): void {
    if (!this.#link.isConnected) this.#feed.giveUpWaiting();
  }

  /** Reads Volume after Volume, each on a device that can. */
  async #readAll(steps: readonly VolumeStep[]): Promise<void> {
    const waiter = {
      label: this.ref.job,
      waits: (reason: string, isBlocked: boolean) => tellWaiting(this.voice, this.ref.job, reason, isBlocked),
      blockedMsMax: this.#maxWaitMs,
    };
    const { devices } = this.#request;
    const known = devices.flatMap((name) => this.#around.findHost(name) ?? []);
    const holding = await devicesHolding(known, steps[0]?.volume);
    const wish = {
      devices: holding.length < known.length ? holding.map(({ name }) => name) : devices,
      mediaType: this.#request.mediaType,
      work: { kind: "read" as const },
      prefersMounted: this.#request.preferMountedVolumes,
      volumes: steps.slice(0, 1).map((step) => step.volume),
    };
    const reservation = await this.#around.reserve(wish, waiter, this.#signal);
    this.#device = reservation.device;
    const host = this.#around.hostOf(reservation.device);
    const startMs = performance.now();
    this.#signal.addEventListener("abort", () => host.interrupt(), { once: true });
    // A canceled job does not wait for a device that hangs; the device is free when it has answered.
    await host.trouble.orGiveUp(
      this.#readOn(host, steps).finally(() => reservation[Symbol.dispose]()),
      this.#signal,
    );
    const cause = { client: this.#request.client, job: this.ref.job, volume: this.#volume };
    for (const alert of await alertsOf(host, cause, this.#signal)) this.voice.say("warning", `Alert: ${alert}`);
    this.#tellTheRest();
    this.#feed.finish({ damages: this.#damages, files: this.#files, failed: "" });
    const seconds = (Date.now() - this.#startMs) / 1000;
    this.voice.say("info", `Elapsed time=${elapsedText(seconds)}, Transfer rate=${rateText(this.#bytes, seconds)}`);
    const readPerSecond = (this.#readBytes * 1000) / Math.max(1, performance.now() - startMs);
    this.voice.say("info", `Volume read rate: ${megabytesText(readPerSecond)}`);
  }

  async #readOn(host: DeviceHost, steps: readonly VolumeStep[]): Promise<void> {
    const readerId = host.newReaderId();
    let isComplete = false;
    try {
      for (const step of steps) {
        if (this.#feed.isServed) break;
        await this.#readVolume(host, readerId, step);
        this.#around.poke.notify(); // others may wait for its medium
      }
      isComplete = !this.#feed.isServed;
    } finally {
      host.reading.delete(readerId);
      this.#tell(await host.call("closeRead", { readerId, isComplete }).catch(() => []));
    }
  }

  async #readVolume(host: DeviceHost, readerId: number, step: VolumeStep): Promise<void> {
    using _place = await this.#openVolume(host, readerId, step);
    this.#volume = step.volume;
    host.reading.set(readerId, step.volume);
    this.voice.enter("R");
    const first = step.entries[0]?.addresses[0]?.first;
    this.voice.say("info", `Ready to read from volume "${step.volume}" on ${host.title}.`);
    if (first !== undefined) this.voice.say("info", `Forward spacing Volume "${step.volume}" to addr=${first}`);
    // While the items of one part are being sent, the next part is read already.
    let next: Promise<ReadPart> | undefined = this.#readPart(host, readerId);
    try {
      while (next !== undefined) {
        const part: ReadPart = await next;
        this.#files = part.files;
        host.readRate.add(Math.max(0, part.bytesRead - this.#readBytes), performance.now());
        this.#readBytes = part.bytesRead;
        this.#tell(part.damages);
        this.voice.log.pass({
          $case: "progress",
          value: { files: this.#files, bytes: this.#bytes, file: Buffer.alloc(0), errors: this.voice.errors },
        });
        next = part.isVolumeDone || this.#feed.isServed ? undefined : this.#readPart(host, readerId);
        for (const item of part.items) await this.#produce(item);
      }
    } finally {
      await next?.catch(() => {});
    }
    this.voice.say("info", `End of Volume "${step.volume}" at addr=${this.#readBytes} on ${host.title}.`);
  }

  #readPart(host: DeviceHost, readerId: number): Promise<ReadPart> {
    const spent = this.#feed.takeSpent();
    const part = host.call("read", { readerId, bytes: READ_BYTES, spent }, spent);
    part.catch(() => {}); // waited for a little later
    return part;
  }

  /** Opens the Volume; while it is not there or another is in its place, the operator is asked. */
  async #openVolume(host: DeviceHost, readerId: number, step: VolumeStep): Promise<Disposable> {
    const wait = new OperatorWait({
      voice: this.voice,
      poke: this.#around.poke,
      maxWaitMs: this.#maxWaitMs,
      signal: this.#signal,
      gapMsMax: host.settings.pollMs,
    });
    const wanted = {
      volume: step.volume,
      slot: step.entries.find((entry) => entry.slot > 0)?.slot ?? 0,
      client: this.#request.client,
      job: this.ref.job,
      tell: (line: string) => this.voice.say("info", line),
    };
    let told = "";
    const tellOnce = (reason: string) => {
      if (reason !== told) this.voice.say("warning", reason);
      told = reason;
    };
    for (let isFirst = true; ; isFirst = false) {
      const place = await bringForRead(host, wanted, isFirst, this.#signal);
      if (isBrought(place)) {
        try {
          await host.openRead(readerId, step.volume, step.entries);
          host.drive?.saw(step.volume, "");
          return place;
        } catch (error) {
          place[Symbol.dispose]();
          host.drive?.doubtSlot();
          if (!(error instanceof OperatorError) || !awaitable.has(error.code)) throw error;
          tellOnce(describeError(error));
        }
      } else if (place.isInUse) {
        await wait.until("M", `Job ${this.ref.job} waits for Volume "${step.volume}": ${place.reason}`);
        continue;
      } else tellOnce(place.reason);
      await wait.until("M", pleaseMount(this.ref.job, host, step));
    }
  }

  async #produce(item: ReadItem): Promise<void> {
    await this.#link.orLost(
      this.#feed.changes.until(() => this.#feed.hasRoom, this.#signal),
      this.#signal,
    );
    this.#bytes += this.#feed.add(item);
  }

  #tell(damages: readonly string[]): void {
    for (const damage of damages) {
      this.#damageCount += 1;
      if (this.#damages.length >= DAMAGES_MAX) continue;
      this.#damages.push(damage);
      this.voice.say("error", damage);
    }
  }

  #tellTheRest(): void {
    const rest = this.#damageCount - this.#damages.length;
    if (rest > 0) this.voice.say("error", `${rest.toLocaleString("en-US")} more damages were met`);
  }

  async #fail(error: unknown): Promise<void> {
    const isCanceled = error instanceof Canceled;
    const reason = describeError(error);
    this.#feed.finish({ damages: this.#damages, files: this.#files, failed: reason });
    if (!isCanceled) this.voice.say("fatal", reason);
    if (!(error instanceof OperatorError)) this.#around.logError(`job ${this.ref.job} failed`, error);
    await this.#end(isCanceled ? (error.isIncomplete ? "I" : "A") : "E");
  }

  async #end(letter: string): Promise<void> {
    this.#status = letter;
    try {
      const facts = { status: letter, files: this.#files, bytes: this.#bytes, readBytes: this.#readBytes };
      await this.voice.log.end(storageJobEnd(this.voice, this.#session, facts));
    } catch (error) {
      this.#around.logError(`the end of job ${this.ref.job} could not be kept`, error);
    }
  }
}

/** Failures that an operator can mend by bringing the right medium. */
const awaitable: ReadonlySet<string> = new Set([
  "VOLUME_NOT_FOUND",
  "VOLUME_WRONG_LABEL",
  "VOLUME_NOT_LABELED",
  "DEVICE_OPEN_FAILED",
]);

function pleaseMount(job: string, host: DeviceHost, step: VolumeStep): string {
  return [
    `Job ${job} is waiting. Please mount read Volume "${step.volume}" for:`,
    `    Storage:      "${host.name}" (${host.settings.archiveDevice})`,
    `    Media type:   ${step.mediaType === "" ? host.settings.mediaType : step.mediaType}`,
  ].join("\n");
}
