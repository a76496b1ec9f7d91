import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openSync } from "node:fs";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { readLabelBlock } from "#stored/volume/label-block.ts";
import { damageText, SelectedRecords } from "#stored/volume/selected-records.ts";
import { BlockListing } from "./list-blocks.ts";
import { JobListing } from "./list-jobs.ts";
import { madeVolume } from "./testing/made-volume.ts";
import { ToolVoice } from "./tool-voice.ts";
import type { VolumeDamage } from "#stored/volume/selected-records.ts";
import type { MadeVolume } from "./testing/made-volume.ts";

/* Volumes with seeded damage, as many as NOCTURNE_TOOL_MUTATIONS says (100,000 were run when this was written). */

const MUTATIONS = Number(process.env.NOCTURNE_TOOL_MUTATIONS ?? 5000);

/** Small, so that blocks lie across the ends of what is fetched at once. */
const FETCH_BYTES = 32 * 1024;

const nowhere = openSync("/dev/null", "w");

/** Numbers that look random, the same for the same seed. */
class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 1) >>> 0;
  }
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }
}

function content(session: number, index: number): Buffer {
  return createHash("shake256", { outputLength: [0, 10, 700, 2900, 6200, 15_000][index % 6]! })
    .update(`${session}/${index}`)
    .digest();
}

const sessions = [1, 2, 3].map((session) =>
  Array.from({ length: 14 }, (_, at) => ({ name: `/s${session}/file-${at + 1}`, content: content(session, at + 1) })),
);
const volume = madeVolume("Fuzz", sessions);

/** A damaged copy, and the files of which something was touched. */
interface Mutant {
  readonly bytes: Buffer;
  readonly touched: ReadonlySet<string>;
}

/** Files in the blocks that a stretch of addresses touches. */
function filesIn({ blocks }: MadeVolume, from: number, to: number): ReadonlySet<string> {
  const inside = blocks.filter(({ address, bytes }) => address < to && address + bytes > from);
  return new Set(inside.flatMap(({ files }) => [...files]));
}

/** Records or labels of one block are changed and its checksum made right again: what a hostile writer would do. */
function reseal(bytes: Buffer, dice: Dice): Mutant {
  const block = volume.blocks[dice.below(volume.blocks.length)]!;
  const copy = Buffer.from(bytes);
  for (let times = 1 + dice.below(4); times > 0; times -= 1) {
    const at = block.address + 24 + dice.below(block.bytes - 24);
    if (dice.below(2) === 0) copy[at] = dice.below(256);
    else
      copy.writeUInt32BE(
        [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff][dice.below(5)]!,
        Math.min(at, block.address + block.bytes - 4),
      );
  }
  copy.writeUInt32BE(crc32(copy.subarray(block.address + 4, block.address + block.bytes)), block.address);
  return { bytes: copy, touched: filesIn(volume, block.address, block.address + block.bytes) };
}

function mutant(seed: number): Mutant {
  const dice = new Dice(seed);
  const { bytes } = volume;
  const at = dice.below(bytes.length);
  const length = 1 + dice.below([1, 8, 200, 9000][dice.below(4)]!);
  const to = Math.min(bytes.length, at + length);
  const copy = Buffer.from(bytes);
  switch (dice.below(6)) {
    case 0:
      for (let i = at; i < to; i += 1) copy[i] = dice.below(256);
      return { bytes: copy, touched: filesIn(volume, at, to) };
    case 1:
      copy[at] = copy[at]! ^ (1 << dice.below(8));
      return { bytes: copy, touched: filesIn(volume, at, at + 1) };
    case 2:
      copy.fill(0, at, to);
      return { bytes: copy, touched: filesIn(volume, at, to) };
    case 3:
      return { bytes: copy.subarray(0, at), touched: filesIn(volume, at, bytes.length) };
    case 4: {
      const more = createHash("shake256", { outputLength: length }).update(String(seed)).digest();
      return {
        bytes: Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]),
        touched: filesIn(volume, at - 1, at + 1),
      };
    }
    default:
      return reseal(bytes, dice);
  }
}

