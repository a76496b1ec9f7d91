import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { bcopy, bcopySpec } from "./bcopy.ts";
import { bextract, bextractSpec } from "./bextract.ts";
import { bls, blsSpec } from "./bls.ts";
import { MADE_TIME, madeVolume } from "./testing/made-volume.ts";
import { runInProcess } from "./testing/run-in-process.ts";
import type { MadeFile } from "./testing/made-volume.ts";

function content(seed: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

/** Puts a made Volume `V` and an empty directory `out` into a directory. */
function place(dir: TempDir, sessions: readonly (readonly MadeFile[])[]): { readonly volume: string; readonly out: string } {
  writeFileSync(dir.file("V"), madeVolume("V", sessions).bytes);
  mkdirSync(dir.file("out"));
  return { volume: dir.file("V"), out: dir.file("out") };
}

const THREE = [1, 2, 3].map((session) =>
  [1, 2, 3, 4].map((index) => ({
    name: `/s${session}/f${index}`,
    content: content(`${session}${index}`, 9000 + 700 * session),
  })),
);

test("jobs whose blocks alternate within files come back whole, without a configuration", async () => {
  await using dir = await TempDir.make();
  const { volume, out } = place(dir, THREE);
  const { code, output } = await runInProcess(bextractSpec, bextract, [volume, out]);
  assert.match(output, /\n12 files restored\.\n$/);
  assert.equal(code, 0, output);
  for (const files of THREE)
    for (const { name, content: wanted } of files) assert.ok(readFileSync(`${out}${name}`).equals(wanted), `${name} differs`);
});

test("a later session replaces what an earlier one brought, hard links too", async () => {
  await using dir = await TempDir.make();
  const first = madeVolume("A", [
    [
      { name: "/one", content: Buffer.from("old") },
      { name: "/two", type: 1, link: "/one" },
    ],
  ]);
  const second = madeVolume("B", [[], [{ name: "/two", content: Buffer.from("new") }]]);
  writeFileSync(dir.file("A"), first.bytes);
  writeFileSync(dir.file("B"), second.bytes);
  mkdirSync(dir.file("out"));
  const { code, output } = await runInProcess(bextractSpec, bextract, ["-V", "A|B", `${dir.path}/`, dir.file("out")]);
  assert.equal(code, 0, output);
  assert.equal(readFileSync(dir.file("out/one"), "utf8"), "old");
  assert.equal(readFileSync(dir.file("out/two"), "utf8"), "new");
});

test("include and exclude lists and a bootstrap with a count choose files", async () => {
  await using dir = await TempDir.make();
  const { volume, out } = place(dir, THREE);
  writeFileSync(dir.file("include"), "/s2\n/s3/f?\n");
  writeFileSync(dir.file("exclude"), "f2\n/s3/f[34]\n");
  const lists = await runInProcess(bextractSpec, bextract, ["-i", dir.file("include"), "-e", dir.file("exclude"), volume, out]);
  assert.equal(lists.code, 0, lists.output);
  assert.deepEqual(readdirSync(`${out}/s2`).toSorted(), ["f1", "f3", "f4"]);
  assert.deepEqual(readdirSync(`${out}/s3`), ["f1"]);
  assert.ok(!existsSync(`${out}/s1`));
  writeFileSync(dir.file("job.bsr"), `Volume="V"\nVolSessionId=2\nVolSessionTime=${MADE_TIME}\nFileIndex=2-4\nCount=2\n`);
  const listed = await runInProcess(blsSpec, bls, ["-b", dir.file("job.bsr"), volume]);
  assert.match(listed.output, /s2\/f2\n[^]*s2\/f3\n[^]*\n2 files found\.\n$/);
  assert.doesNotMatch(listed.output, /f1|f4|s1|s3/);
});

test("a Volume made to write elsewhere writes nothing outside the directory", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("outside"));
  writeFileSync(dir.file("outside/secret"), "secret");
  const outside = dir.file("outside");
  const text = Buffer.from("evil");
  const deep = "../".repeat(20);
  const files: MadeFile[] = [
    { name: `/../../..${outside}/a`, content: text },
    { name: `${deep}${outside.slice(1)}/b`, content: text },
    { name: `${outside}/c`, content: text },
    { name: "/link", type: 4, mode: 0o120777, link: outside },
    { name: "/link/d", content: text },
    { name: "/link/e/", type: 5, mode: 0o40777 },
    { name: "/hard", type: 1, link: `${deep}${outside.slice(1)}/secret` },
    { name: "/hard2", type: 1, link: "/link/secret" },
    { name: "/secret", type: 4, mode: 0o120777, link: `${outside}/secret` },
    { name: "/secret", content: Buffer.from("replaced") },
    { name: "/dots/./..//x", content: text },
    { name: "/line\nbreak\u001b[31m", content: text },
  ];
  const { volume, out } = place(dir, [files]);
  const { code, output } = await runInProcess(bextractSpec, bextract, [volume, out]);
  assert.equal(code, 1, "what is refused is an error");
  assert.deepEqual(readdirSync(outside), ["secret"]);
  assert.equal(readFileSync(`${outside}/secret`, "utf8"), "secret");
  assert.equal(readFileSync(`${out}${outside}/c`, "utf8"), "evil", "an absolute name lies below the directory");
  assert.equal(readFileSync(`${out}/secret`, "utf8"), "replaced");
  assert.ok(lstatSync(`${out}/secret`).isFile());
  assert.ok(!existsSync(`${out}/hard`) && !existsSync(`${out}/hard2`));
  assert.doesNotMatch(output, /\u001b|\nbreak/, "names cannot forge lines or move the cursor");
});

