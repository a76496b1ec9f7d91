import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "#lib/testing/ports.ts";
import { Daemon, type Ended, mustRun, runCommand } from "./process.ts";
import { NOCTURNE, type Programs } from "./programs.ts";
import { TestClock } from "./test-clock.ts";
import { type JobReport, parseReports } from "./report.ts";
import { type Ports, siteFiles, type SiteOptions, type SiteWish } from "./site.ts";

type Role = "sd" | "fd" | "dir";
const ROLES: readonly Role[] = ["sd", "fd", "dir"];
const CONFIGS = { sd: "bacula-sd.conf", fd: "bacula-fd.conf", dir: "bacula-dir.conf" } as const;

/** A job takes longer than this only when something is wrong, on the slowest machine too. */
const JOB_TIMEOUT_MS = 300_000;
/** The same for what World.until waits for. */
const UNTIL_MS = 120_000;

/**
 * A site of its own: directory, configuration files, free ports, three real daemons, a console. Everything goes through the
 * programs' command lines, files and texts, as an administrator would.
 */
export class World implements AsyncDisposable {
  readonly dir: string;
  readonly ports: Ports;
  readonly programs: Programs;
  readonly daemons = new Map<Role, Daemon>();
  /** Kept for the logs of a failed scenario. */
  keep = false;
  /** A clock of its own for daemons and console (useClock); undefined: the machine's. */
  clock: TestClock | undefined;

  private constructor(dir: string, ports: Ports, programs: Programs) {
    this.programs = programs;
    this.dir = dir;
    this.ports = ports;
  }

