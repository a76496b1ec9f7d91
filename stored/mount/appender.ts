import { OperatorError } from "#lib/errors/operator-error.ts";
import { abortable, onAbort } from "#lib/base/abort.ts";
import { Mutex } from "#lib/base/lock.ts";
import { must } from "#lib/base/assert.ts";
import { mountForAppend } from "./find-volume.ts";
import { SHOW_WAITING_MS, showWaiting } from "./show-waiting.ts";
import { asDurabilityFailure, isDurabilityFailure } from "./durability-failure.ts";
import { whyNotGood } from "./may-begin.ts";
import { regionRow, statusAfter, volumeEndLines } from "./volume-end.ts";
import { withOpenRetries } from "./open-retries.ts";
import type { AppendClient, FinishedSession, SessionFacts } from "./append-client.ts";
import { Changes } from "../job/changes.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceListener } from "../device/device-thread.ts";
import type { EngineReport } from "../device/append-engine.ts";
import type { LabelAuthor } from "./find-volume.ts";
import type { SessionReferences } from "../device/session-references.ts";
import type { VolumeEnd } from "./volume-end.ts";
import type { VolumeFacts } from "./volume-facts.ts";
import type { VolumesInUse } from "./volumes-in-use.ts";

/** What the Appender needs of the daemon. */
export interface AppenderSurroundings {
  readonly volumes: VolumesInUse;
  readonly author: LabelAuthor;
  /** Notified when an operator did something, or a Volume became free. */
  readonly poke: Changes;
  /** Called when the jobs on a device have another Volume, which may take more jobs than the one before. */
  readonly moved: () => void;
}

/**
 * The jobs that append together on one device, and the Volume under them: mounts one when the first job comes, goes on to the next
 * when it is full, closes it when the last job has left.
 */
export class Appender implements DeviceListener {
  readonly #host: DeviceHost;
  readonly #around: AppenderSurroundings;
  readonly #clients = new Map<number, AppendClient>();
  readonly #endings = new Map<number, PromiseWithResolvers<void>>();
  /** One at a time: whatever mounts, changes or closes the Volume. */
  readonly #mounting = new Mutex();
  #volume: VolumeFacts | undefined;
  #lastVolume = "";
  /** Notified when a job has left the device, or the jobs on it have another Volume. */
  readonly #departures = new Changes();
  /** How many look for another Volume, or wait for their turn to. */
  #moves = 0;

  constructor(host: DeviceHost, around: AppenderSurroundings) {
    this.#host = host;
    this.#around = around;
    host.listen(this);
  }

  /** The Volume that is appended to. */
  get volume(): VolumeFacts | undefined {
    return this.#volume;
  }

  /**
   * Adds a job: sees to it that a good Volume is mounted, and begins the job's session on it. Jobs on the device stay on their Volume: where it takes
   * no more jobs this one waits until they have left, or have gone on to another.
   */
  async join(client: AppendClient): Promise<void> {
    let isTold = false;
    for (;;) {
      const changed = this.#departures.next;
      const refusal = await this.#tryToJoin(client);
      if (refusal === undefined) return;
      if (!isTold) client.voice.say("info", `Job ${client.label.job} waits for device "${this.#host.name}": ${refusal}`);
      isTold = true;
      client.voice.enter("q");
      await abortable(changed, client.signal);
    }
  }

  /** Answers why the job has to wait for those on the device; undefined: it is on the Volume. */
  async #tryToJoin(client: AppendClient): Promise<string | undefined> {
    using _moving = this.#moving();
    const sinceMs = performance.now();
    using _ = await this.#turn(client);
    const refusal = this.#volume === undefined ? undefined : await whyNotGood(this.#host, this.#volume, client);
    if (refusal !== undefined && this.#clients.size > 0) return refusal;
    if (refusal !== undefined) await this.#leaveVolume();
    if (this.#volume === undefined) await this.#mountToJoin(client, sinceMs);
    await this.#begin(client);
    return undefined;
  }

  async #begin(client: AppendClient): Promise<void> {
    const { session, label, wantsAttributes, spoolPath } = client;
    this.#clients.set(session.id, client);
    try {
      await this.#host.call("begin", { session, label, wantsAttributes, spoolPath, references: client.referencesPath });
    } catch (error) {
      // It never was a session: nobody would let it go, and its Volume with it.
      await this.#host.call("abort", { sessionId: session.id }).catch(() => {});
      this.#depart(client);
      throw error;
    }
    this.#begins(client);
  }

