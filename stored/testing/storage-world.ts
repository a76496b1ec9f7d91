import { loadIdentity } from "#lib/auth/identity.ts";
import { followJob } from "#lib/job-log/follow.ts";
import { must } from "#lib/base/assert.ts";
import { Secret } from "#lib/config/secret.ts";
import { RpcClient } from "#lib/rpc/client.ts";
import { LinesLog } from "#lib/testing/loopback.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { parseStorageConfig } from "../config/load.ts";
// oxlint-disable-next-line no-restricted-imports -- tests play with the whole daemon
import { StorageDaemon } from "../daemon.ts";
import { TestCatalog } from "./test-catalog.ts";
import type { AppendReply, ReadEnd } from "#proto/data.ts";
import type { Bootstrap } from "#proto/bootstrap.ts";
import type { JobEnd, JobEvent, JobMediaRow, JobQuestion } from "#proto/job.ts";
import type { StartStorageJobRequest } from "#proto/stored.ts";
import type { TlsIdentity } from "#lib/auth/identity.ts";

const PASSWORD = "storage password";

/** The key that file daemons present in these tests. */
export const JOB_KEY = Buffer.alloc(32, 7);

/** What a Director knows of one job half at its end. */
export interface FollowedJob {
  readonly end: JobEnd;
  readonly events: readonly JobEvent[];
  readonly media: readonly JobMediaRow[];
  readonly attributes: Buffer;
  readonly messages: readonly string[];
}

/** A storage daemon on the loopback with a Director's and a file daemon's side to play. */
export class StorageWorld implements AsyncDisposable {
  readonly dir: TempDir;
  readonly catalog = new TestCatalog();
  readonly log = new LinesLog();
  /** States that jobs have told, by job name. */
  readonly states = new Map<string, string[]>();
  readonly #stack: AsyncDisposableStack;
  readonly #config: string;
  readonly #identities: { readonly director: TlsIdentity; readonly client: TlsIdentity };
  #daemon: StorageDaemon | undefined;
  #director: RpcClient | undefined;
  #nextJob = 1;

  private constructor(
    dir: TempDir,
    config: string,
    identities: { readonly director: TlsIdentity; readonly client: TlsIdentity },
    stack: AsyncDisposableStack,
  ) {
    this.dir = dir;
    this.#config = config;
    this.#identities = identities;
    this.#stack = stack;
  }

