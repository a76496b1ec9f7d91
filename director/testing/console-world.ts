import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "#lib/base/assert.ts";
import { systemClock } from "#lib/base/clock.ts";
import { Mutex } from "#lib/base/lock.ts";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DaemonDirectory, FileDaemonCalls, StorageDaemonCalls } from "../clients/daemon-calls.ts";
import { ROOT_CONSOLE } from "../commands/authorize.ts";
import { runLine } from "../commands/dispatch.ts";
import type { ExitCode, Output } from "../commands/output.ts";
import { ResourceSwitches, type DirectorServices } from "../commands/services.ts";
import { ConsoleSession } from "../commands/session.ts";
import { parseDirectorConfig, type DirectorConfig } from "../config/load.ts";
import type { DeviceReply, DeviceSpace } from "#proto/stored.ts";
import type { CancelResult, JobEngine } from "../job/engine.ts";
import type { JobView } from "../job/job-view.ts";
import type { RunRequest } from "../job/run-request.ts";
import { VolumeClaims } from "../media/volume-claims.ts";
import { ClockGuard } from "../retention/clock-guard.ts";
import type { RetentionParts } from "../retention/parts.ts";
import { ConsoleMessages } from "../messages/console-messages.ts";
import { recordResources } from "../job/catalog-rows.ts";

/** An engine that notes what is asked of it. `views` are its running jobs. */
export class NotingEngine implements JobEngine {
  readonly submitted: RunRequest[] = [];
  readonly canceled: number[] = [];
  views: JobView[] = [];
  /** Jobs that are being read, each with the JobId that reads it. */
  readonly read = new Map<number, number>();
  readonly counts = { started: 0, failed: 0, succeeded: 0 };

  async submit(request: RunRequest): Promise<number> {
    this.submitted.push(request);
    return this.submitted.length;
  }
  async cancel(jobId: number): Promise<CancelResult> {
    this.canceled.push(jobId);
    const view = this.view(jobId);
    return view === null ? { kind: "notRunning", jobId } : { kind: "canceled", jobId, job: view.job, wasWaiting: false };
  }
  running(): readonly JobView[] {
    return this.views;
  }
  waiting(): readonly JobView[] {
    return [];
  }
  terminated(): readonly JobView[] {
    return [];
  }
  scheduled(): readonly never[] {
    return [];
  }
  busy() {
    return { running: new Set(this.views.filter((view) => view.endedMs === null).map((view) => view.jobId)), read: this.read };
  }
  view(jobId: number): JobView | null {
    return this.views.find((view) => view.jobId === jobId) ?? null;
  }
  viewByName(job: string): JobView | null {
    return this.views.find((view) => view.job === job) ?? null;
  }
  async waitFor(_target: unknown, signal: AbortSignal): Promise<JobView | null> {
    signal.throwIfAborted();
    return this.views[0] ?? null;
  }
  mediaChanged(): void {}
}

