import { hostname } from "node:os";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { RELEASE } from "#lib/rpc/versions.ts";
import { checkedVolumeName } from "#stored/device/volume-name.ts";
import { readLabelBlock, writeLabelBlock } from "#stored/volume/label-block.ts";
import { volumeLabelLines } from "../dump-label.ts";
import { TEST_SESSION } from "./test-block.ts";
import type { LabelBlock } from "#stored/volume/label-block.ts";
import type { Bench } from "./bench.ts";

/** Asks for a name and writes a label; a tape that has one must be meant. */
export async function label(bench: Bench, words: readonly string[]): Promise<void> {
  const name = words[0] ?? (await bench.ask("Enter Volume Name: ")) ?? "";
  const volume = checkedVolumeName(name);
  await requireScratch(bench);
  writeLabel(bench, volume, true);
}

/** Before a tape is written over: one with the label of a Volume that btape did not write must be meant. */
export async function requireScratch(bench: Bench): Promise<void> {
  const at = bench.tape.position;
  const found = labelOf(bench);
  bench.goTo(at.file, at.block);
  if (typeof found === "string" || found.label.program === "btape") return;
  const typed = await bench.ask(
    `The tape is labeled "${found.label.volume}", and what it holds will be lost. Write over it? (yes/no): `,
  );
  if (typed !== "yes") bench.fail(`Volume "${found.label.volume}" was left as it is: btape wants a blank tape.`);
}

/** Writes a label at the beginning of the tape, and a file mark behind it. */
export function writeLabel(bench: Bench, volume: string, isPreLabel: boolean): void {
  const now = Date.now();
  const block = writeLabelBlock(
    {
      volume,
      previousVolume: "",
      labelDate: now,
      writeDate: isPreLabel ? 0 : now,
      pool: "Default",
      poolType: "Backup",
      mediaType: bench.drive.mediaType,
      host: hostname().slice(0, 100),
      program: "btape",
      programVersion: `Nocturne ${RELEASE}`,
      programDate: "",
    },
    { isPreLabel, session: TEST_SESSION, checksum: true },
  );
  bench.tape.rewind();
  bench.write([block]);
  if (!bench.tape.writeMarks(1)) bench.fail("the tape has no room for a label");
  bench.tape.syncNow();
  bench.voice.say(`Wrote Volume label for volume "${volume}".`);
}

/** Reads the label and shows it. */
export function readLabel(bench: Bench): void {
  const found = labelOf(bench);
  if (typeof found === "string") bench.fail(`Volume has no label: ${found}`);
  bench.voice.say("Volume label read correctly.");
  const facts = { fileIndex: found.isPreLabel ? -1 : -2, bytes: found.recordBytes };
  for (const line of volumeLabelLines(found.label, facts, bench.isVerbose)) bench.voice.plain(line);
}

/** The label of the tape, or why there is none that can be read. The head stands behind it. */
function labelOf(bench: Bench): LabelBlock | string {
  bench.tape.rewind();
  const found = bench.tape.read();
  if (found.kind === "bad") return found.reason;
  if (found.kind !== "block") return "the tape is blank";
  try {
    return readLabelBlock(found.bytes);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return describeError(error);
  }
}
