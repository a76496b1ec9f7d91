import { bytesOf } from "#lib/base/byte-string.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import { libcFailure, LIBC_FEATURES } from "#lib/platform/libc.ts";
import { ScriptMoment } from "#proto/filed.ts";
import type { ClientScript, StartFileJobRequest } from "#proto/filed.ts";
import type { JobEnd } from "#proto/job.ts";
import type { AccurateTable } from "#filed/backup/thread-messages.ts";
import { expandCodes, isWanted, runScript } from "#filed/scripts/run-script.ts";
import type { ScriptOutcome } from "#filed/scripts/run-script.ts";
import { runBackup } from "./run-backup.ts";
import { JobVoice } from "./job-voice.ts";
import { runRestore } from "./run-restore.ts";
import { HungUp } from "./work-context.ts";
import type { EndLetter, JobNumbers, JobSurroundings, WorkContext } from "./work-context.ts";

/** Thrown into a job that the Director cancels. */
class JobCanceled extends OperatorError {
  readonly isIncomplete: boolean;

  constructor(isIncomplete: boolean) {
    super("CANCELED", isIncomplete ? "the job is stopped" : "the job is canceled");
    this.isIncomplete = isIncomplete;
  }
}

const PROGRESS_MS = 1000;

/** The client's half of one job, from its start until its end event. */
export class FileJob {
  readonly request: StartFileJobRequest;
  readonly startedMs: number;
  readonly numbers: JobNumbers = {
    files: 0,
    bytes: 0,
    readBytes: 0,
    errors: 0,
    missing: 0,
    examined: 0,
    networkBytes: 0,
    dedup: undefined,
    file: "",
  };
  readonly #surroundings: JobSurroundings;
  readonly #director: string;
  readonly #log: JobLog;
  readonly #voice: JobVoice;
  readonly #accurate: AccurateTable | undefined;
  readonly #abort = new AbortController();

  constructor(parts: {
    request: StartFileJobRequest;
    surroundings: JobSurroundings;
    /** Name of the Director that ordered it. */
    director: string;
    log: JobLog;
    accurate: AccurateTable | undefined;
  }) {
    this.request = parts.request;
    this.#surroundings = parts.surroundings;
    this.#director = parts.director;
    this.#log = parts.log;
    this.#accurate = parts.accurate;
    this.#voice = new JobVoice(parts.log, parts.surroundings.name, parts.surroundings.clock);
    this.startedMs = parts.surroundings.clock.nowMs();
  }

  get isCanceled(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Stops the job soon: as Canceled, or so that it becomes Incomplete. */
  cancel(isIncomplete: boolean): void {
    this.#abort.abort(new JobCanceled(isIncomplete));
  }

  /** Stops the job as an error of its own: the daemon is being stopped. */
  stop(): void {
    this.#abort.abort(new OperatorError("RPC_STOPPING", "the file daemon is being stopped"));
  }

  /** Runs to the end; answers how it ended. Whatever fails ends in the log, nothing is thrown. */
  async run(): Promise<EndLetter> {
    const progress = setInterval(() => this.#passProgress(), PROGRESS_MS);
    try {
      this.#log.append({ $case: "state", value: { letter: "R" } });
      const letter = await this.#work();
      await this.#runScripts(ScriptMoment.SCRIPT_MOMENT_AFTER, letter === "T" ? "ok" : "failed").catch((error: unknown) =>
        this.#say(error),
      );
      await this.#end(letter);
      return letter;
    } finally {
      clearInterval(progress);
    }
  }

  async #work(): Promise<EndLetter> {
    try {
      const failure = libcFailure();
      if (failure !== undefined)
        this.#voice.say("warning", `Without native functions (${failure}) these are left out: ${LIBC_FEATURES}.`);
      await this.#runScripts(ScriptMoment.SCRIPT_MOMENT_BEFORE, "running");
      await this.#runScripts(ScriptMoment.SCRIPT_MOMENT_AFTER_SNAPSHOT, "running");
      const context: WorkContext = {
        request: this.request,
        surroundings: this.#surroundings,
        director: this.#director,
        log: this.#log,
        voice: this.#voice,
        numbers: this.numbers,
        accurate: this.#accurate,
        signal: this.#abort.signal,
      };
      const { work } = this.request;
      if (work?.$case === "backup") return await runBackup(context, work.value);
      if (work?.$case === "restore") return await runRestore(context, work.value);
      throw new OperatorError("JOB_REFUSED", "the Director asks for work that this file daemon does not know");
    } catch (error) {
      return this.#say(error);
    }
  }