  /** Mounts a Volume for a job that comes, and for those that have had to leave theirs: they get one also if this job waits no longer. */
  async #mountToJoin(client: AppendClient, sinceMs: number): Promise<void> {
    const previous = this.#clients.size > 0 ? this.#lastVolume : "";
    try {
      using _waiting = showWaiting(this.#clients);
      await this.#mount(client, previous, sinceMs);
    } catch (error) {
      void this.#moveOthers(previous, sinceMs);
      throw error;
    }
    this.#moved();
  }

  /** Hands a batch to the device. The caller bounds what is under way. */
  append(client: AppendClient, number: number, batch: Uint8Array): void {
    this.#host.append(client.session.id, number, batch);
  }

  /** Has blocks written that are not full, because nothing follows for a while. */
  async flush(): Promise<void> {
    await this.#host.call("flush", null);
  }

  /** Ends a job's session: label written, records and references durable. The job has left when this resolves. */
  async finish(client: AppendClient, facts: SessionFacts): Promise<FinishedSession> {
    const { id } = client.session;
    const ending = Promise.withResolvers<void>();
    ending.promise.catch(() => {}); // it may fail before anyone waits for it
    this.#endings.set(id, ending);
    using _canceled = onAbort(client.signal, (reason) => ending.reject(reason));
    let finished: FinishedSession = { volumeBytes: 0, references: undefined };
    try {
      await this.#host.call("end", { sessionId: id, date: Date.now(), ...facts });
      await ending.promise;
      const references = await this.#sync(client);
      const volume = this.#volume;
      finished = { volumeBytes: volume?.bytes ?? 0, references };
      if (volume !== undefined) {
        client.voice.volume(volume.state(Date.now()));
      }
      await this.#closeBehind(client);
    } finally {
      this.#endings.delete(id);
    }
    this.#depart(client);
    return finished;
  }

  /** Makes the session durable. When that fails nothing more may be appended to the Volume: nobody knows what of it is on the medium. */
  async #sync(client: AppendClient): Promise<SessionReferences | undefined> {
    const volume = this.#volume;
    try {
      return await this.#host.call("finish", { sessionId: client.session.id, volumes: [...client.volumes] });
    } catch (error) {
      if (volume !== undefined && isDurabilityFailure(error)) {
        using _ = await this.#mounting.acquire(client.signal);
        volume.errorHappens();
        if (this.#volume === volume) await this.#leaveVolume();
      }
      throw error;
    }
  }

