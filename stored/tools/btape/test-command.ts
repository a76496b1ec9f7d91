import { faultOfTestBlock, testBlock, TEST_BLOCK_OVERHEAD } from "./test-block.ts";
import { autochangerTest } from "./autochanger-command.ts";
import { TestFailed } from "./bench.ts";
import { moveCommands } from "./move-commands.ts";
import type { Bench } from "./bench.ts";

/** Blocks of each of the two files of the first subtest, where the tape has room for them. */
const BLOCKS_MOST = 10_000;

/** All subtests, one after the other; each says how it went, and at the end what follows from it. */
export async function test(bench: Bench): Promise<void> {
  const results: (readonly [name: string, isGood: boolean])[] = [];
  for (const [name, subtest] of subtests) results.push([name, await passes(bench, subtest)]);
  if (bench.drive.changed?.changer !== undefined) results.push(["Autochanger", await passes(bench, autochangerTest)]);
  bench.voice.plain("\n=== Summary ===");
  for (const [name, isGood] of results) bench.voice.plain(`${isGood ? "OK    " : "FAILED"} ${name}`);
  if (results.every(([, isGood]) => isGood))
    bench.voice.plain("All subtests are OK: the drive can be used as it is configured.");
  else bench.fail("Jobs cannot rely on this drive before what is told above is corrected.");
}

async function passes(bench: Bench, subtest: (bench: Bench) => Promise<void>): Promise<boolean> {
  try {
    await subtest(bench);
    return true;
  } catch (error) {
    if (!(error instanceof TestFailed)) throw error;
    return false;
  }
}

const subtests: readonly (readonly [string, (bench: Bench) => Promise<void>])[] = [
  ["Write, rewind, and re-read", writeAndReread],
  ["Block position", positions],
  ["Append files", appendFiles],
  ["Write, backup, and re-read", backAndReread],
  ["Forward space files", forwardFiles],
];

/** How many blocks of the longest length two files may have on the tape. */
function blocksPerFile({ tape, blockBytes }: Bench): number {
  if (tape.capacity === 0) return BLOCKS_MOST;
  return Math.max(1, Math.min(BLOCKS_MOST, Math.floor((tape.capacity * 0.4) / (blockBytes + TEST_BLOCK_OVERHEAD))));
}

async function writeAndReread(bench: Bench): Promise<void> {
  const { voice, tape, recordBytes } = bench;
  const count = blocksPerFile(bench);
  voice.plain(
    `\n=== Write, rewind, and re-read test ===\n\nI'm going to write ${count} records and an EOF\nthen write ${count} records and an EOF, then rewind,\nand re-read the data to verify that it is correct.\n\nThis is an *essential* feature ...\n`,
  );
  tape.rewind();
  for (const file of [0, 1]) {
    for (let at = 0; at < count; at += 32) {
      const group = Array.from({ length: Math.min(32, count - at) }, (_, index) =>
        testBlock(file * count + at + index + 1, recordBytes),
      );
      bench.write(group);
      await bench.turn();
    }
    voice.say(`Wrote ${count} blocks of ${recordBytes} bytes.`);
    bench.weof(1);
  }
  await tape.sync();
  tape.rewind();
  voice.say("Rewind OK.");
  for (const file of [0, 1]) {
    for (let at = 1; at <= count; at += 1) {
      expectBlock(bench, file * count + at);
      if (at % 64 === 0) await bench.turn();
    }
    if (tape.read().kind !== "mark") bench.fail(`No EOF after file ${file}. Test failed!`);
    voice.plain(`${count} blocks re-read correctly.\nGot EOF on tape.`);
  }
  voice.plain("=== Test Succeeded. End Write, rewind, and re-read test ===\n");
}

/** Needs what the test before it has left on the tape. */
async function positions(bench: Bench): Promise<void> {
  const count = blocksPerFile(bench);
  bench.voice.say("Block position test");
  const inside = (block: number) => Math.min(block, count - 1);
  for (const [file, block] of [
    [0, inside(4)],
    [0, inside(200)],
    [0, count - 1],
    [1, 0],
    [1, inside(600)],
    [1, count - 1],
  ] as const) {
    bench.voice.plain(`Reposition to file:block ${file}:${block}`);
    bench.goTo(file, block);
    expectBlock(bench, file * count + block + 1);
    bench.voice.plain(`Block ${file * count + block + 1} re-read correctly.`);
    await bench.turn();
  }
  bench.voice.plain("=== Test Succeeded. End Block position test ===\n");
}

async function appendFiles(bench: Bench): Promise<void> {
  bench.voice.plain(
    "\n=== Append files test ===\n\nThis test is essential to Nocturne.\n\nI'm going to write one record  in file 0,\n                   two records in file 1,\n             and three records in file 2\n",
  );
  try {
    return await appendOnce(bench);
  } catch (error) {
    if (!(error instanceof TestFailed) || !bench.habits.findsEnd) throw error;
  }
  bench.voice.say('Append test failed. Attempting again.\nSetting "Hardware End of Medium = no" and retrying append test.');
  bench.habits = { ...bench.habits, findsEnd: false };
  await appendOnce(bench);
  bench.voice.errors = 0;
  bench.voice.plain(
    "\nIt looks like the test worked this time, please add:\n\n     Hardware End of Medium = No\n\nto your Device resource in the Storage conf file.\n",
  );
}