  /** Says why the job cannot go on, and answers its letter. */
  #say(error: unknown): EndLetter {
    const { aborted, reason } = this.#abort.signal;
    if (aborted && reason instanceof JobCanceled) return reason.isIncomplete ? "I" : "A";
    if (error instanceof HungUp) return "I";
    this.numbers.errors++;
    this.#voice.say("fatal", describeError(aborted ? reason : error));
    return "f";
  }

  async #runScripts(moment: ScriptMoment, outcome: ScriptOutcome): Promise<void> {
    for (const script of this.request.scripts) {
      if (script.when === moment && isWanted(script, outcome)) await this.#runScript(script, outcome);
    }
  }

  async #runScript(script: ClientScript, outcome: ScriptOutcome): Promise<void> {
    const codes = this.#codes(outcome);
    const label = script.label === "" ? momentWord(script.when) : script.label;
    this.#voice.say("info", `shell command: run ${label.replace(/Run/, "")} "${expandCodes(script.command, codes)}"`);
    try {
      await runScript(script.command, {
        codes,
        onLine: (line) => this.#voice.say("info", `${label}: ${line}`),
        // Scripts after a canceled job still run.
        signal: outcome === "failed" ? new AbortController().signal : this.#abort.signal,
      });
    } catch (error) {
      if (this.#abort.signal.aborted && outcome !== "failed") throw error;
      const text = `Runscript: ${label} ${describeError(error)}`;
      if (script.failJobOnError && outcome === "running") throw new OperatorError("SCRIPT_FAILED", text);
      this.numbers.errors++;
      this.#voice.say("error", text);
    }
  }

  #codes(outcome: ScriptOutcome): Record<string, string> {
    const { files, bytes, readBytes, errors } = this.numbers;
    const status = outcome === "running" ? "Running" : outcome === "ok" ? "OK" : this.isCanceled ? "Canceled" : "Error";
    return {
      d: this.#surroundings.name,
      ...this.request.codes,
      P: String(process.pid),
      F: String(files),
      b: String(bytes),
      R: String(readBytes),
      E: String(errors),
      e: status,
    };
  }

  #passProgress(): void {
    if (this.#log.hasEnded) return;
    const { files, bytes, errors, file } = this.numbers;
    this.#log.pass({ $case: "progress", value: { files, bytes, errors, file: bytesOf(file) } });
  }

  async #end(letter: EndLetter): Promise<void> {
    const { files, bytes, readBytes, errors, missing, examined, networkBytes, dedup } = this.numbers;
    const end: JobEnd = {
      status: letter,
      files,
      bytes,
      readBytes,
      errors,
      warnings: this.#voice.warnings,
      missingFiles: missing,
      volSessionId: 0,
      volSessionTime: 0,
      encrypted: false,
      snapshot: false,
      networkBytes,
      examinedFiles: examined,
      lastVolumeBytes: 0,
      dedup,
    };
    await this.#log.end(end);
  }
}

function momentWord(moment: ScriptMoment): string {
  switch (moment) {
    case ScriptMoment.SCRIPT_MOMENT_AFTER:
      return "ClientAfterJob";
    case ScriptMoment.SCRIPT_MOMENT_AFTER_SNAPSHOT:
      return "ClientAfterVSS";
    default:
      return "ClientBeforeJob";
  }
}
