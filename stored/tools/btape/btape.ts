import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { EXIT_FAILED } from "../run-tool.ts";
import { autochangerTest } from "./autochanger-command.ts";
import { Bench, TestFailed } from "./bench.ts";
import { fill, rawfill, rectest, speed, unfill } from "./fill-commands.ts";
import { label, readLabel, requireScratch } from "./label-commands.ts";
import { LineInput } from "../line-input.ts";
import { moveCommands } from "./move-commands.ts";
import { testedDrive } from "./tested-drive.ts";
import { test } from "./test-command.ts";
import type { ToolLine, ToolSpec } from "../tool-line.ts";
import type { ToolVoice } from "../tool-voice.ts";

/** The command line of btape: Bacula's, and behind the device a command that is run instead of asking for some. */
export const btapeSpec: ToolSpec = {
  program: "btape",
  letters: "b:c:psvw:",
  operands: [1, 20],
  operandsWrong: "No archive name specified.",
  usage: `Usage: btape <options> <device_name> [command [words]]
       -b <file>   specify bootstrap file (understood, not used)
       -c <file>   set configuration file to file
       -d <nn>     set debug level to <nn>
       -dt         print timestamp in debug output
       -p          proceed inspite of I/O errors (understood: scans always do)
       -s          turn off signals (understood, not used)
       -w <dir>    set working directory to dir
       -v          be verbose
       -?          print this message.
`,
};

type Command = (bench: Bench, words: readonly string[]) => unknown;

/** Commands that write over what the tape holds. */
const writing: ReadonlySet<string> = new Set(["rawfill", "wfill", "rectest", "speed", "test", "weof"]);

const counted = (command: (bench: Bench, count: number) => unknown): Command => {
  return async (bench, words) => await command(bench, countOf(bench, words));
};

const commands: Readonly<Record<string, readonly [text: string, run: Command]>> = {
  autochanger: ["test autochanger", autochangerTest],
  bsf: ["backspace file", counted(moveCommands.bsf)],
  bsr: ["backspace record", counted(moveCommands.bsr)],
  cap: ["list device capabilities", moveCommands.cap],
  clear: ["clear tape errors", moveCommands.clear],
  eod: ["go to end of data for append", moveCommands.eod],
  eom: ["go to the physical end of medium", moveCommands.eom],
  fill: ["fill tape, write onto second volume", fill],
  unfill: ["read filled tape", unfill],
  fsf: ["forward space a file", counted(moveCommands.fsf)],
  fsr: ["forward space a record", counted(moveCommands.fsr)],
  help: ["print this command", help],
  label: ["write a label to the tape", label],
  load: ["load a tape", moveCommands.load],
  quit: ["quit btape", () => {}],
  rawfill: ["write blocks as they are to fill tape", rawfill],
  wfill: ["the same as rawfill", rawfill],
  readlabel: ["read and print the tape label", readLabel],
  rectest: ["test record handling functions", rectest],
  rewind: ["rewind the tape", moveCommands.rewind],
  scan: ["read() tape block by block to EOT and report", moveCommands.scan],
  scanblocks: ["read blocks of a Volume one by one to EOT and report", moveCommands.scanblocks],
  speed: ["[file_size=n(GB)|nb_file=3|skip_zero|skip_random|skip_raw|skip_block] report drive speed", speed],
  status: ["print tape status", moveCommands.status],
  test: ["General test tape functions", test],
  weof: ["write an EOF on the tape", counted(moveCommands.weof)],
};

/** Tests a drive, with commands that are typed or the one of the command line; answers the exit code. */
export async function btape(line: ToolLine, voice: ToolVoice, signal: AbortSignal): Promise<number> {
  const [named = "", ...words] = line.operands;
  using input = new LineInput();
  const drive = await testedDrive(named, line.value("c"), line.value("w"));
  const isVerbose = line.has("v");
  using bench = new Bench({ drive, voice, input, signal, isVerbose });
  voice.say(`Using device: "${drive.name}" for writing.`);
  openFirst(bench);
  if (words.length > 0) {
    await run(bench, words);
    return voice.errors > 0 ? EXIT_FAILED : 0;
  }
  for (;;) {
    const typed = await bench.ask("*");
    const typedWords = typed?.split(/\s+/).filter((word) => word !== "") ?? [];
    if (typed === undefined || nameOf(typedWords[0] ?? "") === "quit") break;
    if (typedWords.length > 0) await run(bench, typedWords);
  }
  return voice.errors > 0 ? EXIT_FAILED : 0;
}

/** An empty drive is no reason to end: a tape may be loaded. */
function openFirst(bench: Bench): void {
  try {
    bench.reopen();
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "VOLUME_NOT_FOUND") throw error;
    bench.voice.say(describeError(error));
  }
}

async function run(bench: Bench, [typed = "", ...words]: readonly string[]): Promise<void> {
  const name = nameOf(typed);
  const command = name === undefined ? undefined : commands[name];
  try {
    if (command === undefined) bench.fail(`"${typed}" is an invalid command`);
    if (name !== undefined && writing.has(name)) await requireScratch(bench);
    await command[1](bench, words);
  } catch (error) {
    if (error instanceof TestFailed) return;
    if (!(error instanceof OperatorError) || bench.signal.aborted) throw error;
    bench.voice.error(describeError(error));
  }
}

/** The command that is meant: its name, or the beginning of exactly one. */
function nameOf(typed: string): string | undefined {
  if (Object.hasOwn(commands, typed)) return typed;
  const names = Object.keys(commands).filter((name) => typed !== "" && name.startsWith(typed));
  return names.length === 1 ? names[0] : undefined;
}

function help({ voice }: Bench): void {
  voice.plain("Interactive commands:\n  Command    Description\n  =======    ===========");
  for (const [name, [text]] of Object.entries(commands)) voice.plain(`  ${name.padEnd(10)} ${text}`);
}

function countOf(bench: Bench, words: readonly string[]): number {
  const count = Number(words[0] ?? 1);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    bench.fail(`"${words[0] ?? ""}" is no number from 1 to 1000000`);
  return count;
}
