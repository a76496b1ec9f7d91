import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CopySink } from "./copy-sink.ts";
import { CopyTarget } from "./copy-target.ts";
import { VolumeMounts, volumeWish } from "./open-volumes.ts";
import { EXIT_FAILED } from "./run-tool.ts";
import { scanVolumes } from "./scan-volumes.ts";
import { openToolDevice } from "./tool-device.ts";
import type { ToolDevice } from "./tool-device.ts";
import type { ToolLine, ToolSpec } from "./tool-line.ts";
import type { ToolVoice } from "./tool-voice.ts";
import type { VolumeWish } from "./open-volumes.ts";

/** The command line of bcopy: Bacula's. */
export const bcopySpec: ToolSpec = {
  program: "bcopy",
  letters: "b:c:i:o:pvw:",
  operands: [2, 2],
  operandsWrong: "Wrong number of arguments: ",
  usage: `Usage: bcopy [-d debug_level] <input-archive> <output-archive>
       -b bootstrap      specify a bootstrap file
       -c <file>         specify a Storage configuration file
       -d <nn>           set debug level to <nn>
       -dt               print timestamp in debug output
       -i                specify input Volume names (separated by |)
       -o                specify output Volume names (separated by |)
       -p                proceed inspite of errors
       -v                verbose
       -w <dir>          specify working directory; with one device for both, the copy
                         waits there until the output Volume is mounted
       -?                print this message
`,
};

/** The spool of a copy with one drive: a Volume of this name in a directory of its own. */
const SPOOL_VOLUME = "bcopy-spool";

/** Copies what is on Volumes to others; answers the exit code. */
export async function bcopy(line: ToolLine, voice: ToolVoice, signal: AbortSignal): Promise<number> {
  const output = await openToolDevice(line.operands[1]!, line.value("c"));
  const names =
    line
      .value("o")
      ?.split("|")
      .filter((name) => name !== "") ?? (output.volume === undefined ? [] : [output.volume]);
  const source = volumeWish(line, "i");
  const input = await openToolDevice(source.device, source.configFile);
  const workingDirectory = line.value("w");
  const isOneDrive = input.facts.archiveDevice === output.facts.archiveDevice && workingDirectory !== undefined;
  const copy = async (wish: VolumeWish, target: CopyTarget) =>
    await copyVolumes(wish, target, { voice, signal, isVerbose: line.has("v") });
  if (!isOneDrive) {
    await copy(source, new CopyTarget({ device: output, names, voice, signal }));
    return voice.errors > 0 ? EXIT_FAILED : 0;
  }
  const directory = mkdtempSync(join(workingDirectory, "bcopy-"));
  try {
    const spool: ToolDevice = await openToolDevice(`${directory}/`, undefined);
    await copy(source, new CopyTarget({ device: spool, names: [SPOOL_VOLUME], voice, signal }));
    const spooled = { ...source, device: join(directory, SPOOL_VOLUME), configFile: undefined, volumes: SPOOL_VOLUME };
    const target = new CopyTarget({ device: output, names, voice, signal, mustAsk: true });
    await copy({ ...spooled, bootstrap: undefined }, target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return voice.errors > 0 ? EXIT_FAILED : 0;
}

async function copyVolumes(
  wish: VolumeWish,
  target: CopyTarget,
  options: { readonly voice: ToolVoice; readonly signal: AbortSignal; readonly isVerbose: boolean },
): Promise<void> {
  const { voice, signal } = options;
  await using _target = target;
  const mounts = await VolumeMounts.open(wish, voice, signal);
  voice.say(`Using device: "${target.device.facts.name}" for writing.`);
  const sink = new CopySink(target, voice, options.isVerbose);
  await scanVolumes(mounts, sink, { voice, signal, mustProceed: wish.mustProceed });
  await sink.finish();
  const count = (value: number): string => value.toLocaleString("en-US");
  voice.plain(`${count(sink.jobs)} Jobs copied. ${count(sink.records)} records copied.`);
}
