import { exec } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** What an `@` command may do to the session. Implemented by the shell. */
export interface ShellControl {
  write(text: string): Promise<void>;
  /** Takes the following lines from a file until it ends. */
  pushFile(path: string): void;
  redirect(
    path: string,
    options: { readonly tee: boolean; readonly inputToo: boolean; readonly mode?: string | undefined },
  ): Promise<void>;
  resetOutput(): Promise<void>;
  /** From now on this character parts a line into several commands; empty: none does. */
  setSeparator(char: string): void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly version: string;
  readonly now: () => Date;
}

interface AtCommand {
  readonly name: string;
  readonly help: string;
  /** "quit" ends the session. */
  run(words: readonly string[], shell: ShellControl): Promise<"quit" | void>;
}

/** Longest `@sleep`, in seconds: a day. */
const SLEEP_MAX = 86_400;

/** In the order in which abbreviations are resolved. */
const commands: readonly AtCommand[] = [
  {
    name: "input",
    help: "take lines from a file",
    run: async (words, shell) => shell.pushFile(needed(words, 0, "@input FILE")),
  },
  {
    name: "output",
    help: "send output to a file, or back: @output [FILE [MODE]]",
    run: (words, shell) => redirect(words, shell, false, false),
  },
  { name: "quit", help: "leave the console", run: async () => "quit" },
  {
    name: "tee",
    help: "send output to a file and here: @tee [FILE [MODE]]",
    run: (words, shell) => redirect(words, shell, true, false),
  },
  {
    name: "tall",
    help: "the same with what is typed: @tall [FILE [MODE]]",
    run: (words, shell) => redirect(words, shell, true, true),
  },
  { name: "sleep", help: "wait some seconds", run: runSleep },
  { name: "time", help: "print the time", run: (_words, shell) => shell.write(`${localTime(shell.now())}\n`) },
  {
    name: "version",
    help: "print the version of the console",
    run: (_words, shell) => shell.write(`Version: ${shell.version}\n`),
  },
  {
    name: "echo",
    help: "print the words behind it",
    run: (words, shell) => shell.write(`${words.map((word) => `${word} `).join("")}\n`),
  },
  { name: "exec", help: 'run a shell command and print what it says: @exec "COMMAND" [SECONDS]', run: runExec },
  { name: "exit", help: "leave the console", run: async () => "quit" },
  { name: "help", help: "list these commands", run: (_words, shell) => shell.write(helpText()) },
  {
    name: "separator",
    help: "part lines into commands at this character",
    run: async (words, shell) => shell.setSeparator(words[0] ?? ""),
  },
];

/** Runs a line that starts with `@`. Its failures are told, never thrown, save the abort of Ctrl-C. */
export async function runAtCommand(line: string, shell: ShellControl): Promise<"quit" | void> {
  const text = line.slice(1).trim();
  if (text === "" || text.startsWith("#")) return;
  const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    (match) => match[1]?.replaceAll(/\\(.)/g, "$1") ?? match[2]!,
  );
  const name = words.shift()!.toLowerCase();
  const command = commands.find((one) => one.name === name) ?? commands.find((one) => one.name.startsWith(name));
  if (command === undefined) return shell.write(`@${name}: is an invalid command\n`);
  try {
    return await command.run(words, shell);
  } catch (error) {
    shell.signal.throwIfAborted();
    return shell.write(`@${command.name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function needed(words: readonly string[], at: number, usage: string): string {
  const word = words[at];
  if (word === undefined) throw new Error(`usage: ${usage}`);
  return word;
}

async function redirect(words: readonly string[], shell: ShellControl, tee: boolean, inputToo: boolean): Promise<void> {
  const [path, mode] = words;
  if (path === undefined) await shell.resetOutput();
  else await shell.redirect(path, { tee, inputToo, mode });
}

async function runSleep(words: readonly string[], shell: ShellControl): Promise<void> {
  const seconds = Number(needed(words, 0, "@sleep SECONDS"));
  if (!(seconds >= 0 && seconds <= SLEEP_MAX)) throw new Error(`seconds from 0 to ${SLEEP_MAX}`);
  await sleep(seconds * 1000, undefined, { signal: shell.signal });
}

/** Bytes of output that a command run by `@exec` may write. */
const EXEC_OUTPUT_MAX = 64 * 1024 * 1024;

async function runExec(words: readonly string[], shell: ShellControl): Promise<void> {
  const command = needed(words, 0, '@exec "COMMAND" [SECONDS]');
  const timeout = words[1] === undefined ? 0 : Number(words[1]) * 1000;
  if (!(timeout >= 0)) throw new Error("the time limit is a number of seconds");
  const { promise, resolve } = Promise.withResolvers<{ stdout: string; failure: string }>();
  exec(command, { signal: shell.signal, timeout, maxBuffer: EXEC_OUTPUT_MAX, encoding: "utf8" }, (error, stdout, stderr) => {
    resolve({ stdout, failure: error === null ? "" : stderr.trim() || error.message });
  });
  const { stdout, failure } = await promise;
  shell.signal.throwIfAborted();
  await shell.write(stdout);
  if (failure !== "") await shell.write(`@exec: ${failure}\n`);
}

function helpText(): string {
  return commands.map((command) => `  @${command.name.padEnd(10)} ${command.help}\n`).join("") + "  @#          a comment\n";
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Local time as `21-Nov-2026 07:08:11`. */
function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(time.getDate())}-${months[time.getMonth()]}-${time.getFullYear()}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