test("without -p reading stops at the first damaged block, with -p everything else comes back", async () => {
  await using dir = await TempDir.make();
  const { bytes, blocks } = madeVolume("V", THREE);
  const hurt = blocks[3]!;
  bytes[hurt.address + 100]! ^= 1;
  writeFileSync(dir.file("V"), bytes);
  for (const [flags, isWhole] of [
    [[], false],
    [["-p"], true],
  ] as const) {
    const out = dir.file(`out${flags.length}`);
    mkdirSync(out);
    const { code, output } = await runInProcess(bextractSpec, bextract, [...flags, dir.file("V"), out]);
    assert.equal(code, 1);
    assert.match(output, new RegExp(`Error: Volume "V" at address ${hurt.address}: the checksum of block 3 is wrong`));
    const missing = THREE.flatMap((files, at) =>
      files.filter(({ name, content: wanted }, index) => {
        const isTouched = hurt.files.has(`${at + 1}/${index + 1}`);
        return !isTouched && !(existsSync(`${out}${name}`) && readFileSync(`${out}${name}`).equals(wanted));
      }),
    );
    assert.equal(missing.length === 0, isWhole, `${missing.length} files that were not hurt are missing`);
  }
});

test("a copy with other blocks holds the same files; it goes on to the next Volume and never over data", async () => {
  await using dir = await TempDir.make();
  const { volume, out } = place(dir, THREE);
  mkdirSync(dir.file("copies"));
  const copied = await runInProcess(bcopySpec, bcopy, ["-o", "C1", volume, `${dir.file("copies")}/`]);
  assert.equal(copied.code, 0, copied.output);
  assert.match(copied.output, /\n3 Jobs copied\. \d+ records copied\.\n$/);
  const again = await runInProcess(bcopySpec, bcopy, ["-o", "C1", volume, `${dir.file("copies")}/`]);
  assert.match(again.output, /holds data already/);
  assert.equal(again.code, 1);
  const checked = await runInProcess(blsSpec, bls, ["-E", dir.file("copies/C1")]);
  assert.match(checked.output, /\n12 files found\.\n$/);
  const { code, output } = await runInProcess(bextractSpec, bextract, [dir.file("copies/C1"), out]);
  assert.equal(code, 0, output);
  for (const { name, content: wanted } of THREE.flat()) assert.ok(readFileSync(`${out}${name}`).equals(wanted));
});

test("a job without its end is told as incomplete", async () => {
  await using dir = await TempDir.make();
  const { bytes, blocks } = madeVolume("V", [THREE[0]!]);
  writeFileSync(dir.file("V"), bytes.subarray(0, blocks.at(-1)!.address));
  const { output } = await runInProcess(blsSpec, bls, ["-j", dir.file("V")]);
  assert.match(output, /No End Job Session Record: SessId=1 SessTime=\d+ JobId=1 Job=J\.1: the job is incomplete/);
});

test("a file whose digest does not fit is an error, unless digests are not to be compared", async () => {
  await using dir = await TempDir.make();
  const { bytes, blocks } = madeVolume("V", [[{ name: "/f", content: Buffer.from("what was saved") }]]);
  const at = bytes.indexOf("what was saved");
  bytes.write("WHAT", at);
  // A checksum of 0 says that none was made: only the digest can tell.
  bytes.writeUInt32BE(0, blocks[1]!.address);
  writeFileSync(dir.file("V"), bytes);
  mkdirSync(dir.file("out"));
  const compared = await runInProcess(bextractSpec, bextract, [dir.file("V"), dir.file("out")]);
  assert.match(compared.output, /Error: .*the MD5 digest of the restored data differs/);
  assert.equal(compared.code, 1);
  const ignored = await runInProcess(bextractSpec, bextract, ["-n", dir.file("V"), dir.file("out")]);
  assert.equal(ignored.code, 0, ignored.output);
});
