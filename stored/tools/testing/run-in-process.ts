import { closeSync, openSync, readFileSync } from "node:fs";
import type { runTool } from "../run-tool.ts";
import { ToolVoice } from "../tool-voice.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { readToolLine } from "../tool-line.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import type { ToolLine, ToolSpec } from "../tool-line.ts";

/** What came of a tool that was run in this process. */
export interface ToolRun {
  readonly code: number;
  readonly output: string;
}

type Work = Parameters<typeof runTool>[2];

/** Runs a tool's work on these arguments and gives what it printed; an OperatorError is printed as the tool would. */
export async function runInProcess(spec: ToolSpec, work: Work, args: readonly string[]): Promise<ToolRun> {
  await using dir = await TempDir.make();
  const fd = openSync(dir.file("output"), "w+");
  try {
    const command = readToolLine(spec, args);
    if (command.kind !== "run") throw new RangeError(`the command line is ${command.kind}`);
    const code = await runWith(new ToolVoice(spec.program, fd), command.line, work);
    return { code, output: readFileSync(dir.file("output"), "utf8") };
  } finally {
    closeSync(fd);
  }
}

async function runWith(voice: ToolVoice, line: ToolLine, work: Work): Promise<number> {
  try {
    return await work(line, voice, new AbortController().signal);
  } catch (error) {
    voice.fatal(describeError(error));
    return 1;
  } finally {
    voice.flush();
  }
}
