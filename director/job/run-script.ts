import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { expandPercentCodes, type PercentValues } from "#lib/config/percent-codes.ts";
import type { RunScript } from "#director/config/run-script.ts";
import { ScriptMoment, type ClientScript } from "#proto/filed.ts";
import { splitCommand } from "#lib/base/split-command.ts";

/** When a script of the Director runs. */
export type ScriptTime = "before" | "after";

/** Type of a message about a script. */
export type ScriptMessage = "Info" | "Warning" | "Error";

/** What running scripts needs of the job. */
export interface ScriptRun {
  readonly values: PercentValues;
  say(type: ScriptMessage, text: string): Promise<void>;
  /** Runs a console command as the Director itself; answers its output. Throws if the command fails. */
  console(command: string, signal: AbortSignal): Promise<string>;
  readonly signal: AbortSignal;
}

/** Longest output line that is kept, in characters. */
const LINE_CHARS_MAX = 4096;

/** Scripts that run on the Director at this time; after the job `isGood` says how it ended. */
export function scriptsAt(scripts: readonly RunScript[], time: ScriptTime, isGood: boolean): readonly RunScript[] {
  return scripts.filter((script) => {
    if (script.target.kind !== "director") return false;
    if (time === "before") return script.runsWhen === "Before" || script.runsWhen === "Always";
    if (script.runsWhen !== "After" && script.runsWhen !== "Always") return false;
    return isGood ? script.runsOnSuccess : script.runsOnFailure;
  });
}

/** Runs scripts one after the other. Answers false if one failed that the job must not survive; those after it do not run. */
export async function runScripts(scripts: readonly RunScript[], time: ScriptTime, run: ScriptRun): Promise<boolean> {
  for (const script of scripts) {
    const isWell = await runScript(script, time, run);
    if (!isWell && script.failJobOnError) return false;
  }
  return true;
}

/** Scripts of the job's client as the file daemon runs them. A script for another client is not among them. */
export function clientScripts(scripts: readonly RunScript[], clientName: string): ClientScript[] {
  return scripts.flatMap((script) => {
    if (script.kind !== "command" || script.target.kind !== "client") return [];
    if (script.target.name !== undefined && script.target.name !== clientName) return [];
    return momentsOf(script).map((when) => ({
      command: script.command,
      when,
      onSuccess: script.runsOnSuccess,
      onFailure: script.runsOnFailure,
      failJobOnError: script.failJobOnError,
      label: clientLabel(script, when),
    }));
  });
}

async function runScript(script: RunScript, time: ScriptTime, run: ScriptRun): Promise<boolean> {
  const when = time === "before" ? "BeforeJob" : "AfterJob";
  const command = expandPercentCodes(script.command, run.values);
  if (script.kind === "console") {
    await run.say("Info", `console command: run ${when} "${command}"`);
    return await runConsole(command, when, run);
  }
  await run.say("Info", `shell command: run ${when} "${command}"`);
  const [program, ...args] = splitCommand(command);
  if (program === undefined) return true;
  const failure = await runProgram(program, args, (line) => run.say("Info", `${when}: ${line}`), run.signal);
  if (failure === null) return true;
  await run.say(
    script.failJobOnError ? "Error" : "Warning",
    `Runscript: ${when} returned non-zero status=${failure.status}. ERR=${failure.reason}`,
  );
  return false;
}

async function runConsole(command: string, when: string, run: ScriptRun): Promise<boolean> {
  try {
    const output = await run.console(command, run.signal);
    for (const line of output.split("\n")) if (line !== "") await run.say("Info", `${when}: ${line}`);
    return true;
  } catch (error) {
    await run.say(
      "Error",
      `Runscript: ${when} console command failed. ERR=${error instanceof Error ? error.message : String(error)}`,
    );
    return false;
  }
}

interface ProgramFailure {
  readonly status: number;
  readonly reason: string;
}

/** Runs a program without a shell; its output goes line by line to `onLine`. Null: status 0. */
async function runProgram(
  program: string,
  args: readonly string[],
  onLine: (line: string) => Promise<void>,
  signal: AbortSignal,
): Promise<ProgramFailure | null> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal, killSignal: "SIGTERM" });
  const ended = new Promise<ProgramFailure | null>((resolve) => {
    child.on("error", (error) => resolve({ status: 127, reason: error.message }));
    child.on("close", (code, by) => {
      if (by !== null) resolve({ status: 128, reason: `ended by ${by}` });
      else resolve(code === 0 ? null : { status: code ?? 1, reason: `Child exited with code ${code}` });
    });
  });
  await Promise.all([eachLine(child.stdout, onLine), eachLine(child.stderr, onLine)]);
  return await ended;
}

async function eachLine(stream: Readable, onLine: (line: string) => Promise<void>): Promise<void> {
  for await (const line of createInterface({ input: stream })) await onLine(line.slice(0, LINE_CHARS_MAX));
}

function momentsOf(script: RunScript): ScriptMoment[] {
  switch (script.runsWhen) {
    case "Before":
      return [ScriptMoment.SCRIPT_MOMENT_BEFORE];
    case "After":
      return [ScriptMoment.SCRIPT_MOMENT_AFTER];
    case "Always":
      return [ScriptMoment.SCRIPT_MOMENT_BEFORE, ScriptMoment.SCRIPT_MOMENT_AFTER];
    case "AfterVSS":
    case "AfterSnapshot":
      return [ScriptMoment.SCRIPT_MOMENT_AFTER_SNAPSHOT];
    case "Never":
      return [];
  }
}

/** What the lines of a client script begin with: the short forms keep their old name. */
function clientLabel(script: RunScript, when: ScriptMoment): string {
  if (script.keyword === "ClientRunBeforeJob" || script.keyword === "ClientRunAfterJob") return script.keyword;
  if (when === ScriptMoment.SCRIPT_MOMENT_BEFORE) return "ClientBeforeJob";
  return when === ScriptMoment.SCRIPT_MOMENT_AFTER ? "ClientAfterJob" : "ClientAfterVSS";
}