/** The name in attributes; undefined if they are damaged. */
function nameIn(data: Uint8Array): string | undefined {
  try {
    return decodeAttributes(data).name;
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

/** What a scan of the bytes gives: content by name, and damage. */
function scanned(bytes: Buffer): { readonly files: ReadonlyMap<string, Buffer>; readonly damages: readonly VolumeDamage[] } {
  const files = new Map<string, Buffer[]>();
  const current = new Map<number, { readonly fileIndex: number; readonly name: string | undefined }>();
  const damages: VolumeDamage[] = [];
  using voice = new ToolVoice("bls", nowhere);
  const jobs = new JobListing(voice, true);
  const blocks = new BlockListing({ voice, verbosity: 2, device: "" });
  const records = new SelectedRecords(
    {
      damage: (damage) => damages.push(damage),
      sessionLabel: (record, label) => jobs.sessionLabel(record, label),
      volumeLabel: (record) => jobs.volumeLabel(record),
      record: ({ session, fileIndex, stream, data }) => {
        // As a restore does: a file's records follow its attributes, which give it its name.
        if (stream === 1) {
          const name = nameIn(data);
          current.set(session.id, { fileIndex, name });
          if (name !== undefined) files.set(name, []);
          return;
        }
        const file = current.get(session.id);
        if (stream === 2 && file?.fileIndex === fileIndex && file.name !== undefined)
          files.get(file.name)?.push(Buffer.from(data));
      },
    },
    FETCH_BYTES,
  );
  const source = {
    readAt: (into: Uint8Array, address: number) =>
      address >= bytes.length ? 0 : bytes.copy(into, 0, address, Math.min(bytes.length, address + into.byteLength)),
  };
  const all = { volume: "Fuzz", mediaType: "", device: "", slot: 0, volSessionId: 0, volSessionTime: 0, addresses: [], fileIndexes: [], count: 0, fileRegex: "", session: undefined, jobId: 0, streams: [] }; // prettier-ignore
  records.openVolume("Fuzz", source, [all]);
  let count = 0;
  for (let block = records.readBlock(); block !== undefined; block = records.readBlock()) {
    blocks.block(block);
    count += 1;
    assert.ok(count < 10_000, "reading does not end");
  }
  records.end();
  return { files: new Map([...files].map(([key, parts]) => [key, Buffer.concat(parts)])), damages };
}

test("the Volume as it was made gives all files and no damage", () => {
  const { files, damages } = scanned(volume.bytes);
  assert.deepEqual(damages, []);
  assert.equal(files.size, 3 * 14);
});

test(`${MUTATIONS} damaged Volumes: no throw, no hang, damage with Volume and address, every file that was not touched`, () => {
  const heapBefore = process.memoryUsage().heapUsed;
  let silent = 0;
  for (let seed = 1; seed <= MUTATIONS; seed += 1) {
    const { bytes, touched } = mutant(seed);
    const { files, damages } = scanned(bytes);
    for (const [session, list] of sessions.entries()) {
      for (let index = 1; index <= list.length; index += 1) {
        const key = `${session + 1}/${index}`;
        if (touched.has(key)) continue;
        const found = files.get(list[index - 1]!.name);
        assert.ok(
          found !== undefined && found.equals(list[index - 1]!.content),
          `seed ${seed}: file ${key} was not touched and is not as it was`,
        );
      }
    }
    if (damages.length === 0) silent += 1;
    for (const damage of damages) {
      assert.equal(damage.volume, "Fuzz");
      assert.ok(damage.address >= 0 && damage.address <= bytes.length, `seed ${seed}: damage at ${damage.address}`);
      assert.match(damageText(damage), /^Volume "Fuzz" at address \d+: \S/);
    }
    try {
      readLabelBlock(bytes.subarray(0, 4096));
    } catch (error) {
      assert.ok(error instanceof OperatorError, `seed ${seed}: ${String(error)}`);
    }
  }
  assert.ok(silent < MUTATIONS / 2, `${silent} of ${MUTATIONS} mutants show no damage`);
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 256 * 1024 * 1024, "memory does not grow");
});

test("a damaged length that leads to the block after the next costs one block only", () => {
  const [, first, second] = volume.blocks;
  const bytes = Buffer.from(volume.bytes);
  bytes.writeUInt32BE(first!.bytes + second!.bytes, first!.address + 4);
  const { files, damages } = scanned(bytes);
  assert.equal(damages[0]?.address, first!.address);
  assert.equal(damages[0]?.bytes, first!.bytes);
  for (const [session, list] of sessions.entries()) {
    for (const [index, { name, content: wanted }] of list.entries())
      if (!first!.files.has(`${session + 1}/${index + 1}`)) assert.ok(files.get(name)?.equals(wanted), name);
  }
});
