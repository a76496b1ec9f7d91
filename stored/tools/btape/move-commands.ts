import { readBlockHeader } from "#stored/volume/block.ts";
import { positionText } from "#stored/tape/tape-address.ts";
import { readRecordHeader } from "#lib/wire/record.ts";
import { BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES } from "#stored/volume/format.ts";
import type { Bench } from "./bench.ts";
import type { TapeRead } from "#stored/tape/tape.ts";

/** Commands that move the tape or look at it. `count`: how many, of those that take a number. */
export const moveCommands = {
  bsf: (bench: Bench, count: number) => space(bench, "bsf", -count, "Backspaced", "file"),
  bsr: (bench: Bench, count: number) => space(bench, "bsr", -count, "Backspaced", "record"),
  fsf: (bench: Bench, count: number) => space(bench, "fsf", count, "Forward spaced", "file"),
  fsr: (bench: Bench, count: number) => space(bench, "fsr", count, "Forward spaced", "record"),
  rewind: (bench: Bench) => bench.rewind(),
  weof: (bench: Bench, count: number) => bench.weof(count),
  eod: (bench: Bench) => {
    bench.goToEnd();
    bench.voice.say("Moved to end of medium.");
  },
  eom: (bench: Bench) => {
    bench.goToEnd();
    bench.voice.say("Moved to end of medium.");
  },
  clear: (bench: Bench) => {
    bench.voice.say("There are no errors to clear: this drive keeps none.");
    status(bench);
  },
  status,
  cap: capabilities,
  load: (bench: Bench) => bench.reopen(),
  scan: (bench: Bench) => scan(bench, `Starting scan at file ${bench.tape.position.file}`, blockLength),
  scanblocks: (bench: Bench) => scan(bench, undefined, volumeBlockLength),
};

function space(bench: Bench, name: "bsf" | "bsr" | "fsf" | "fsr", count: number, done: string, what: string): void {
  const wanted = Math.abs(count);
  const passed = name.endsWith("f") ? bench.tape.spaceFiles(count) : bench.tape.spaceBlocks(count);
  const many = `${passed} ${what}${passed === 1 ? "" : "s"}`;
  if (passed < wanted)
    bench.fail(`Bad status from ${name}. ERR=${many} of ${wanted} passed; the tape is at ${positionText(bench.tape.position)}`);
  bench.voice.say(`${done} ${many}.`);
}

function status(bench: Bench): void {
  const { tape, voice } = bench;
  const { file, block } = tape.position;
  const isStart = file === 0 && block === 0;
  voice.plain(` Nocturne status: file=${file} block=${block}`);
  voice.plain(
    ` Device status:${isStart ? " BOT" : ""} ONLINE${tape.isWriteProtected ? " WR_PROT" : ""} file=${file} block=${block}`,
  );
  const size = tape.capacity === 0 ? "as large as its disk lets it be" : `${tape.capacity.toLocaleString("en-US")} bytes`;
  voice.plain(` Tape: ${size}; ${tape.bytesBefore.toLocaleString("en-US")} bytes of data before the head`);
}

function capabilities(bench: Bench): void {
  const { voice, habits, drive } = bench;
  const word = (name: string, has: boolean) => `${has ? "" : "!"}${name}`;
  voice.plain("Configured device capabilities:");
  const words = [
    word("EOF", true), word("BSR", habits.backsBlocks), word("BSF", habits.backsFiles), word("FSR", habits.spacesBlocks), word("FSF", true),
    word("FASTFSF", habits.spacesFast), word("EOM", habits.findsEnd), word("TWOEOF", habits.endsWithTwo),
    word("LABEL", drive.settings?.labelMedia === true),
  ]; // prettier-ignore
  voice.plain(words.join(" "));
  voice.plain("Device parameters:");
  voice.plain(`Device name: ${drive.path}`);
  voice.plain(`Device type: VTape, a tape in a file`);
  voice.plain(`Block limits 1 - ${BLOCK_BYTES_MAX} bytes`);
  voice.plain(`Min block=${drive.settings?.blockBytesMin ?? 0} Max block=${bench.blockBytes}`);
  voice.plain("Status:");
  status(bench);
}

/** A block as it lies on the tape: how long it is, or what is wrong with it. */
type Measure = (bench: Bench, found: TapeRead & { readonly kind: "block" }) => number | string;

const blockLength: Measure = (_bench, { bytes }) => bytes.byteLength;

const volumeBlockLength: Measure = (bench, { bytes }) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = bytes.byteLength < BLOCK_HEADER_BYTES ? undefined : readBlockHeader(view, 0);
  if (header === undefined) return "it is no block of a Volume";
  if (bench.isVerbose && bytes.byteLength >= BLOCK_HEADER_BYTES + 12) {
    const { fileIndex, stream, dataSize } = readRecordHeader(view, BLOCK_HEADER_BYTES);
    const { session } = header;
    bench.voice.plain(
      `Block=${header.number} blen=${header.size} First rec FI=${fileIndex} SessId=${session?.id ?? 0} SessTim=${session?.time ?? 0} Strm=${stream} rlen=${dataSize}`,
    );
  }
  return header.size;
};

/** Reads to the end of data; runs of equal blocks are one line. Answers the number of errors. */
export async function scan(bench: Bench, start: string | undefined, measure: Measure): Promise<number> {
  const { voice } = bench;
  if (start !== undefined) voice.say(start);
  const totals = { files: 0, blocks: 0, bytes: 0, errors: 0 };
  let run = { length: 0, count: 0 };
  const endRun = () => {
    if (run.count > 0)
      voice.plain(
        `${run.count} block${run.count === 1 ? "" : "s"} of ${run.length} bytes in file ${bench.tape.position.file + 1}`,
      );
    run = { length: 0, count: 0 };
  };
  for (let reads = 1; ; reads += 1) {
    const before = bench.tape.position;
    const found = bench.tape.read();
    if (found.kind === "end") break;
    if (found.kind === "mark") {
      if (run.count > 0)
        voice.plain(`${run.count} block${run.count === 1 ? "" : "s"} of ${run.length} bytes in file ${before.file + 1}`);
      run = { length: 0, count: 0 };
      totals.files += 1;
      voice.plain("End of File mark.");
    } else {
      const length = found.kind === "bad" ? found.reason : measure(bench, found);
      if (typeof length === "string") {
        endRun();
        totals.errors += 1;
        voice.errors += 1;
        voice.say(`Error reading block at ${positionText(before)}. ERR=${length}`);
      } else {
        if (length !== run.length) endRun();
        run = { length, count: run.count + 1 };
        totals.blocks += 1;
        totals.bytes += length;
      }
    }
    if (reads % 256 === 0) await bench.turn();
  }
  endRun();
  voice.plain("End of tape");
  voice.plain(`Total files=${totals.files}, blocks=${totals.blocks}, bytes = ${totals.bytes.toLocaleString("en-US")}`);
  return totals.errors;
}