  /** Makes directory and configuration; starts nothing. */
  static async create(
    options: SiteWish = {},
    programs: Programs = NOCTURNE,
    under: string = process.env.NOCTURNE_REGRESS_DIR ?? tmpdir(),
  ): Promise<World> {
    const dir = mkdtempSync(join(under, "nocturne-world-"));
    const [director = 0, fileDaemon = 0, storage = 0] = await freePorts(3);
    const world = new World(dir, { director, fileDaemon, storage }, programs);
    for (const part of ["tree", "volumes", "work/dir", "work/fd", "work/sd", "logs"])
      mkdirSync(world.path(part), { recursive: true });
    world.configure(typeof options === "function" ? await options(dir, world.ports) : options);
    return world;
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** Writes the configuration files anew. */
  configure(options: SiteOptions): void {
    for (const [name, text] of siteFiles(this.dir, this.ports, options)) writeFileSync(this.path(name), text, { mode: 0o600 });
  }

  /** Changes one configuration file as an administrator's sed would; the text must be there. */
  edit(file: string, from: string | RegExp, to: string): void {
    const before = readFileSync(this.path(file), "utf8");
    const after = before.replace(from, to);
    assert.notEqual(after, before, `${file} does not hold ${from}`);
    writeFileSync(this.path(file), after);
  }

  /** Gives the site a clock of its own that shows this moment ("2026-03-01 00:00:00"); before the daemons are started. */
  useClock(startsAt: string): TestClock {
    this.clock = new TestClock(this.path("clock"), startsAt);
    return this.clock;
  }

  /** Creates the catalog and starts the daemons; those that run already are left alone. */
  async start(...roles: readonly Role[]): Promise<void> {
    const wanted = roles.length === 0 ? ROLES : roles;
    if (wanted.includes("dir") && !existsSync(this.path("catalog-made"))) {
      await this.programs.createCatalog(this.dir);
      writeFileSync(this.path("catalog-made"), "");
    }
    // When one cannot start the others are waited for all the same, so that they are stopped at the end.
    const outcomes = await Promise.allSettled(wanted.map((role) => this.startOne(role)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async startOne(role: Role): Promise<void> {
    if (this.daemons.get(role)?.isRunning === true) return;
    const port = { sd: this.ports.storage, fd: this.ports.fileDaemon, dir: this.ports.director }[role];
    const command = [...this.programs[role], "-f", "-c", this.path(CONFIGS[role])];
    this.daemons.set(
      role,
      await Daemon.start(role, command, {
        logFile: this.path("logs", `${role}.log`),
        port,
        ...this.#clockEnv(),
      }),
    );
  }

  /** kill -9. */
  async kill(role: Role): Promise<void> {
    await this.daemons.get(role)?.kill();
  }

  async stop(...roles: readonly Role[]): Promise<void> {
    const wanted = roles.length === 0 ? ROLES.toReversed() : roles;
    for (const role of wanted) await this.daemons.get(role)?.stop();
  }

  /** Runs bconsole on these lines and gives what it printed. */
  async console(...lines: readonly string[]): Promise<string> {
    return (await this.consoleEnded(...lines)).output;
  }

  /** Runs bconsole on these lines; a timeout shows what it had printed. */
  async consoleEnded(...lines: readonly string[]): Promise<Ended> {
    return await this.#session(lines);
  }

  /** A session of the console; `more` as in CommandOptions. */
  async #session(lines: readonly string[], more?: (stdout: string) => string | undefined): Promise<Ended> {
    const input = `${lines.join("\n")}\n`;
    const ended = await runCommand(this.programs.console, ["-c", this.path("bconsole.conf")], {
      input,
      ...(more === undefined ? {} : { more }),
      timeoutMs: JOB_TIMEOUT_MS,
      ...this.#clockEnv(),
    });
    writeFileSync(this.path("logs", "console.log"), `${input}---\n${ended.output}\n===\n`, { flag: "a" });
    if (ended.signal !== null) throw new Error(`bconsole did not end (${ended.signal}):\n${ended.output}`);
    return ended;
  }

  /** Queues a job by a console line that ends in `yes`; gives its JobId. */
  async queue(line: string, ...answers: readonly string[]): Promise<number> {
    return mustBeQueued(line, await this.console(line, ...answers));
  }

  /** Queues jobs by console lines that end in `yes`, in one session: quicker, and closer together. */
  async queueAll(...lines: readonly string[]): Promise<number[]> {
    const output = await this.console(...lines);
    const jobIds = [...output.matchAll(/Job queued\. JobId=(\d+)/g)].map(([, jobId]) => Number(jobId));
    if (jobIds.length !== lines.length) throw new Error(`not all were queued by "${lines.join('", "')}":\n${output}`);
    return jobIds;
  }

  /** Waits until a job has ended; gives its report. */
  async report(jobId: number): Promise<JobReport> {
    await this.console(`wait jobid=${jobId}`);
    return await this.#written(jobId);
  }

  /** Waits until these jobs have ended; gives their reports. */
  async reports(jobIds: readonly number[]): Promise<JobReport[]> {
    await this.console(...jobIds.map((jobId) => `wait jobid=${jobId}`));
    return await Promise.all(jobIds.map(async (jobId) => await this.#written(jobId)));
  }

  /** The report of a job that has ended. */
  async #written(jobId: number): Promise<JobReport> {
    const deadline = Date.now() + UNTIL_MS;
    for (;;) {
      const report = parseReports(this.messages()).find((one) => one.jobId === jobId);
      if (report !== undefined) return report;
      if (Date.now() > deadline)
        throw new Error(`job ${jobId} has ended without a report; messages:\n${this.messages().slice(-4000)}`);
      await sleep(50);
    }
  }

  /** Runs a job and gives its report. */
  async run(line: string): Promise<JobReport> {
    return await this.runLine(`run ${line} yes`);
  }

  /** Like run, for a whole console line that queues a job. One session of the console queues it and waits for its end. */
  async runLine(line: string): Promise<JobReport> {
    const { output } = await this.#session([line], (shown) => {
      const jobId = queuedIn(shown);
      return jobId === undefined ? undefined : `wait jobid=${jobId}\n`;
    });
    return await this.#written(mustBeQueued(line, output));
  }

  /** Runs a backup of job Save that must end OK. */
  async backup(level: string, more = ""): Promise<JobReport> {
    const report = await this.run(`job=Save level=${level} ${more}`);
    assert.equal(report.termination, "Backup OK", report.text + this.messages().slice(-3000));
    return report;
  }

  /** Restores with `select all done` (or what `how` says) into a new directory, which it gives back. The job must end OK. */
  async restore(how = "select all done", where = this.path(`restored-${Date.now()}`)): Promise<string> {
    const report = await this.runLine(`restore where=${where} ${how} yes`);
    assert.equal(report.termination, "Restore OK", report.text + this.messages().slice(-3000));
    return where;
  }

  /** What the Messages resource appended to its file. */
  messages(): string {
    return existsSync(this.path("messages.log")) ? readFileSync(this.path("messages.log"), "utf8") : "";
  }

  /** What a daemon wrote to its standard output and error. */
  daemonLog(role: Role): string {
    return readFileSync(this.path("logs", `${role}.log`), "utf8");
  }

  #clockEnv(): { env?: NodeJS.ProcessEnv } {
    return this.clock === undefined ? {} : { env: this.clock.env };
  }

  /** Names of everything under a directory, relative to it, sorted. */
  async namesUnder(dir: string): Promise<string[]> {
    const { stdout } = await mustRun("find", [dir, "-mindepth", "1", "-printf", "%P\\n"]);
    return stdout
      .split("\n")
      .filter((name) => name !== "")
      .toSorted();
  }

  /** Bytes of all Volumes. */
  volumeBytes(): number {
    return readdirSync(this.path("volumes")).reduce((sum, name) => sum + statSync(this.path("volumes", name)).size, 0);
  }

  /** Names of the Volumes on disk, sorted. */
  volumes(): string[] {
    return readdirSync(this.path("volumes")).toSorted();
  }

  /** Waits until the Volumes hold so many bytes: the job is in the middle of its work. */
  async untilVolumeBytes(bytes: number): Promise<void> {
    await this.until(`Volumes hold ${bytes} bytes`, () => this.volumeBytes() >= bytes);
  }

  /** Waits until a claim holds; an error after two minutes names it. */
  async until(claim: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + UNTIL_MS;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`not so after two minutes: ${claim}; messages:\n${this.messages().slice(-2000)}`);
      await sleep(25);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (!this.keep) rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The JobId that a session of the console was told of a job that it queued. */
function queuedIn(output: string): number | undefined {
  const jobId = /Job queued\. JobId=(\d+)\n/.exec(output)?.[1];
  return jobId === undefined ? undefined : Number(jobId);
}

function mustBeQueued(line: string, output: string): number {
  const jobId = queuedIn(output);
  if (jobId === undefined) throw new Error(`no job was queued by "${line}":\n${output}`);
  return jobId;
}