async function appendOnce(bench: Bench): Promise<void> {
  const { voice } = bench;
  bench.rewind();
  writeFiles(bench, [1, 2, 3]);
  bench.reopen();
  bench.rewind();
  voice.say("Now moving to end of medium.");
  bench.goToEnd();
  voice.say("Moved to end of medium.");
  expectFile(bench, 3);
  voice.plain("\nNow the important part, I am going to attempt to append to the tape.\n");
  writeFiles(bench, [1]);
  bench.rewind();
  voice.plain("Done appending, there should be no I/O errors\n\nDoing scan of blocks:");
  if ((await moveCommands.scanblocks(bench)) > 0) bench.fail("The blocks cannot be read. Append test failed.");
  voice.plain("End scanning the tape.");
  expectFile(bench, 4);
  const counts = countsOf(bench);
  if (counts.join() !== "1,2,3,1")
    bench.fail(`The files have ${counts.join(", ")} blocks, and should have 1, 2, 3, 1. Append test failed.`);
  voice.plain("=== Test Succeeded. End Append files test ===\n");
}

async function backAndReread(bench: Bench): Promise<void> {
  const { voice, tape, recordBytes, habits } = bench;
  if (!habits.backsFiles || !habits.backsBlocks) {
    const word = habits.backsFiles ? "Record" : "File";
    return voice.plain(`\nBackward Space ${word} = no: the Write, backup, and re-read test is left out.\n`);
  }
  voice.plain(
    "\n=== Write, backup, and re-read test ===\n\nI'm going to write three records and an EOF\nthen backup over the EOF and re-read the last record.\n\nThis is not an *essential* feature ...\n",
  );
  bench.rewind();
  for (const [index, name] of ["first", "second", "third"].entries()) {
    bench.write([testBlock(index + 1, recordBytes)]);
    voice.say(`Wrote ${name} record of ${recordBytes} bytes.`);
  }
  bench.weof(1);
  if (tape.spaceFiles(-1) !== 1) bench.fail("Backspace over EOF failed. Test failed!");
  voice.say("Backspaced over EOF OK.");
  if (tape.spaceBlocks(-1) !== 1) bench.fail("Backspace record failed. Test failed!");
  voice.say("Backspace record OK.");
  expectBlock(bench, 3);
  voice.plain("\nBlock re-read correct. Test succeeded!\n=== End Write, backup, and re-read test ===\n");
}

async function forwardFiles(bench: Bench): Promise<void> {
  const { voice } = bench;
  voice.plain(
    "\n=== Forward space files test ===\n\nThis test is essential to Nocturne.\n\nI'm going to write five files then test forward spacing\n",
  );
  bench.rewind();
  writeFiles(bench, [1, 2, 3, 2, 1]);
  bench.rewind();
  forward(bench, 1);
  expectFile(bench, 1);
  forward(bench, 2);
  expectFile(bench, 3);
  bench.rewind();
  forward(bench, 4);
  expectFile(bench, 4);
  forward(bench, 1);
  expectFile(bench, 5);
  voice.plain("=== Test Succeeded. End Forward space files test ===\n");
}

function forward(bench: Bench, count: number): void {
  bench.voice.say(`Now forward spacing ${count} file${count === 1 ? "" : "s"}.`);
  const passed = bench.tape.spaceFiles(count);
  if (passed === count) return;
  bench.voice.plain("If many files at once are the trouble, set Fast Forward Space File = no in the Device resource.");
  bench.fail(`The forward space file test failed: ${passed} of ${count} files were passed.`);
}

/** Files of so many blocks each. */
function writeFiles(bench: Bench, counts: readonly number[]): void {
  for (const count of counts) {
    for (let at = 0; at < count; at += 1) {
      bench.write([testBlock(at + 1, bench.recordBytes)]);
      bench.voice.say(`Wrote one record of ${bench.recordBytes} bytes.`);
    }
    bench.weof(1);
  }
}

/** How many blocks each file has. */
function countsOf(bench: Bench): number[] {
  const counts: number[] = [];
  bench.tape.rewind();
  for (let blocks = 0; ;) {
    const found = bench.tape.read();
    if (found.kind === "end") return counts;
    if (found.kind === "mark") {
      counts.push(blocks);
      blocks = 0;
    } else blocks += 1;
  }
}

function expectFile(bench: Bench, file: number): void {
  const found = bench.tape.position.file;
  const text = `We should be in file ${file}. I am at file ${found}.`;
  if (found !== file) bench.fail(`${text} This is NOT correct!!!!`);
  bench.voice.plain(`${text} This is correct!`);
}

function expectBlock(bench: Bench, number: number): void {
  const found = bench.tape.read();
  if (found.kind === "bad") bench.fail(`Error reading block: ERR=${found.reason}. Test failed!`);
  if (found.kind !== "block")
    bench.fail(`Expected block ${number}, got ${found.kind === "mark" ? "EOF" : "the end of data"}. Test failed!`);
  const fault = faultOfTestBlock(found.bytes, number, bench.recordBytes);
  if (fault !== undefined) bench.fail(`${fault} Test failed!`);
}
