import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "#lib/testing/ports.ts";
import { Daemon, mustRun } from "#regress/process.ts";
import { NOCTURNE } from "#regress/programs.ts";
import { readProbe, withProbedDirector } from "../measure/probed.ts";
import type { LoopReport } from "../measure/event-loop-probe.ts";
import { ConsoleTalk } from "./console-talk.ts";
import { farmFiles, type FarmPlan, type FarmPorts } from "./farm-files.ts";
import { MessageTail } from "./message-tail.ts";

const POLL_MS = 20;
/** A farm's jobs take longer than this only when something is wrong. */
const JOBS_TIMEOUT_MS = 15 * 60_000;

/** One Director, several file and storage daemons, all ours and real; the Director's event loop is watched. */
export class Farm implements AsyncDisposable {
  readonly dir: string;
  readonly plan: FarmPlan;
  readonly #daemons = new Map<string, Daemon>();

  private constructor(dir: string, plan: FarmPlan) {
    this.dir = dir;
    this.plan = plan;
  }

  /** Writes configuration under `dir`, creates the catalog, starts everything. */
  static async start(dir: string, plan: FarmPlan): Promise<Farm> {
    const [director = 0, ...others] = await freePorts(1 + plan.clients + plan.storages);
    const ports = { director, clients: others.slice(0, plan.clients), storages: others.slice(plan.clients) };
    await using farm = new Farm(dir, plan);
    for (const name of ["dir", ...farm.#names("fd"), ...farm.#names("sd")]) mkdirSync(join(dir, name), { recursive: true });
    for (let at = 0; at < plan.storages; at++) mkdirSync(join(dir, `volumes${at}`));
    for (const [name, text] of farmFiles(dir, ports, plan)) writeFileSync(join(dir, name), text, { mode: 0o600 });
    await NOCTURNE.createCatalog(dir);
    await farm.#startDaemons(ports);
    const started = new Farm(dir, plan);
    for (const [name, daemon] of farm.#daemons) started.#daemons.set(name, daemon);
    farm.#daemons.clear(); // theirs now: what is disposed of here is only a start that failed
    return started;
  }

  /** Process numbers by name: dir, fd0, sd0 ... */
  pids(): ReadonlyMap<string, number> {
    return new Map([...this.#daemons].map(([name, { pid }]) => [name, pid]));
  }

  messages(): string {
    return existsSync(this.#messageFile) ? readFileSync(this.#messageFile, "utf8") : "";
  }

  /** What the probe in the Director has seen; undefined before it has looked. */
  loopReport(): LoopReport | undefined {
    return readProbe(join(this.dir, "event-loop.json"));
  }

  /**
   * Queues these jobs on one console session, and waits until all have ended OK. Gives the seconds from the first line to the end of each.
   * `onEnd` is told how many have ended whenever that changes.
   */
  async run(jobNames: readonly string[], onEnd: (ended: number) => void = () => {}): Promise<number[]> {
    const tail = new MessageTail(this.#messageFile);
    await using talk = await ConsoleTalk.open(join(this.dir, "bconsole.conf"));
    const began = performance.now();
    const queueing = (async () => {
      for (const name of jobNames) await talk.line(`run job=${name} level=Full yes`);
    })();
    const seconds = await this.#ends({ tail, jobs: jobNames.length, began, onEnd });
    await queueing;
    return seconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const daemons = [...this.#daemons.values()].toReversed();
    await Promise.all(daemons.map(async (daemon) => daemon.stop()));
  }

  get #messageFile(): string {
    return join(this.dir, "messages.log");
  }

  async #ends(wait: { tail: MessageTail; jobs: number; began: number; onEnd: (ended: number) => void }): Promise<number[]> {
    const seconds: number[] = [];
    const deadline = Date.now() + JOBS_TIMEOUT_MS;
    while (seconds.length < wait.jobs) {
      await sleep(POLL_MS);
      const terminations = wait.tail.lines().filter((line) => line.startsWith("  Termination:"));
      const bad = terminations.find((line) => !line.includes("Backup OK"));
      if (bad !== undefined || Date.now() > deadline)
        throw new Error(`${bad ?? "not at an end in time"}\n${this.messages().slice(-4000)}`);
      for (const _ of terminations) seconds.push((performance.now() - wait.began) / 1000);
      if (terminations.length > 0) wait.onEnd(seconds.length);
    }
    return seconds;
  }

  #names(kind: "fd" | "sd"): string[] {
    return Array.from({ length: kind === "fd" ? this.plan.clients : this.plan.storages }, (_, at) => `${kind}${at}`);
  }

  async #startDaemons(ports: FarmPorts): Promise<void> {
    const programs = withProbedDirector(NOCTURNE, join(this.dir, "event-loop.json"));
    if (this.plan.deviceType === "Dedup")
      for (const name of this.#names("sd"))
        await mustRun(programs.sd[0] ?? "", ["-c", join(this.dir, `${name}.conf`), "--init"]);
    const start = async (name: string, command: readonly string[], port: number): Promise<void> => {
      const logFile = join(this.dir, `${name}.log`);
      this.#daemons.set(
        name,
        await Daemon.start(name, [...command, "-f", "-c", join(this.dir, `${name}.conf`)], { logFile, port }),
      );
    };
    for (const [at, port] of ports.storages.entries()) await start(`sd${at}`, programs.sd, port);
    for (const [at, port] of ports.clients.entries()) await start(`fd${at}`, programs.fd, port);
    const director = [...programs.dir, "-f", "-c", join(this.dir, "bacula-dir.conf")];
    this.#daemons.set("dir", await Daemon.start("dir", director, { logFile: join(this.dir, "dir.log"), port: ports.director }));
  }
}
