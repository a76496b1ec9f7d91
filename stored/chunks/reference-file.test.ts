import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { LIST_ENTRY_BYTES, LIST_HEADER_BYTES, putListEntry } from "#lib/chunk/chunk-list.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { ReferenceReader } from "./reference-file-reader.ts";
import { ReferenceWriter } from "./reference-file-writer.ts";
import { referencesName, sessionOfName } from "./reference-file.ts";

const owner = { session: { time: 1_700_000_000, id: 7 }, jobId: 12 };

function identity(number: number): Uint8Array {
  return createHash("sha256").update(String(number)).digest();
}

function list(ids: readonly Uint8Array[]): Uint8Array {
  const record = new Uint8Array(LIST_HEADER_BYTES + ids.length * LIST_ENTRY_BYTES);
  for (const [number, id] of ids.entries()) putListEntry(record, LIST_HEADER_BYTES + number * LIST_ENTRY_BYTES, 1000, id);
  return record;
}

function written(directory: string, ids: readonly Uint8Array[], volumes: readonly string[] = ["Vol-1", "Vol-2"]): string {
  const path = join(directory, referencesName(owner.session));
  const writer = ReferenceWriter.create(path, owner);
  for (let at = 0; at < ids.length; at += 5000) writer.add(list(ids.slice(at, at + 5000)));
  writer.finish(volumes);
  return path;
}

function read(path: string): string[] {
  using reader = ReferenceReader.open(path);
  const ids: string[] = [];
  for (let page = reader.nextPage(); page !== undefined; page = reader.nextPage())
    for (let at = 0; at < page.byteLength; at += 32) ids.push(Buffer.from(page.subarray(at, at + 32)).toString("hex"));
  return ids;
}

function inDirectory(work: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "references-"));
  try {
    work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("references are read as they were written, for any number of pages", () => {
  inDirectory((directory) => {
    for (const count of [0, 1, 2047, 2048, 2049, 9000]) {
      const ids = Array.from({ length: count }, (_, number) => identity(number));
      const path = written(directory, ids);
      assert.deepEqual(
        read(path),
        ids.map((id) => Buffer.from(id).toString("hex")),
      );
      using reader = ReferenceReader.open(path);
      assert.deepEqual(reader.owner, owner);
      assert.deepEqual(reader.totals, {
        identities: count,
        references: count,
        plainBytes: count * 1000,
        volumes: ["Vol-1", "Vol-2"],
      });
    }
  });
});

test("repeats that lie close together are counted and written once, also for the identity of zeros", () => {
  inDirectory((directory) => {
    const zeros = new Uint8Array(32);
    const path = written(directory, [zeros, zeros, identity(1), zeros, identity(1)]);
    assert.equal(read(path).length, 2);
    using reader = ReferenceReader.open(path);
    assert.equal(reader.totals.references, 5);
  });
});

test("whatever is changed or missing in a file is told as damage, and nothing wrong is given out", () => {
  inDirectory((directory) => {
    const ids = Array.from({ length: 2100 }, (_, number) => identity(number));
    const path = written(directory, ids);
    const good = readFileSync(path);
    const expected = read(path);
    const flip = fc.record({ at: fc.nat(good.byteLength - 1), bit: fc.nat(7), cut: fc.boolean() });
    fc.assert(
      fc.property(flip, ({ at, bit, cut }) => {
        const bad = Buffer.from(cut ? good.subarray(0, at) : good);
        if (!cut) bad[at] = (bad[at] ?? 0) ^ (1 << bit);
        writeFileSync(path, bad);
        const given: string[] = [];
        assert.throws(
          () => {
            using reader = ReferenceReader.open(path);
            for (let page = reader.nextPage(); page !== undefined; page = reader.nextPage())
              for (let from = 0; from < page.byteLength; from += 32)
                given.push(Buffer.from(page.subarray(from, from + 32)).toString("hex"));
          },
          (error) => error instanceof OperatorError && error.code === "REFERENCES_DAMAGED" && error.message.includes(path),
        );
        assert.deepEqual(given, expected.slice(0, given.length));
      }),
      { numRuns: 200 },
    );
  });
});

test("a page that was left out is noticed", () => {
  inDirectory((directory) => {
    const path = written(
      directory,
      Array.from({ length: 6144 }, (_, number) => identity(number)),
    );
    const good = readFileSync(path);
    const page = 8 + 2048 * 32;
    writeFileSync(path, Buffer.concat([good.subarray(0, 32 + page), good.subarray(32 + 2 * page)]));
    assert.throws(() => read(path), { code: "REFERENCES_DAMAGED" });
  });
});

test("a file that is given up is gone; a finished one stays", () => {
  inDirectory((directory) => {
    const path = join(directory, referencesName(owner.session, "new"));
    {
      using writer = ReferenceWriter.create(path, owner);
      writer.add(list([identity(1)]));
    }
    assert.ok(!existsSync(path));
    {
      using writer = ReferenceWriter.create(path, owner);
      writer.finish([]);
    }
    assert.ok(existsSync(path));
  });
});

test("a file's name tells its session, and other names tell none", () => {
  assert.deepEqual(sessionOfName(referencesName(owner.session)), owner.session);
  for (const name of [referencesName(owner.session, "new"), "x-1.refs", "1-2.refs.tmp", "1.refs"])
    assert.equal(sessionOfName(name), undefined);
});
