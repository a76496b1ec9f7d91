import assert from "node:assert/strict";
import {
  closeSync,
  chmodSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { VtapeFile } from "./vtape-file.ts";
import type { Tape } from "./tape.ts";

/** A blank tape in a file; disposing takes it away. */
function blank(): { readonly path: string } & Disposable {
  const directory = mkdtempSync(join(tmpdir(), "vtape-"));
  const path = join(directory, "T1");
  writeFileSync(path, "");
  return { path, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

function open(path: string, mode: "read" | "append" = "append", capacity = 0): Tape {
  return VtapeFile.open({ device: "D", volume: "T1", path, mode, capacity });
}

const block = (fill: number, bytes = 1000) => new Uint8Array(bytes).fill(fill);

/** All that lies on a tape from the head on: fill bytes of blocks, "|" for marks. */
function contents(tape: Tape): string {
  let text = "";
  for (;;) {
    const found = tape.read();
    if (found.kind === "end") return text;
    text += found.kind === "mark" ? "|" : found.kind === "bad" ? "!" : String(found.bytes[0]);
  }
}

/** Three files of 1, 2 and 3 blocks, and one block behind them. */
function written(path: string): void {
  using tape = open(path);
  tape.write([block(1)]);
  tape.writeMarks(1);
  tape.write([block(2), block(3, 50)]);
  tape.writeMarks(1);
  tape.write([block(4), block(5), block(6, 70_000)]);
  tape.writeMarks(1);
  tape.write([block(7)]);
  tape.syncNow();
}

test("what was written is read again, block for block and mark for mark", () => {
  using made = blank();
  written(made.path);
  using tape = open(made.path, "read");
  assert.equal(contents(tape), "1|23|456|7");
  assert.deepEqual(tape.position, { file: 3, block: 1 });
  tape.rewind();
  assert.equal(contents(tape), "1|23|456|7");
});

test("spacing counts as a drive does", () => {
  using made = blank();
  written(made.path);
  using tape = open(made.path, "read");
  assert.equal(tape.spaceFiles(2), 2);
  assert.deepEqual(tape.position, { file: 2, block: 0 });
  assert.equal(tape.spaceBlocks(2), 2);
  assert.deepEqual(tape.position, { file: 2, block: 2 });
  assert.equal(tape.spaceBlocks(-1), 1);
  assert.deepEqual(tape.position, { file: 2, block: 1 });
  assert.equal(tape.spaceFiles(-1), 1);
  assert.deepEqual(tape.position, { file: 1, block: 2 });
  assert.equal(contents(tape), "|456|7");
  tape.rewind();
  assert.equal(tape.spaceBlocks(5), 1, "a file mark ends it");
  assert.deepEqual(tape.position, { file: 1, block: 0 });
  assert.equal(tape.spaceFiles(9), 2);
  tape.toEnd();
  assert.deepEqual(tape.position, { file: 3, block: 1 });
  assert.equal(tape.bytesBefore, 1000 + 1050 + 72_000 + 1000);
  assert.equal(tape.spaceFiles(-9), 3);
  assert.deepEqual(tape.position, { file: 0, block: 0 });
});

test("what is written in the middle ends the tape", () => {
  using made = blank();
  written(made.path);
  {
    using tape = open(made.path);
    tape.spaceFiles(1);
    tape.write([block(9)]);
    tape.writeMarks(1);
  }
  using tape = open(made.path, "read");
  tape.toEnd();
  assert.deepEqual(tape.position, { file: 2, block: 0 });
  tape.rewind();
  assert.equal(contents(tape), "1|9|");
});

test("blocks of an older writing count no more, also when a crash left them behind new ones of the same length", () => {
  using made = blank();
  written(made.path);
  const old = readFileSync(made.path);
  {
    using tape = open(made.path);
    tape.write([block(8)]);
  }
  // As if the machine had stopped before the file was cut off.
  const now = readFileSync(made.path);
  writeFileSync(made.path, Buffer.concat([now, old.subarray(now.byteLength)]));
  using tape = open(made.path, "read");
  assert.equal(contents(tape), "8");
  tape.toEnd();
  assert.deepEqual(tape.position, { file: 0, block: 1 });
});

test("a tape that was cut off anywhere keeps all whole blocks before that, and is written on", () => {
  using made = blank();
  written(made.path);
  const whole = readFileSync(made.path);
  const full = "1|23|456|7";
  for (const bytes of [
    0,
    63,
    64,
    130,
    191,
    192,
    200,
    239,
    240,
    1239,
    1240,
    1288,
    2000,
    whole.length - 1001,
    whole.length - 1,
  ]) {
    writeFileSync(made.path, whole.subarray(0, bytes));
    let kept: string;
    try {
      using tape = open(made.path, "read");
      kept = contents(tape);
    } catch (error) {
      assert.ok(
        error instanceof OperatorError && error.code === "VOLUME_NOT_LABELED" && bytes < 64,
        `${bytes}: ${String(error)}`,
      );
      continue;
    }
    assert.ok(full.startsWith(kept) && kept !== full, `${bytes} bytes: ${kept}`);
    using tape = open(made.path);
    while (tape.spaceFiles(1) === 1);
    tape.write([block(9)]);
    tape.rewind();
    assert.equal(contents(tape), `${kept}9`, `${bytes} bytes`);
  }
});

test("a last block of which the disk kept only the length is none", () => {
  using made = blank();
  written(made.path);
  const fd = openSync(made.path, "r+");
  writeSync(fd, block(0, 10), 0, 10, statSync(made.path).size - 10);
  closeSync(fd);
  using tape = open(made.path);
  tape.toEnd();
  assert.deepEqual(tape.position, { file: 3, block: 0 });
  tape.write([block(9)]);
  tape.rewind();
  assert.equal(contents(tape), "1|23|456|9");
});

test("a damaged block in the middle is passed over", () => {
  using made = blank();
  written(made.path);
  const bytes = readFileSync(made.path);
  bytes[bytes.indexOf(block(5)) + 3] = 77;
  writeFileSync(made.path, bytes);
  using tape = open(made.path, "read");
  assert.equal(contents(tape), "1|23|4!6|7");
});

test("what no frame can be read of is passed over up to the next file mark", () => {
  using made = blank();
  written(made.path);
  const bytes = readFileSync(made.path);
  bytes.fill(0, bytes.indexOf(block(5)) - 48, bytes.indexOf(block(5)) + 5);
  writeFileSync(made.path, bytes);
  using tape = open(made.path, "read");
  assert.equal(contents(tape), "1|23|4!|7");
  tape.spaceFiles(-1);
  assert.deepEqual(tape.position, { file: 2, block: 3 });
});

test("without its directories the end is found by reading through, and not by spacing", () => {
  using made = blank();
  written(made.path);
  const fd = openSync(made.path, "r+");
  writeSync(fd, block(0, 128), 0, 128, 64);
  closeSync(fd);
  using tape = open(made.path);
  assert.throws(() => tape.toEnd(), { code: "DEVICE_IO_FAILED" });
  assert.equal(tape.spaceFiles(99), 3);
  assert.deepEqual(tape.position, { file: 3, block: 1 });
  tape.writeMarks(1);
  tape.rewind();
  tape.toEnd();
  assert.deepEqual(tape.position, { file: 4, block: 0 });
});

test("a tape warns once before it ends, has room for its last marks, and then ends", () => {
  using made = blank();
  using tape = open(made.path, "append", 1_000_000);
  let blocks = 0;
  for (;;) {
    const outcome = tape.write([block(1, 60_000), block(2, 60_000)]);
    if (outcome.kind === "written") blocks += 2;
    else {
      blocks += outcome.blocks;
      assert.match(outcome.reason, /early warning/);
      break;
    }
  }
  assert.equal(blocks, 14);
  assert.deepEqual(tape.write([block(3, 500)]), { kind: "written" });
  assert.equal(tape.writeMarks(2), true);
  let last = tape.write([block(4, 60_000)]);
  while (last.kind === "written") last = tape.write([block(4, 60_000)]);
  assert.match(last.reason, /end of the tape/);
  assert.ok(statSync(made.path).size <= 1_000_000);
});

test("what is no tape is refused, and so is a tape with its tab set and one that is being written", () => {
  using made = blank();
  written(made.path);
  using writer = open(made.path);
  assert.throws(() => open(made.path), { code: "DEVICE_BUSY" });
  using reader = open(made.path, "read");
  assert.throws(() => reader.write([block(1)]), { code: "VOLUME_READ_ONLY" });
  writer.close();
  chmodSync(made.path, 0o444);
  assert.throws(() => open(made.path), { code: "VOLUME_READ_ONLY" });
  chmodSync(made.path, 0o644);
  truncateSync(made.path, 30);
  assert.throws(() => open(made.path), { code: "VOLUME_NOT_LABELED" });
  writeFileSync(made.path, "just a letter to my bank, and of some length: longer than any header\n".repeat(9));
  assert.throws(() => open(made.path), { code: "VOLUME_NOT_LABELED" });
  assert.throws(() => open(`${made.path}x`), { code: "VOLUME_NOT_FOUND" });
  assert.throws(() => open("/dev/null"), { code: "VOLUME_NOT_LABELED" });
});

test("hostile bytes make an error or a shorter tape, never a crash", () => {
  using made = blank();
  written(made.path);
  const whole = readFileSync(made.path);
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      writeFileSync(made.path, bytes);
      try {
        using tape = open(made.path, "read");
        contents(tape);
        tape.spaceFiles(-1);
        tape.toEnd();
        tape.spaceBlocks(-2);
      } catch (error) {
        assert.ok(error instanceof OperatorError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