  /** The last job closes the Volume before it ends, so that it can tell what comes of that. Not while another Volume is being looked for. */
  async #closeBehind(client: AppendClient): Promise<void> {
    if (this.#clients.size > 1 || this.#moves > 0) return;
    {
      using _ = await this.#mounting.acquire(client.signal);
      if (this.#clients.size === 1 && this.#clients.has(client.session.id) && this.#volume !== undefined)
        await this.#leaveVolume();
    }
    client.signal.throwIfAborted();
  }

  /** Lets a job go that failed or was canceled. Its end is written if a Volume is there to write it on. */
  async abandon(client: AppendClient, status: string): Promise<void> {
    const { id } = client.session;
    if (!this.#clients.has(id)) return;
    try {
      try {
        if (this.#volume !== undefined) await this.#host.call("end", { sessionId: id, date: Date.now(), status, errors: 1 });
      } finally {
        // Else its blocks that wait would come onto the next Volume.
        await this.#host.call("abort", { sessionId: id });
      }
    } finally {
      // The catalog must know of what this job has written, though it ends badly.
      if (this.#volume !== undefined) client.voice.volume(this.#volume.state(Date.now()));
      this.#depart(client);
    }
  }

  report(report: EngineReport): void {
    const volume = this.#volume;
    if (report.volume !== undefined) {
      this.#host.writeRate.add(Math.max(0, report.volume.bytes - (volume?.bytes ?? 0)), performance.now());
      volume?.written(report.volume, Date.now());
    }
    for (const { sessionId, batch } of report.attributes) this.#clients.get(sessionId)?.attributes(batch);
    for (const { sessionId, ...facts } of report.progress) this.#clients.get(sessionId)?.progress(facts);
    for (const region of report.regions) {
      if (volume === undefined) continue;
      this.#clients.get(region.sessionId)?.voice.jobMedia(regionRow(volume.name, region));
    }
    for (const warning of report.warnings) {
      volume?.errorHappens();
      this.#clients
        .values()
        .next()
        .value?.voice.say("warning", `Volume "${volume?.name ?? ""}": ${warning}`);
    }
    for (const sessionId of report.ended) this.#endings.get(sessionId)?.resolve();
    if (report.full !== undefined && volume !== undefined) void this.#goOn(volume, report.full);
  }

  sessionFailed(sessionId: number, error: Error): void {
    this.#clients.get(sessionId)?.failed(error);
  }

  died(error: Error): void {
    const volume = this.#volume;
    if (volume !== undefined) this.#around.volumes.release(volume.name, this.#host.name);
    this.#volume = undefined;
    this.#host.appending = undefined;
    this.#host.letGoOfMedium();
    for (const ending of this.#endings.values()) ending.reject(error);
    for (const client of this.#clients.values())
      client.failed(new Error(`device "${this.#host.name}": ${error.message}`, { cause: error }));
  }

  /** The Volume is full: the next one, for all jobs on it. Whoever is still there asks for it; if that job ends, another one does. */
  async #goOn(volume: VolumeFacts, full: VolumeEnd): Promise<void> {
    const sinceMs = performance.now();
    using _moving = this.#moving();
    using _ = await this.#mounting.acquire();
    if (this.#volume !== volume) return;
    volume.status = statusAfter[full.cause];
    if (full.cause !== "full") volume.errorHappens();
    const first = this.#clients.values().next().value;
    for (const { kind, text } of volumeEndLines(volume, full, Date.now())) first?.voice.say(kind, text);
    try {
      if (full.cause === "gone") return await this.#giveUp(full.reason);
      await this.#leaveVolume();
      await this.#mountForAll(volume.name, sinceMs);
    } catch (error) {
      for (const client of this.#clients.values()) client.failed(error as Error);
    }
  }

  /** The job for which the Volume was left has gone without another one: the next Volume, for those that are still there. */
  async #moveOthers(previous: string, sinceMs: number): Promise<void> {
    using _moving = this.#moving();
    using _ = await this.#mounting.acquire();
    if (this.#volume !== undefined) return;
    try {
      await this.#mountForAll(previous, sinceMs);
    } catch (error) {
      for (const client of this.#clients.values()) client.failed(error as Error);
    }
  }

  /** Mounts the next Volume for all jobs on the device; the first of them asks for it, and if that job ends, another one does. */
  async #mountForAll(previous: string, sinceMs: number): Promise<void> {
    for (;;) {
      const client = this.#clients.values().next().value;
      if (client === undefined) return;
      using _waiting = showWaiting(this.#clients);
      try {
        await this.#mount(client, previous, sinceMs);
        break;
      } catch (error) {
        client.failed(error as Error);
        this.#clients.delete(client.session.id);
        await this.#host.call("abort", { sessionId: client.session.id });
      }
    }
    this.#moved();
  }

  /** What stands behind the device has ended in the midst of its work: another Volume would fare no better. */
  async #giveUp(reason: string): Promise<void> {
    for (const client of this.#clients.values()) client.failed(new OperatorError("DEVICE_PROGRAM_FAILED", reason));
    await this.#leaveVolume();
  }

  /** All jobs on the device are on the Volume that was mounted for them. */
  #moved(): void {
    for (const client of this.#clients.values()) this.#begins(client);
    if (this.#clients.size > 0) this.#around.moved();
  }

  /** The job is on the Volume that is mounted from now on. */
  #begins(client: AppendClient): void {
    const volume = this.#volume;
    if (volume === undefined) return;
    volume.jobBegins();
    client.volumes.add(volume.name);
  }

  /** While this is held, somebody looks for a Volume or waits to do so. */
  #moving(): Disposable {
    this.#moves += 1;
    return { [Symbol.dispose]: () => (this.#moves -= 1) };
  }

  /** The turn to mount, for a job that comes. Where others wait for a Volume already, it says that it waits too. */
  async #turn(client: AppendClient): Promise<Disposable> {
    const timer = setTimeout(() => client.voice.enter("m"), SHOW_WAITING_MS);
    try {
      return await this.#mounting.acquire(client.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #mount(client: AppendClient, previousVolume: string, sinceMs: number): Promise<void> {
    // Jobs that wait together wait at the same time, not one after the other.
    const maxWaitMs = client.maxWaitMs - (performance.now() - sinceMs);
    if (maxWaitMs <= 0) {
      const what = `the jobs on device "${this.#host.name}" need a Volume`;
      throw new OperatorError("JOB_NO_VOLUME", `no operator helped within the time allowed: ${what}`);
    }
    this.#host.activity = "waiting for a Volume";
    try {
      const { voice, signal } = client;
      const mount = async () =>
        await mountForAppend({
          host: this.#host,
          pool: client.label.pool,
          poolType: client.label.poolType,
          voice: client.voice,
          session: client.session,
          jobName: client.label.job,
          client: client.label.client,
          previousVolume,
          volumes: this.#around.volumes,
          author: this.#around.author,
          poke: this.#around.poke,
          maxWaitMs,
          signal: client.signal,
        });
      const facts = await withOpenRetries({ host: this.#host, voice, signal }, mount);
      this.#volume = facts;
      this.#host.appending = facts;
      this.#departures.notify();
      this.#host.writeRate.begin(performance.now());
      await this.#host.call("resume", null);
    } finally {
      this.#host.activity = "";
    }
  }

  /** Ends all runs on the Volume, makes it durable, tells its state, lets go of it. */
  async #leaveVolume(): Promise<void> {
    const volume = must(this.#volume, "a mounted Volume");
    this.#lastVolume = volume.name;
    try {
      const { warning } = await this.#host.call("unmountAppend", null);
      const { value: first } = this.#clients.values().next();
      if (warning !== undefined) first?.voice.say("warning", `${warning}. It is ignored (Ignore Close Errors = yes).`);
    } catch (error) {
      // What was written is not durable: no job of this Volume may end well.
      volume.status = "Error";
      for (const client of this.#clients.values()) client.failed(asDurabilityFailure(volume.name, error));
    } finally {
      if (this.#host.isPipe && volume.status === "Append") volume.status = "Used";
      const state = volume.state(Date.now());
      this.#clients.values().next().value?.voice.volume(state);
      this.#volume = undefined;
      this.#host.appending = undefined;
      this.#host.letGoOfMedium();
      this.#around.volumes.release(volume.name, this.#host.name);
      this.#departures.notify();
      this.#around.poke.notify();
    }
  }

  /** The job has left. The Volume is closed behind it, unless another job is on it; nobody has to wait for that. */
  #depart(client: AppendClient): void {
    this.#clients.delete(client.session.id);
    this.#departures.notify();
    void this.#closeIfIdle().catch((error: unknown) => {
      for (const other of this.#clients.values()) other.failed(error as Error);
    });
  }

  async #closeIfIdle(): Promise<void> {
    if (this.#clients.size > 0 || this.#volume === undefined) return;
    using _ = await this.#mounting.acquire();
    if (this.#clients.size === 0 && this.#volume !== undefined) await this.#leaveVolume();
  }
}