/** Daemons that answer each call with one line, or cannot be reached. */
class PlainDaemons implements DaemonDirectory {
  reachable = true;
  /** How the long works of storage daemons end. */
  worksEndWell = true;
  /** Room that storage daemons tell of. */
  spaces: readonly DeviceSpace[] = [];
  /** What storage daemons were asked: what, whom, how. */
  readonly asked: (readonly [what: string, storage: string, request: unknown])[] = [];
  fileDaemon(client: string): FileDaemonCalls {
    return {
      status: async () => ({ lines: [this.#line(client)] }),
      sendAccurate: async (chunks) => {
        for await (const _chunk of chunks) continue;
      },
      estimate: async function* () {
        yield { lines: [], files: 3, bytes: 4096, errors: 0 };
      },
      setDebug: async () => void this.#line(client),
    };
  }
  storageDaemon(storage: string): StorageDaemonCalls {
    const line = (): string => this.#line(storage);
    const device = async function* () {
      yield { line: line(), ok: true, volume: undefined };
    };
    return {
      status: async () => ({ lines: [line()] }),
      label: device,
      mount: device,
      unmount: device,
      release: device,
      medium: device,
      changer: async function* () {
        yield { line: line(), ok: true, places: [], slots: 0, drives: 1 };
      },
      dedup: (request) => this.#works("dedup", storage, request),
      replicate: (request) => this.#works("replicate", storage, request),
      admitReplica: async (request) => void this.asked.push(["admit", storage, request]),
      forgetSessions: async (request) => void this.asked.push(["forget", storage, request]),
      space: async () => {
        line();
        return this.spaces;
      },
      identify: async () => ({ name: `${line().split(" ")[0]}-sd`, certificateSha256: Buffer.alloc(32, storage) }),
      setDebug: async () => void line(),
    };
  }
  async *#works(what: string, storage: string, request: unknown): AsyncGenerator<DeviceReply> {
    this.asked.push([what, storage, request]);
    yield { line: this.#line(storage), volume: undefined };
    yield { line: `${what} done`, ok: this.worksEndWell, volume: undefined };
  }
  #line(name: string): string {
    if (this.reachable) return `${name} here`;
    throw new OperatorError("RPC_UNREACHABLE", `${name} cannot be reached`);
  }
}

/** What a line of the operator led to. */
export interface Answered {
  readonly text: string;
  readonly code: ExitCode;
}

/** The commands of a Director with a real catalog, without engine and daemons, in a directory of its own. */
export class ConsoleWorld implements AsyncDisposable {
  readonly engine = new NotingEngine();
  readonly daemons = new PlainDaemons();
  readonly messages = new ConsoleMessages();
  readonly claims = new VolumeClaims();
  readonly #turn = new Mutex();
  readonly audited: string[] = [];
  /** How often commands said that jobs were deleted. */
  deletions = 0;
  readonly directory: string;
  readonly catalog: Catalog;
  config: DirectorConfig;

  private constructor(directory: string, catalog: Catalog, config: DirectorConfig) {
    this.directory = directory;
    this.catalog = catalog;
    this.config = config;
  }

  /** `more` is appended to the configuration. */
  static async open(more = ""): Promise<ConsoleWorld> {
    const directory = await mkdtemp(join(tmpdir(), "nocturne-console-"));
    const options = { driver: "sqlite", file: join(directory, "catalog.db") } as const;
    await createCatalog(options);
    const config = await parseDirectorConfig(configText(directory) + more);
    await writeFile(join(directory, "query.sql"), ":Jobs by name\n*Name\nSELECT JobId FROM Job WHERE Name = '%1';\n");
    const catalog = await Catalog.open(options);
    await recordResources(catalog, "Cat", config);
    return new ConsoleWorld(directory, catalog, config);
  }

  /** Gives lines to a session: commands, and the answers to what they ask. The last answer's code counts. */
  async type(lines: readonly string[], console = ROOT_CONSOLE): Promise<Answered> {
    let text = "";
    let code: ExitCode = 0;
    const waiting = [...lines];
    const conversation = {
      send: async (output: Output) => void (text += plainText(output)),
      answer: async () => {
        const line = waiting.shift();
        if (line !== undefined) text += `${line}\n`;
        return line ?? null;
      },
    };
    const session = new ConsoleSession(this.services, conversation, { console, interactive: false });
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      const outcome = await runLine(session, line, new AbortController().signal);
      code = outcome.code;
      if (outcome.quit) break;
    }
    return { text, code };
  }

  get retention(): RetentionParts {
    return {
      catalog: this.catalog,
      claims: this.claims,
      turn: this.#turn,
      clockGuard: new ClockGuard(systemClock),
      config: () => this.config,
      now: () => this.services.now(),
      busy: () => this.engine.busy(),
      jobsDeleted: () => this.services.jobsDeleted(),
    };
  }

  get services(): DirectorServices {
    return {
      config: () => this.config,
      catalog: () => this.catalog,
      engine: this.engine,
      daemons: this.daemons,
      messages: this.messages,
      reload: async () => {},
      switches: new ResourceSwitches(),
      jobsDeleted: () => void (this.deletions += 1),
      pressure: () => undefined,
      retention: () => this.retention,
      audit: (line) => void this.audited.push(line),
      setDebug: () => {},
      version: "0 (test)",
      startedMs: 0,
      reloadedMs: () => 0,
      now: () => Date.UTC(2026, 10, 21, 12),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.catalog[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Output as a test reads it: rows with bars, questions with their choices. */
function plainText(output: Output): string {
  switch (output.kind) {
    case "text":
      return output.text;
    case "tableHead":
      return `${output.shape.columns.map((column) => column.name).join("|")}\n`;
    case "tableRows":
      return output.rows.map((row) => `${row.join("|")}\n`).join("");
    case "question":
      return `${(output.question.choices ?? []).map((choice, at) => `${at + 1}: ${choice}\n`).join("")}${output.question.prompt}`;
    default:
      return "";
  }
}

function configText(directory: string): string {
  return `
Director { Name = dir; QueryFile = "${directory}/query.sql"; WorkingDirectory = "${directory}"; Password = "pw"; Messages = Mess }
Messages { Name = Mess; console = all }
Catalog { Name = Cat; dbname = "c"; dbdriver = "sqlite3" }
Client { Name = web; Address = localhost; Password = "p"; Catalog = Cat }
Client { Name = db; Address = localhost; Password = "p"; Catalog = Cat }
Storage { Name = Disk; Address = localhost; Password = "p"; Device = Dev; Media Type = File }
Pool { Name = Default; Pool Type = Backup }
FileSet { Name = Etc; Include { Options { signature = MD5 } File = /etc } }
Job { Name = Save; Type = Backup; Level = Incremental; Client = web; FileSet = Etc; Storage = Disk; Pool = Default; Messages = Mess }
Job { Name = Back; Type = Restore; Client = web; FileSet = Etc; Storage = Disk; Pool = Default; Messages = Mess; Where = /tmp/back }
`;
}

/** The value that a test knows to be there. */
export function first<T>(values: readonly T[]): T {
  return must(values[0], "the first of a list");
}
