import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import {
  CONTAINER_FOOTER_BYTES,
  ContainerDirectory,
  DIRECTORY_ENTRY_BYTES,
  putEntry,
  readContainerFooter,
  readContainerHeader,
  writeContainerFooter,
  writeContainerHeader,
} from "./container-format.ts";
import { containerPath, parseContainerName, unfinishedPath } from "./container-name.ts";
import { readContainer } from "./container-reader.ts";
import { domainName, isDomainName } from "./store-paths.ts";
import type { ContainerEntry } from "./container-format.ts";

const store = Buffer.alloc(16, 7);
const good: ContainerEntry = { id: Buffer.alloc(32, 1), offset: 256, storedBytes: 10, plainBytes: 20, method: 1, level: 3 };

function directoryOf(entries: readonly Partial<ContainerEntry>[]): ContainerDirectory {
  const bytes = Buffer.alloc(entries.length * DIRECTORY_ENTRY_BYTES);
  for (const [i, entry] of entries.entries()) putEntry(bytes, i * DIRECTORY_ENTRY_BYTES, { ...good, ...entry });
  return new ContainerDirectory(bytes);
}

test("a directory whose frames cannot lie so is refused, also if its checksum is right", () => {
  assert.ok(directoryOf([{}, { offset: 314 }, { offset: 400, method: 0, storedBytes: 20 }]).fits(468));
  assert.ok(directoryOf([]).fits(256));
  const wrong: Partial<ContainerEntry>[][] = [
    [{ offset: 255 }],
    [{}, { offset: 313 }],
    [{}, {}],
    [{ storedBytes: 21 }],
    [{ method: 0 }],
    [{ method: 2 }],
    [{ plainBytes: 0, storedBytes: 0 }],
    [{ plainBytes: 8 * 1024 * 1024 + 1 }],
    [{ offset: 0xffff_ffff }],
    [{ storedBytes: 0xffff_ffff, plainBytes: 0xffff_ffff }],
    [{}, { offset: 411 }],
  ];
  for (const entries of wrong) assert.ok(!directoryOf(entries).fits(468), JSON.stringify(entries));
});

test("a container with a lie in its directory is damaged, and gives out nothing that is not there", async () => {
  await using dir = await TempDir.make();
  const entries = directoryOf([{ storedBytes: 5000, plainBytes: 5000 }]).bytes;
  const frames = Buffer.alloc(100);
  const footer = writeContainerFooter({
    store,
    number: 1,
    directoryAt: 356,
    chunks: 1,
    plainBytes: 5000,
    directoryCrc: crc32(entries),
  });
  const header = writeContainerHeader({ store, number: 1, createdMs: 0, domain: "all" });
  await writeFile(dir.file("lie"), Buffer.concat([header, frames, entries, footer]));
  const contents = await readContainer(dir.file("lie"));
  assert.equal(contents.kind, "damaged");
  assert.equal(contents.directory.count, 0);
});

test("headers and footers come back as they were written, and never with a byte changed", () => {
  const header = { store, number: 77, createdMs: 1_767_323_045_000, domain: "client-a%20b" };
  const written = writeContainerHeader(header);
  assert.deepEqual(readContainerHeader(written), header);
  const footer = { store, number: 77, directoryAt: 5000, chunks: 3, plainBytes: 2 ** 40, directoryCrc: 0xdeadbeef };
  const end = writeContainerFooter(footer);
  const fileBytes = 5000 + 3 * DIRECTORY_ENTRY_BYTES + CONTAINER_FOOTER_BYTES;
  assert.deepEqual(readContainerFooter(end, fileBytes), footer);
  assert.equal(readContainerFooter(end, fileBytes + 1), undefined);
  fc.assert(
    fc.property(fc.nat(255), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(written);
      changed[at]! ^= change;
      assert.equal(readContainerHeader(changed), undefined);
      const changedEnd = Buffer.from(end);
      changedEnd[at % CONTAINER_FOOTER_BYTES]! ^= change;
      assert.equal(readContainerFooter(changedEnd, fileBytes), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(readContainerHeader(Buffer.from(bytes)), undefined);
      assert.equal(readContainerFooter(Buffer.from(bytes), 1000), undefined);
    }),
  );
});

test("the name of a container tells its number, in its own folder only", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffff_fff0 }), fc.boolean(), (number, isWhole) => {
      const path = isWhole ? containerPath("", number) : unfinishedPath("", number);
      const [folder, name] = path.split("/").slice(-2);
      assert.deepEqual(parseContainerName(folder!, name!), { number, isWhole });
      assert.equal(parseContainerName(`${folder}0`, name!), undefined);
    }),
  );
  assert.equal(containerPath("c", 1), "c/00/00000001.ncc");
  assert.equal(containerPath("c", 70_000), "c/111/00011170.ncc");
  for (const name of ["00000000.ncc", "00000001.NCC", "00000001.ncc.tmp.tmp", "1.ncc", "0000000g.ncc", ".ncc", "lost+found"])
    assert.equal(parseContainerName("00", name), undefined);
});

test("a domain has a name that is safe as a folder, and one of its own", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 300 }), (name) => {
      const domain = domainName("client", "Pool", name);
      assert.ok(isDomainName(domain), domain);
      assert.notEqual(domain, domainName("client", "Pool", `${name}.`));
      assert.notEqual(domain, domainName("pool", name, "client"));
    }),
  );
  assert.equal(domainName("storage", "", ""), "all");
  assert.equal(domainName("pool", "Full Pool", "c"), "pool-Full%20Pool");
  assert.throws(() => domainName("client", "Pool", ""), { code: "STORE_INVALID" });
  for (const name of ["..", "all ", "pool-", "store.json", "lock", "client-a/b", "client-\0"])
    assert.ok(!isDomainName(name), name);
});
