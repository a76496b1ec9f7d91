import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { elapsedText, rateText } from "../status/units.ts";
import { levelWord, typeWord } from "../status/words.ts";
import { Changes } from "./changes.ts";
import { ClientLink } from "./client-link.ts";
import { Canceled } from "./canceled.ts";
import { JobVoice } from "./job-voice.ts";
import { readSpool, removeSpool, spoolBytes } from "./attribute-spool.ts";
import { wholeBatch } from "./job-surroundings.ts";
import type { AppendClient, Appender } from "../mount/appender.ts";
import { AppendReply } from "#proto/data.ts";
import type { AppendEnd, AppendRequest } from "#proto/data.ts";
import type { AppendWork, StartStorageJobRequest } from "#proto/stored.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import type { JobRef } from "#proto/common.ts";
import type { JobSurroundings } from "./job-surroundings.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StorageJob, StorageJobFacts } from "./storage-job.ts";

/** Bytes of one job that may be on their way to the medium. More is not taken from the file daemon. */
const UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024;

/** What a batch costs here besides its bytes, so that a flood of tiny ones is bounded too. */
const BATCH_OVERHEAD_BYTES = 512;

/** Progress is told at most this often. */
const PROGRESS_MS = 1000;

/** The storage half of a job that saves: takes a file daemon's batches and has them written. */
export class AppendJob implements StorageJob, AppendClient {
  readonly ref: JobRef;
  readonly key: Uint8Array;
  readonly clientCertificateSha256: Uint8Array;
  readonly session: SessionKey;
  readonly voice: JobVoice;
  readonly label: AppendClient["label"];
  readonly wantsAttributes: boolean;
  readonly spoolPath: string | undefined;
  readonly maxWaitMs: number;
  readonly #request: StartStorageJobRequest;
  readonly #around: JobSurroundings;
  readonly #abort = new AbortController();
  readonly #link: ClientLink;
  readonly #changes = new Changes();
  readonly #clientEnd = Promise.withResolvers<AppendEnd>();
  readonly #startMs = Date.now();
  #appender: Appender | undefined;
  #device = "";
  /** Batches taken in, and batches on the medium; sizes of those between. */
  #received = 0;
  /** The client has said how its half ended: nothing more may come. */
  #hasClientEnded = false;
  #written = 0;
  #sizes: number[] = [];
  #underWay = 0;
  #files = 0;
  #bytes = 0;
  #lastProgressMs = 0;
  #lastVolumeBytes = 0;
  #outcome: { readonly kind: "running" } | { readonly kind: "ended" } | { readonly kind: "failed"; readonly reason: string } = {
    kind: "running",
  };
  #status = "R";

  constructor(
    request: StartStorageJobRequest,
    work: AppendWork,
    ref: JobRef,
    session: SessionKey,
    log: JobLog,
    around: JobSurroundings,
  ) {
    this.ref = ref;
    this.key = request.key;
    this.clientCertificateSha256 = request.clientCertificateSha256;
    this.session = session;
    this.#request = request;
    this.#around = around;
    this.voice = new JobVoice(log, around.name);
    this.wantsAttributes = work.catalogFiles;
    this.spoolPath = request.spoolAttributes && work.catalogFiles ? around.spoolPath(ref, session) : undefined;
    this.maxWaitMs = request.maxWaitS > 0 ? request.maxWaitS * 1000 : around.operatorWaitMs;
    this.#link = new ClientLink({ client: request.client, graceMs: around.clientWaitMs });
    this.#clientEnd.promise.catch(() => {});
    this.label = {
      jobId: ref.jobId,
      date: this.#startMs,
      pool: work.pool,
      poolType: work.poolType,
      jobName: request.jobName,
      client: request.client,
      job: ref.job,
      fileset: request.fileset,
      type: request.type,
      level: request.level,
      filesetMd5: request.filesetMd5,
    };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get facts(): StorageJobFacts {
    const { jobName, client, type, level } = this.#request;
    const volume = this.#appender?.volume?.name ?? "";
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
      volume,
    };
  }

  async run(): Promise<void> {
    try {
      const waiter = {
        label: this.ref.job,
        waits: (reason: string, isBlocked: boolean) => this.#waitsForDevice(reason, isBlocked),
      };
      const wish = {
        devices: this.#request.devices,
        mediaType: this.#request.mediaType,
        work: { kind: "append" as const, pool: this.label.pool },
        prefersMounted: this.#request.preferMountedVolumes,
      };
      const reservation = await this.#around.reserve(wish, waiter, this.signal);
      this.#device = reservation.device;
      // A canceled job does not wait for a device that hangs; the device is free when it has answered.
      const work = this.#append(this.#around.appenderOf(reservation.device)).finally(() => reservation[Symbol.dispose]());
      await this.#around.hostOf(reservation.device).trouble.orGiveUp(work, this.signal);
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
    this.#clientEnd.reject(error);
    this.#abort.abort(error);
  }

  progress(facts: { readonly batches: number; readonly files: number; readonly bytes: number }): void {
    const done = this.#sizes.splice(0, facts.batches - this.#written);
    this.#underWay -= done.reduce((sum, size) => sum + size, 0);
    this.#written = facts.batches;
    this.#files = facts.files;
    this.#bytes = facts.bytes;
    this.#changes.notify();
    const now = performance.now();
    if (now - this.#lastProgressMs < PROGRESS_MS) return;
    this.#lastProgressMs = now;
    this.voice.log.pass({
      $case: "progress",
      value: { files: facts.files, bytes: facts.bytes, file: Buffer.alloc(0), errors: this.voice.errors },
    });
  }

  attributes(batch: Uint8Array): void {
    this.voice.attributes(batch);
  }

  /** One stream of the file daemon: takes its batches, tells what is on the medium. */
  async *serveAppend(requests: AsyncIterator<AppendRequest>, call: CallContext): AsyncGenerator<AppendReply> {
    using link = this.#link.connect();
    this.#changes.notify();
    const over = new AbortController();
    const signal = AbortSignal.any([link.signal, call.signal, over.signal]);
    await this.#changes.until(() => this.#appender !== undefined || this.#outcome.kind !== "running", signal);
    let told = this.#written;
    yield AppendReply.fromPartial({ batches: told, ended: false, failed: "" });
    const taking = { error: undefined as unknown };
    void this.#take(requests, told, signal).catch((error: unknown) => {
      taking.error = error;
      this.#changes.notify();
    });
    try {
      for (;;) {
        const outcome = this.#outcome;
        if (outcome.kind === "failed")
          return yield AppendReply.fromPartial({ batches: this.#written, ended: false, failed: outcome.reason });
        if (outcome.kind === "ended") return yield AppendReply.fromPartial({ batches: this.#written, ended: true, failed: "" });
        if (taking.error !== undefined) throw taking.error;
        if (this.#written > told) {
          told = this.#written;
          yield AppendReply.fromPartial({ batches: told, ended: false, failed: "" });
          continue;
        }
        await this.#changes.wait(signal);
      }
    } finally {
      over.abort(new OperatorError("CANCELED", "the stream is over"));
    }
  }

  statusLines(): string[] {
    const { jobName, level, type } = this.#request;
    const volume = this.#appender?.volume?.name ?? "";
    const elapsedS = Math.max(1, Math.round((Date.now() - this.#startMs) / 1000));
    const rate = Math.round(this.#bytes / elapsedS).toLocaleString("en-US");
    return [
      `Writing: ${levelWord(level)} ${typeWord(type)} job ${jobName} JobId=${this.ref.jobId} Volume="${volume}"`,
      `    pool="${this.label.pool}" device="${this.#device}"`,
      `    spooling=0 despooling=${this.#status === "a" ? 1 : 0} despool_wait=0`,
      `    Files=${this.#files.toLocaleString("en-US")} Bytes=${this.#bytes.toLocaleString("en-US")} AveBytes/sec=${rate} LastBytes/sec=${rate}`,
      `    FDReadSeqNo=${this.#received.toLocaleString("en-US")} in_msg=${this.#received} out_msg=${this.#written} fd=${this.#link.isConnected ? 1 : 0}`,
    ];
  }

  /** Takes batches from a stream until its end; batches that came before are passed over. */
  async #take(requests: AsyncIterator<AppendRequest>, from: number, signal: AbortSignal): Promise<void> {
    let number = from;
    for (;;) {
      const { value, done } = await requests.next();
      if (done === true) throw new OperatorError("RPC_CONNECTION_LOST", "the file daemon's stream ended before its job did");
      signal.throwIfAborted();
      const step = (value as AppendRequest).step;
      if (step?.$case === "end") {
        this.#hasClientEnded = true;
        this.#clientEnd.resolve(step.value);
        return;
      }
      if (step?.$case !== "records") throw new OperatorError("BATCH_INVALID", "a batch or an end was expected");
      number += 1;
      await this.#changes.until(() => this.#underWay < UNDER_WAY_BYTES_MAX, signal);
      await this.voice.log.room(signal);
      // Asked only now: during the waits the batch may have come by a newer stream.
      if (number <= this.#received) continue;
      const forged = this.#forgery(step.value.byteLength);
      if (forged !== undefined) return this.failed(forged);
      const size = step.value.byteLength + BATCH_OVERHEAD_BYTES;
      this.#received = number;
      this.#sizes.push(size);
      this.#underWay += size;
      this.#appender?.append(this, number, wholeBatch(step.value));
    }
  }

  /** What no sound client sends and what ends the job: a batch of nothing, or one behind the client's own end. */
  #forgery(bytes: number): OperatorError | undefined {
    if (bytes > 0 && !this.#hasClientEnded) return undefined;
    const what = bytes === 0 ? "a batch without a record" : "a batch after the end of its half";
    return new OperatorError("BATCH_INVALID", `the file daemon sends ${what}`);
  }

  async #append(appender: Appender): Promise<void> {
    this.voice.enter("F");
    await this.#link.orLost(
      this.#changes.until(() => this.#link.hasCome, this.signal),
      this.signal,
    );
    this.voice.say("info", `Using Device "${this.#device}" to write.`);
    await appender.join(this);
    this.#appender = appender;
    if (this.voice.log.hasEnded) await appender.abandon(this, "A");
    this.signal.throwIfAborted();
    this.voice.enter("R");
    this.#changes.notify();
    const end = await this.#link.orLost(this.#clientEnd.promise, this.signal);
    if (end.batches !== this.#received) {
      throw new OperatorError(
        "BATCH_INVALID",
        `the file daemon says that it sent ${end.batches} batches, but ${this.#received} came`,
      );
    }
    this.#status = "L";
    this.#lastVolumeBytes = await appender.finish(this, { status: sessionStatus(end.status), errors: end.errors });
    await this.#despoolAttributes();
    const seconds = (Date.now() - this.#startMs) / 1000;
    this.voice.say("info", `Elapsed time=${elapsedText(seconds)}, Transfer rate=${rateText(this.#bytes, seconds)}`);
    this.#status = "T";
    await this.#end("T", { kind: "ended" });
  }

  /** Sends the attributes that were kept back, now that all data is durable. */
  async #despoolAttributes(): Promise<void> {
    const path = this.spoolPath;
    if (path === undefined) return;
    this.#status = "a";
    this.voice.enter("a");
    const bytes = await spoolBytes(path);
    this.voice.say("info", `Sending spooled attrs to the Director. Despooling ${bytes.toLocaleString("en-US")} bytes ...`);
    for await (const batch of readSpool(path)) {
      await this.voice.log.room(this.signal);
      this.voice.attributes(batch);
    }
  }

  async #fail(error: unknown): Promise<void> {
    const isCanceled = error instanceof Canceled;
    const letter = isCanceled ? (error.isIncomplete ? "I" : "A") : "E";
    const reason = describeError(error);
    this.#status = letter;
    if (!isCanceled) this.voice.say("fatal", reason);
    if (!(error instanceof OperatorError)) this.#around.logError(`job ${this.ref.job} failed`, error);
    try {
      const abandoning = this.#appender?.abandon(this, letter);
      if (abandoning !== undefined) await this.#around.hostOf(this.#device).trouble.orLeave(abandoning);
    } catch (cause) {
      this.voice.say("error", describeError(cause));
    }
    await this.#end(letter, { kind: "failed", reason });
  }

  async #end(
    letter: string,
    outcome: { readonly kind: "ended" } | { readonly kind: "failed"; readonly reason: string },
  ): Promise<void> {
    try {
      if (this.spoolPath !== undefined) await removeSpool(this.spoolPath);
      await this.voice.log.end({
        status: letter,
        files: this.#files,
        bytes: this.#bytes,
        readBytes: 0,
        errors: this.voice.errors,
        warnings: this.voice.warnings,
        missingFiles: 0,
        volSessionId: this.session.id,
        volSessionTime: this.session.time,
        encrypted: false,
        snapshot: false,
        networkBytes: 0,
        examinedFiles: 0,
        lastVolumeBytes: this.#lastVolumeBytes,
        dedup: undefined,
      });
      this.#outcome = outcome;
    } catch (error) {
      this.#around.logError(`the end of job ${this.ref.job} could not be kept`, error);
      this.#outcome = { kind: "failed", reason: describeError(error) };
    }
    this.#changes.notify();
  }

  #waitsForDevice(reason: string, isBlocked: boolean): void {
    this.voice.enter(isBlocked ? "M" : "q");
    this.voice.say(
      isBlocked ? "mount" : "info",
      isBlocked ? `Please mount: ${reason}` : `Job ${this.ref.job} waits for a device: ${reason}`,
    );
  }
}

/** What stands in the end-of-session label: how the client's half ended. */
function sessionStatus(letter: string): string {
  return /^[A-Za-z]$/.test(letter) ? letter : "E";
}
