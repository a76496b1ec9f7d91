import { randomFillSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { sizeText } from "#stored/status/units.ts";
import { isIntact, readBlockHeader, sealBlock } from "#stored/volume/block.ts";
import { positionText } from "#stored/tape/tape-address.ts";
import { testBlock, TEST_SESSION } from "./test-block.ts";
import { requireScratch, writeLabel } from "./label-commands.ts";
import type { TapePosition } from "#stored/tape/tape.ts";
import type { Bench } from "./bench.ts";

/** Blocks on the second tape. */
const SECOND_BLOCKS = 1000;

/** A line about how far it is comes after so many bytes. */
const TOLD_BYTES = 322_000_000;

const GB = 1_000_000_000;

/** What one tape of a fill ends with. */
interface Filled extends TapePosition {
  readonly blocks: number;
  readonly checksum: number;
}

/** What `unfill` must know. */
interface FillState {
  readonly tapes: readonly Filled[];
}

/** Labels a tape, writes blocks until it is full, and reads them again; with two tapes goes on to the second as a job does. */
export async function fill(bench: Bench): Promise<void> {
  const { voice } = bench;
  voice.plain(
    `\nThis command simulates a job that fills a tape. It requires either one or two\nblank tapes, which it will label and write.\n\nThis may take a long time -- hours! ...\n`,
  );
  const typed = await bench.ask(
    "Do you want to run the simplified test (s) with one tape\nor the complete multiple tape (m) test: (s/m) ",
  );
  const isSimple = typed !== "m";
  voice.plain(isSimple ? "Simple test (single tape) selected." : "Multiple tape test selected.");
  const tapes: Filled[] = [];
  for (const slot of isSimple ? [1] : [1, 2]) {
    if (slot > 1 || bench.drive.changed?.changer !== undefined)
      await bench.bring(slot, `${slot === 1 ? "a first" : "a second"} blank tape`);
    await requireScratch(bench);
    tapes.push(await fillTape(bench, slot));
  }
  writeFileSync(stateFile(bench), JSON.stringify({ tapes } satisfies FillState));
  voice.say(`Done filling tape${isSimple ? "" : "s"}. Now beginning re-read of ${isSimple ? "tape" : "first tape"} ...`);
  await reread(bench, { tapes });
}

/** Reads again what a fill has left. */
export async function unfill(bench: Bench): Promise<void> {
  await reread(bench, readState(bench));
}

async function fillTape(bench: Bench, slot: number): Promise<Filled> {
  const { voice, tape, blockBytes } = bench;
  writeLabel(bench, `TestVolume${slot}`, false);
  const fileBytesMax = bench.drive.settings?.tape?.fileBytesMax || GB;
  const most = slot === 1 ? Number.POSITIVE_INFINITY : SECOND_BLOCKS;
  const startMs = performance.now();
  voice.plain(`${time()} Begin writing Nocturne blocks to ${slot === 1 ? "tape" : "second tape"} ...`);
  let last: Filled = { file: 0, block: 0, blocks: 0, checksum: 0 };
  let bytes = 0;
  let fileBytes = 0;
  let full = "";
  const block = testBlock(1, blockBytes - 36);
  while (full === "" && last.blocks < most) {
    randomFillSync(block, 36);
    sealBlock(block, { number: last.blocks + 1, session: TEST_SESSION, checksum: true });
    const at = tape.position;
    const outcome = tape.write([block]);
    if (outcome.kind === "full") {
      full = outcome.reason;
      break;
    }
    last = { ...at, blocks: last.blocks + 1, checksum: crc32(block) };
    bytes += block.byteLength;
    fileBytes += block.byteLength;
    if (fileBytes >= fileBytesMax) {
      if (!tape.writeMarks(1)) full = "no room for a file mark";
      fileBytes = 0;
    }
    if (Math.floor(bytes / TOLD_BYTES) > Math.floor((bytes - block.byteLength) / TOLD_BYTES))
      voice.say(
        `Wrote block=${last.blocks}, file,blk=${at.file},${at.block} VolBytes=${bytes.toLocaleString("en-US")} rate=${rate(bytes, startMs)}`,
      );
    if (last.blocks % 32 === 0) await bench.turn();
  }
  if (last.blocks === 0) bench.fail("Not one block could be written. The test failed.");
  if (tape.position.block > 0 && !tape.writeMarks(1)) voice.say("The tape has no room for its last EOF.");
  await tape.sync();
  if (full !== "") voice.say(`Tape is full: ${full}.`);
  voice.say(`Last block at: ${positionText(last)} this_dev_block_num=${last.blocks}`);
  voice.say(
    `End of tape ${positionText(tape.position)}. Volume Bytes=${bytes.toLocaleString("en-US")}. Write rate = ${rate(bytes, startMs)}`,
  );
  return last;
}

async function reread(bench: Bench, { tapes }: FillState): Promise<void> {
  for (const [index, filled] of tapes.entries()) {
    if (tapes.length > 1) await bench.bring(index + 1, `the ${index === 0 ? "first" : "second"} tape`);
    await rereadTape(bench, filled, index + 1);
    bench.voice.plain(
      `The last block on the ${tapes.length === 1 ? "" : index === 0 ? "first " : "second "}tape matches. Test succeeded.`,
    );
  }
}

async function rereadTape(bench: Bench, filled: Filled, slot: number): Promise<void> {
  const { tape, voice } = bench;
  voice.say(`Reposition to ${positionText(filled)} of tape ${slot}.`);
  bench.goTo(filled.file, filled.block);
  const found = tape.read();
  if (found.kind !== "block")
    bench.fail(`Error reading the last block: ERR=${found.kind === "bad" ? found.reason : "there is none"}. The test failed.`);
  if (crc32(found.bytes) !== filled.checksum) bench.fail("The blocks differ. The test failed.");
  voice.say("Re-read of last block succeeded. Now reading all blocks ...");
  tape.rewind();
  let number = -1;
  for (;;) {
    const next = tape.read();
    if (next.kind === "end") break;
    if (next.kind === "mark") continue;
    number += 1;
    if (next.kind === "bad") bench.fail(`Error reading block ${number}: ERR=${next.reason}. The test failed.`);
    const view = new DataView(next.bytes.buffer, next.bytes.byteOffset, next.bytes.byteLength);
    const header = readBlockHeader(view, 0);
    if (header?.number !== number || !isIntact(next.bytes, header))
      bench.fail(`Block ${number} is not what was written. The test failed.`);
    if (number % 64 === 0) await bench.turn();
  }
  if (number !== filled.blocks) bench.fail(`${number} blocks were read, and ${filled.blocks} written. The test failed.`);
  voice.say(`${number} blocks re-read correctly.`);
}

/** Writes blocks as they are until the tape is full. */
export async function rawfill(bench: Bench): Promise<void> {
  const block = new Uint8Array(bench.blockBytes);
  randomFillSync(block);
  bench.voice.say(`Begin writing raw blocks of ${block.byteLength} bytes.`);
  const startMs = performance.now();
  let blocks = 0;
  let outcome = bench.tape.write([block]);
  for (; outcome.kind === "written"; outcome = bench.tape.write([block])) {
    blocks += 1;
    if (blocks % 32 === 0) await bench.turn();
  }
  bench.voice.say(`Write failed at block ${blocks}. stat=-1 ERR=${outcome.reason}`);
  const bytes = blocks * block.byteLength;
  bench.voice.say(`${bytes.toLocaleString("en-US")} bytes at ${rate(bytes, startMs)}`);
  if (!bench.tape.writeMarks(1)) bench.fail("the tape has no room for an EOF");
}

/** Measures how fast files of zeros and of random bytes are written, raw and as blocks of a Volume. */
export async function speed(bench: Bench, words: readonly string[]): Promise<void> {
  const value = (name: string) => Number(words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? 0);
  const files = value("nb_file") || 3;
  const fileBytes = (value("file_size") || 1) * GB;
  if (!Number.isInteger(files) || files < 1 || files > 100 || !(fileBytes > 0) || fileBytes > 1000 * GB)
    bench.fail("speed wants file_size=<GB> up to 1000 and nb_file=<number> up to 100");
  const skips = (name: string) => words.includes(`skip_${name}`);
  for (const kind of ["raw", "block"] as const) {
    if (skips(kind)) continue;
    for (const data of ["zero", "random"] as const) {
      if (skips(data)) continue;
      bench.voice.plain(`Test with ${data} data${kind === "block" ? " and Nocturne block structure" : ""}.`);
      await writeForSpeed(bench, { files, fileBytes, isRandom: data === "random", isRaw: kind === "raw" });
    }
  }
}

async function writeForSpeed(
  bench: Bench,
  wish: { readonly files: number; readonly fileBytes: number; readonly isRandom: boolean; readonly isRaw: boolean },
): Promise<void> {
  const { voice, tape, blockBytes } = bench;
  voice.say(
    `Begin writing ${wish.files} files of ${sizeText(wish.fileBytes)}B with ${wish.isRaw ? "raw " : ""}blocks of ${blockBytes} bytes.`,
  );
  const block = testBlock(0, blockBytes - 36);
  if (wish.isRandom) randomFillSync(block, 36);
  tape.rewind();
  const startMs = performance.now();
  let all = 0;
  for (let file = 0; file < wish.files; file += 1) {
    const fileMs = performance.now();
    let bytes = 0;
    for (let number = 1; bytes < wish.fileBytes; number += 1) {
      if (!wish.isRaw) sealBlock(block, { number, session: TEST_SESSION, checksum: true });
      const outcome = tape.write([block]);
      if (outcome.kind === "full")
        bench.fail(`The tape is full after ${(all + bytes).toLocaleString("en-US")} bytes: use smaller files.`);
      bytes += block.byteLength;
      if (number % 32 === 0) await bench.turn();
    }
    bench.weof(1);
    await tape.sync();
    all += bytes;
    voice.say(`Volume bytes=${sizeText(bytes)}B. Write rate = ${rate(bytes, fileMs)}`);
  }
  voice.say(`Total Volume bytes=${sizeText(all)}B. Total Write rate = ${rate(all, startMs)}`);
}

/** Writes larger and larger records over several blocks, and reads them again. */
export async function rectest(bench: Bench): Promise<void> {
  bench.voice.plain(
    "Test writing larger and larger records.\nThis is a torture test for records.\nI am going to write\nlarger and larger blocks, and read them again.",
  );
  bench.tape.rewind();
  const sizes: number[] = [];
  for (let size = 64; size <= Math.min(500_000, (bench.tape.capacity || Number.POSITIVE_INFINITY) / 8); size = size * 2 + 1)
    sizes.push(size);
  for (const [index, size] of sizes.entries()) bench.write([testBlock(index + 1, size)]);
  bench.weof(1);
  bench.rewind();
  for (const [index, size] of sizes.entries()) {
    const found = bench.tape.read();
    const whole = testBlock(index + 1, size);
    if (found.kind !== "block" || Buffer.compare(found.bytes, whole) !== 0)
      bench.fail(`The record of ${size} bytes is not what was written.`);
    await bench.turn();
  }
  bench.voice.say(`${sizes.length} records of up to ${sizes.at(-1) ?? 0} bytes re-read correctly.`);
}

function stateFile(bench: Bench): string {
  return join(bench.drive.workingDirectory, "btape.state");
}

function readState(bench: Bench): FillState {
  try {
    const state = JSON.parse(readFileSync(stateFile(bench), "utf8")) as FillState;
    const isNumber = (value: unknown) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    const isGood = ({ file, block, blocks, checksum }: Filled) => [file, block, blocks, checksum].every(isNumber);
    if (Array.isArray(state.tapes) && state.tapes.length > 0 && state.tapes.length <= 2 && state.tapes.every(isGood))
      return state;
  } catch {
    // told below
  }
  bench.fail(`Could not open the state file ${stateFile(bench)}: you must redo the fill command.`);
}

function rate(bytes: number, sinceMs: number): string {
  return `${sizeText(bytes / Math.max(0.001, (performance.now() - sinceMs) / 1000))}B/s`;
}

function time(): string {
  return new Date().toTimeString().slice(0, 8);
}