  /** Starts the daemon with one File device "Disk" (and what `more` adds to the configuration). */
  static async start(
    options: { readonly device?: string; readonly storage?: string; readonly more?: string } = {},
  ): Promise<StorageWorld> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(await TempDir.make());
    await mkdir(dir.file("volumes"));
    const director = await loadIdentity({ settings: [], base: dir.file("dir"), name: "test-dir" });
    const client = await loadIdentity({ settings: [], base: dir.file("fd"), name: "test-fd" });
    const config = `
Storage { Name = test-sd; WorkingDirectory = "${dir.file("work")}"; SDAddress = 127.0.0.1; SDPort = 1; ${options.storage ?? ""} }
Director { Name = test-dir; Password = "${PASSWORD}" }
Device { Name = Disk; Media Type = File; Device Type = File; Archive Device = "${dir.file("volumes")}"; LabelMedia = yes; ${options.device ?? ""} }
Messages { Name = M; director = test-dir = all }
${(options.more ?? "").replaceAll("@volumes@", dir.file("volumes"))}
`;
    const world = new StorageWorld(dir, config, { director, client }, stack.move());
    await world.up();
    return world;
  }

  get volumes(): string {
    return this.dir.file("volumes");
  }

  /** Starts the daemon (again). */
  async up(): Promise<void> {
    const config = await parseStorageConfig(this.#config);
    // Port 0 cannot be configured: any free port is a matter of tests only.
    this.#daemon = await StorageDaemon.open({ ...config, storage: { ...config.storage, sdPort: 0 } }, { log: this.log });
  }

  /** Stops the daemon. */
  async down(): Promise<void> {
    await this.#director?.[Symbol.asyncDispose]();
    this.#director = undefined;
    await this.#daemon?.[Symbol.asyncDispose]();
    this.#daemon = undefined;
  }

  /** The Director's connection. */
  get director(): RpcClient {
    this.#director ??= new RpcClient({
      self: { role: "director", name: "test-dir", identity: this.#identities.director },
      server: { role: "storageDaemon", name: "test-sd" },
      address: "127.0.0.1",
      port: this.#port,
      login: { kind: "password", password: new Secret(PASSWORD), where: "the test" },
      tls: {},
      log: this.log,
    });
    return this.#director;
  }

  /** A new connection of the file daemon. */
  async client(): Promise<RpcClient> {
    const hello = await this.director.ready();
    void hello;
    return new RpcClient({
      self: { role: "fileDaemon", name: "test-fd", identity: this.#identities.client },
      server: { role: "storageDaemon", name: "test-sd" },
      address: "127.0.0.1",
      port: this.#port,
      login: {
        kind: "pinned",
        certificateSha256: (await loadIdentity({ settings: [], base: this.dir.file("work", "test-sd"), name: "test-sd" }))
          .sha256,
      },
      tls: {},
      log: this.log,
    });
  }

  get #port(): number {
    return must(this.#daemon, "a daemon that runs").port;
  }

  /** What starts a job that appends. */
  appendRequest(more: Partial<StartStorageJobRequest> = {}, pool = "Default"): StartStorageJobRequest {
    return this.#request({ work: { $case: "append", value: { pool, poolType: "Backup", catalogFiles: true } }, ...more });
  }

  /** What starts a job that reads. */
  readRequest(bootstrap: Bootstrap, more: Partial<StartStorageJobRequest> = {}): StartStorageJobRequest {
    return this.#request({ type: "R", work: { $case: "read", value: { bootstrap } }, ...more });
  }

  async startJob(request: StartStorageJobRequest): Promise<{ readonly volSessionId: number; readonly volSessionTime: number }> {
    return await this.director.unary(StorageDaemonService.startJob, request);
  }

  /** Follows a job to its end as a Director does, answering its questions from the catalog. */
  async follow(request: StartStorageJobRequest, signal = AbortSignal.timeout(30_000)): Promise<FollowedJob> {
    const events: JobEvent[] = [];
    const job = must(request.job, "a job");
    const end = await followJob({
      connect: () => this.director,
      method: StorageDaemonService.followJob,
      job,
      from: 1,
      onEvents: async (fresh) => {
        for (const { event } of fresh) {
          if (event?.$case === "volume") this.catalog.learn(event.value);
          if (event?.$case === "state") this.states.set(job.job, [...(this.states.get(job.job) ?? []), event.value.letter]);
        }
        events.push(...fresh);
      },
      onQuestion: (number, question) => void this.#answer(request, number, question),
      signal,
    });
    const all = events.map(({ event }) => event);
    return {
      end,
      events,
      media: all.flatMap((event) => (event?.$case === "jobMedia" ? [event.value] : [])),
      attributes: Buffer.concat(all.flatMap((event) => (event?.$case === "attributes" ? [event.value] : []))),
      messages: all.flatMap((event) => (event?.$case === "message" ? [event.value.text] : [])),
    };
  }

  /** Sends batches as a file daemon does and answers the last reply. */
  async sendBatches(request: StartStorageJobRequest, batches: readonly Uint8Array[]): Promise<AppendReply | undefined> {
    await using client = await this.client();
    const call = await client.bidi(bulkStorageData.append);
    await call.write({ step: { $case: "open", value: { job: request.job, key: request.key } } });
    const sending = (async () => {
      for (const batch of batches) await call.write({ step: { $case: "records", value: asBuffer(batch) } });
      await call.write({ step: { $case: "end", value: { batches: batches.length, status: "T", errors: 0 } } });
      call.end();
    })();
    sending.catch(() => {});
    let last: AppendReply | undefined;
    for await (const reply of call) {
      last = reply;
      if (reply.ended || reply.failed !== "") break;
    }
    return last;
  }

  /**
   * Sends batches from number `from` on over a connection of its own and cuts it after `cutAfter` of them (or after the end). Answers
   * how many the storage daemon had acknowledged at the start of this stream, plus those that it acknowledged since.
   */
  async sendSome(
    request: StartStorageJobRequest,
    batches: readonly Uint8Array[],
    how: { readonly from: number; readonly cutAfter: number },
  ): Promise<number> {
    await using client = await this.client();
    const call = await client.bidi(bulkStorageData.append);
    await call.write({ step: { $case: "open", value: { job: request.job, key: request.key } } });
    const replies = call[Symbol.asyncIterator]();
    let acknowledged = must((await replies.next()).value as AppendReply | undefined, "a first reply").batches;
    const stop = Math.min(acknowledged + how.cutAfter, batches.length);
    for (let number = acknowledged; number < stop; number += 1)
      await call.write({ step: { $case: "records", value: asBuffer(must(batches[number], "a batch")) } });
    if (stop === batches.length)
      await call.write({ step: { $case: "end", value: { batches: batches.length, status: "T", errors: 0 } } });
    for (let reply = await replies.next(); reply.done !== true; reply = await replies.next()) {
      acknowledged = reply.value.batches;
      if (reply.value.ended || (stop < batches.length && acknowledged > how.from)) break;
    }
    call.cancel();
    return acknowledged;
  }

  /** Waits until the job has told that it is in this state. */
  async untilState(request: StartStorageJobRequest, letter: string): Promise<void> {
    const name = must(request.job, "a job").job;
    for (let tries = 0; tries < 1000; tries += 1) {
      if (this.states.get(name)?.includes(letter) === true) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`job ${name} never came into state ${letter}`);
  }

  /** Lets the daemon vanish as a kill would: what it had in memory is gone, its files stay. */
  async abandonDaemon(): Promise<void> {
    await cp(this.dir.file("work"), this.dir.file("work.before"), { recursive: true });
    await this.down();
    await rm(this.dir.file("work"), { recursive: true });
    await rename(this.dir.file("work.before"), this.dir.file("work"));
  }

  /** Runs a job that appends these batches, to its end. */
  async append(
    batches: readonly Uint8Array[],
    more: Partial<StartStorageJobRequest> = {},
  ): Promise<FollowedJob & { readonly session: { readonly volSessionId: number; readonly volSessionTime: number } }> {
    const request = this.appendRequest(more);
    const session = await this.startJob(request);
    const [followed] = await Promise.all([this.follow(request), this.sendBatches(request, batches)]);
    return { ...followed, session };
  }

  /** Receives some batches over a connection of its own and cuts it. */
  async receiveSome(
    request: StartStorageJobRequest,
    how: { readonly received: number; readonly cutAfter: number },
  ): Promise<Buffer[]> {
    await using client = await this.client();
    const call = await client.bidi(bulkStorageData.read);
    await call.write({ step: { $case: "open", value: { job: request.job, key: request.key } } });
    await call.write({ step: { $case: "received", value: how.received } });
    const parts: Buffer[] = [];
    for await (const { step } of call) {
      if (step?.$case === "records") parts.push(Buffer.from(step.value));
      if (parts.length === how.cutAfter) break;
    }
    call.cancel();
    return parts;
  }

  /** Receives what a job that reads gives, as a file daemon does; `received` batches came before. */
  async receive(
    request: StartStorageJobRequest,
    received = 0,
  ): Promise<{
    readonly records: Buffer;
    readonly sessions: number[];
    readonly damages: readonly string[];
    readonly failed: string;
    readonly batches: number;
  }> {
    await using client = await this.client();
    const call = await client.bidi(bulkStorageData.read);
    await call.write({ step: { $case: "open", value: { job: request.job, key: request.key } } });
    await call.write({ step: { $case: "received", value: received } });
    const parts: Buffer[] = [];
    const sessions: number[] = [];
    let end: ReadEnd | undefined;
    for await (const { step } of call) {
      if (step?.$case === "session") sessions.push(step.value.volSessionId);
      if (step?.$case === "records") {
        parts.push(Buffer.from(step.value));
        await call.write({ step: { $case: "received", value: received + parts.length } });
      }
      if (step?.$case === "end") {
        end = step.value;
        call.end();
      }
    }
    const { damages, failed } = must(end, "an end");
    return { records: Buffer.concat(parts), sessions, damages, failed, batches: parts.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await this.#stack.disposeAsync();
  }

  async #answer(request: StartStorageJobRequest, number: number, question: JobQuestion): Promise<void> {
    const { ask } = question;
    const refused = ask?.$case === "findVolume" ? ask.value.refused : [];
    const { catalog } = this;
    const stillGood = (volume: string) => (catalog.takesMoreJobs ? catalog.volumes.get(volume) : undefined);
    const use = ask?.$case === "checkVolume" ? stillGood(ask.value.volume) : catalog.find(refused);
    const answer = use === undefined ? { $case: "none" as const, value: "no Volume" } : { $case: "use" as const, value: use };
    await this.director.unary(StorageDaemonService.answer, { job: request.job, number, answer });
  }

  #request(more: Partial<StartStorageJobRequest>): StartStorageJobRequest {
    const jobId = this.#nextJob++;
    return {
      job: { job: `Save.2026-01-02_03.04.05_${String(jobId).padStart(2, "0")}`, jobId },
      jobName: "Save",
      client: "test-fd",
      fileset: "All",
      filesetMd5: "abc",
      type: "B",
      level: "F",
      devices: ["Disk"],
      mediaType: "File",
      key: JOB_KEY,
      clientCertificateSha256: this.#identities.client.sha256,
      work: undefined,
      spoolAttributes: false,
      spoolData: false,
      spoolBytes: 0,
      maxWaitS: 20,
      preferMountedVolumes: true,
      clientWaitS: 0,
      ...more,
    };
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
