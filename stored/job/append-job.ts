import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { elapsedText, rateText } from "../status/units.ts";
import { levelWord, typeWord } from "../status/words.ts";
import { JobChunks } from "../store/job-chunks.ts";
import { alertsOf } from "../changer/alerts.ts";
import { AppendIntake } from "./append-intake.ts";
import { AppendStream } from "./append-stream.ts";
import { ClientLink } from "./client-link.ts";
import { Canceled } from "./canceled.ts";
import { storageJobEnd, tellWaiting } from "./job-end.ts";
import { JobVoice } from "./job-voice.ts";
import { readSpool, removeSpool, spoolBytes } from "./attribute-spool.ts";
import type { AppendClient, SessionFacts } from "../mount/append-client.ts";
import type { Appender } from "../mount/appender.ts";
import type { AppendReply, AppendRequest } from "#proto/data.ts";
import type { AppendOutcome } from "./append-intake.ts";
import type { AppendWork, StartStorageJobRequest } from "#proto/stored.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import type { JobRef } from "#proto/common.ts";
import { devicesWithRoom } from "../reserve/devices-with-room.ts";
import { RoomWait } from "../space/wait-for-room.ts";
import { megabytesText } from "../device/rate.ts";
import { jobSpool } from "../spool/job-spool.ts";
import type { DataSpool } from "../spool/data-spool.ts";
import type { JobSurroundings } from "./job-surroundings.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StorageJob, StorageJobFacts } from "./storage-job.ts";

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
  readonly #intake: AppendIntake;
  readonly #startMs = Date.now();
  readonly volumes = new Set<string>();
  #appender: Appender | undefined;
  #spool: DataSpool | undefined;
  /** What the job has taken of others. */
  readonly #released = new DisposableStack();
  #device = "";
  #files = 0;
  #bytes = 0;
  #lastProgressMs = 0;
  #lastVolumeBytes = 0;
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
    this.spoolPath =
      (request.spoolAttributes || request.spoolData) && work.catalogFiles ? around.spoolPath(ref, session) : undefined;
    this.maxWaitMs = request.maxWaitS > 0 ? request.maxWaitS * 1000 : around.operatorWaitMs;
    this.#link = new ClientLink({ client: request.client, graceMs: around.clientWaitMs });
    this.#intake = new AppendIntake({
      append: (number, batch) =>
        this.#spool === undefined ? this.#appender?.append(this, number, batch) : this.#spool.append(number, batch),
      room: async (signal) => await this.voice.log.room(signal),
      failed: (error) => this.failed(error),
    });
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
      description: request.description,
    };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get referencesPath(): string | undefined {
    return this.#intake.chunks?.referencesPath;
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
        waits: (reason: string, isBlocked: boolean) => tellWaiting(this.voice, this.ref.job, reason, isBlocked),
        blockedMsMax: this.maxWaitMs,
      };
      const { mediaType } = this.#request;
      const findHost = (device: string) => this.#around.findHost(device);
      const { devices, told } = await devicesWithRoom(this.#request.devices, mediaType, findHost);
      for (const line of told) this.voice.say("warning", line);
      const wish = {
        devices,
        mediaType,
        work: { kind: "append" as const, pool: this.label.pool },
        prefersMounted: this.#request.preferMountedVolumes,
      };
      const reservation = await this.#around.reserve(wish, waiter, this.signal);
      this.#device = reservation.device;
      this.signal.addEventListener("abort", () => this.#around.hostOf(this.#device).interrupt(), { once: true });
      // A canceled job does not wait for a device that hangs; the device is free when it has answered.
      const work = this.#append(this.#around.appenderOf(reservation.device)).finally(() => reservation[Symbol.dispose]());
      await this.#around.hostOf(reservation.device).trouble.orGiveUp(work, this.signal);
    } catch (error) {
      await this.#fail(error);
    } finally {
      this.#released.dispose();
      this.#link.close();
    }
  }

  cancel(isIncomplete: boolean): void {
    this.#abort.abort(new Canceled(isIncomplete));
  }

  failed(error: Error): void {
    this.#intake.fail(error);
    this.#abort.abort(error);
  }

  progress(facts: { readonly batches: number; readonly files: number; readonly bytes: number }): void {
    if (this.#spool === undefined) this.#intake.written(facts.batches);
    else this.#spool.written(facts.batches);
    this.#files = facts.files;
    this.#bytes = facts.bytes;
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
    this.#intake.changes.notify();
    const over = new AbortController();
    const signal = AbortSignal.any([link.signal, call.signal, over.signal]);
    try {
      yield* new AppendStream(this.#intake, requests, signal).replies();
    } finally {
      over.abort(new OperatorError("CANCELED", "the stream is over"));
    }
  }

  statusLines(): string[] {
    const { jobName, level, type } = this.#request;
    const volume = this.#appender?.volume?.name ?? "";
    const elapsedS = Math.max(1, Math.round((Date.now() - this.#startMs) / 1000));
    const rate = Math.round(this.#bytes / elapsedS).toLocaleString("en-US");
    const { ledger } = this.#intake;
    const spool = this.#spool?.activity;
    const isDespooling = spool?.isDespooling === true || this.#status === "a";
    return [
      `Writing: ${levelWord(level)} ${typeWord(type)} job ${jobName} JobId=${this.ref.jobId} Volume="${volume}"`,
      `    pool="${this.label.pool}" device="${this.#device}"`,
      `    spooling=${spool === undefined ? 0 : 1} despooling=${isDespooling ? 1 : 0} despool_wait=${spool?.waitsForTurn === true ? 1 : 0}`,
      `    Files=${this.#files.toLocaleString("en-US")} Bytes=${this.#bytes.toLocaleString("en-US")} AveBytes/sec=${rate} LastBytes/sec=${rate}`,
      `    FDReadSeqNo=${ledger.taken.toLocaleString("en-US")} in_msg=${ledger.taken} out_msg=${ledger.acknowledged} fd=${this.#link.isConnected ? 1 : 0}`,
    ];
  }

  async #append(appender: Appender): Promise<void> {
    const { changes, ledger } = this.#intake;
    await this.#beginChunks();
    this.voice.enter("F");
    await this.#link.orLost(
      changes.until(() => this.#link.hasCome, this.signal),
      this.signal,
    );
    this.voice.say("info", `Using Device "${this.#device}" to write.`);
    await appender.join(this);
    const joinedMs = performance.now();
    this.#appender = appender;
    if (this.voice.log.hasEnded) await appender.abandon(this, "A");
    this.signal.throwIfAborted();
    this.voice.enter("R");
    this.#spool = jobSpool(this, this.#request, {
      host: this.#around.hostOf(this.#device),
      appender,
      path: (segment) => this.#around.dataSpoolPath(this.ref, this.#device, segment),
      taken: (number) => this.#intake.written(number),
    });
    this.#intake.become({ kind: "running" });
    const end = await this.#link.orLost(this.#intake.clientEnd, this.signal);
    if (end.batches !== ledger.taken) {
      throw new OperatorError(
        "BATCH_INVALID",
        `the file daemon says that it sent ${end.batches} batches, but ${ledger.taken} came`,
      );
    }
    await changes.until(() => ledger.areChunksDone, this.signal);
    if (this.#spool !== undefined) {
      await this.#spool.collected();
      // The client has done its part; whether the job is OK is for this half to say.
      this.#intake.become({ kind: "ended" });
    }
    this.#status = "L";
    {
      using _turn = await this.#spool?.commit();
      await this.#finish(appender, {
        status: sessionStatus(end.status),
        errors: end.errors,
        description: end.description,
      });
    }
    const writtenPerSecond = (this.#bytes * 1000) / Math.max(1, performance.now() - joinedMs);
    await this.#despoolAttributes();
    const cause = { client: this.label.client, job: this.ref.job, volume: [...this.volumes].at(-1) ?? "" };
    const alerts = await alertsOf(this.#around.hostOf(this.#device), cause, this.signal);
    for (const alert of alerts) this.voice.say("warning", `Alert: ${alert}`);
    const seconds = (Date.now() - this.#startMs) / 1000;
    this.voice.say("info", `Elapsed time=${elapsedText(seconds)}, Transfer rate=${rateText(this.#bytes, seconds)}`);
    this.voice.say("info", `Volume write rate: ${megabytesText(writtenPerSecond)}`);
    this.#status = "T";
    await this.#end("T", { kind: "ended" });
  }

  /** Begins the job in the device's store, if it has one: before the file daemon is waited for, so that a store that is not there is told at once. */
  async #beginChunks(): Promise<void> {
    const { store } = this.#around.hostOf(this.#device);
    if (store === undefined) return;
    const { job, jobId } = this.ref;
    const { pool, client } = this.label;
    const owner = { job, jobId, session: this.session, pool, client };
    const host = this.#around.hostOf(this.#device);
    await host.places?.require(host);
    const { voice, signal } = this;
    const wait = new RoomWait({ host, voice, signal, pool, jobName: this.#request.jobName, poke: this.#around.poke });
    this.#released.use(store.whenNoRoom(this.session, async (why) => await wait.ask(why)));
    this.#intake.chunks = await JobChunks.begin(store, this.#around.verifiers, owner);
  }

  /** Makes all durable: records first, then chunks and the references to them, then the commit point. */
  async #finish(appender: Appender, facts: SessionFacts): Promise<void> {
    const { volumeBytes, references } = await appender.finish(this, facts);
    this.#lastVolumeBytes = volumeBytes;
    const { chunks } = this.#intake;
    if (chunks === undefined || references === undefined) return;
    if (!keptEnds.has(facts.status)) return await chunks.abandon();
    const volumes = [...this.volumes];
    this.signal.throwIfAborted();
    await chunks.commit(references);
    try {
      await chunks.commitPoint(volumes);
    } catch (error) {
      this.voice.say("warning", `The job is saved, but its commit point could not be made: ${describeError(error)}`);
    }
    for (const line of await chunks.diskErrors()) this.voice.say("warning", line);
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
    const given = this.#intake.chunks?.abandon();
    if (given !== undefined) await this.#around.hostOf(this.#device).trouble.orLeave(given);
    await this.#end(letter, { kind: "failed", reason });
  }

  async #end(letter: string, outcome: AppendOutcome): Promise<void> {
    try {
      await this.#spool?.[Symbol.asyncDispose]();
      await this.#removeAttributes();
      const facts = {
        status: letter,
        files: this.#files,
        bytes: this.#bytes,
        lastVolumeBytes: this.#lastVolumeBytes,
        dedup: this.#intake.chunks?.counts,
      };
      await this.voice.log.end(storageJobEnd(this.voice, this.session, facts));
      this.#intake.become(outcome);
    } catch (error) {
      this.#around.logError(`the end of job ${this.ref.job} could not be kept`, error);
      this.#intake.become({ kind: "failed", reason: describeError(error) });
    }
  }

  /** Removes the attribute spool; a file that stays is no reason not to tell the job's end. */
  async #removeAttributes(): Promise<void> {
    try {
      if (this.spoolPath !== undefined) await removeSpool(this.spoolPath);
    } catch (error) {
      this.voice.say("warning", `The attribute spool file cannot be removed: ${describeError(error)}`);
    }
  }
}

/** Ends of the client's half with which the job, or what there is of it, counts as saved; else its records stay, but the store keeps nothing for them. */
const keptEnds: ReadonlySet<string> = new Set(["T", "W", "I"]);

/** What stands in the end-of-session label: how the client's half ended. */
function sessionStatus(letter: string): string {
  return /^[A-Za-z]$/.test(letter) ? letter : "E";
}
