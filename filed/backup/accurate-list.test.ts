import assert from "node:assert/strict";
import { mkdtempSync, lstatSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeLStat, encodeLStat } from "#lib/streams/lstat.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { AccurateList, AccurateListBuilder, comparesDigests } from "./accurate-list.ts";

const LSTAT = "P0A CAE IGk B A A A 6 BAA I BpG/9b BpG/9b BpG/9b A A E";

function listOf(names: readonly string[], digest = "0", lstat = LSTAT): AccurateListBuilder {
  const builder = new AccurateListBuilder();
  builder.add(names.map((name) => ({ path: Buffer.from(name), lstat, digest, deltaSeq: 0 })));
  return builder;
}

test("what the walk has not met is gone, unless it could not look there", () => {
  const list = new AccurateList(listOf(["/a/", "/a/x", "/ab", "/b/y", "/c"]).table, 0n, false);
  list.unseen("/a", DEFAULT_OPTIONS);
  list.unseen("/c", DEFAULT_OPTIONS);
  assert.deepEqual(list.deleted, [`/ab\0${LSTAT}`, `/b/y\0${LSTAT}`]);
  list.unseen("/", DEFAULT_OPTIONS);
  assert.deepEqual(list.deleted, []);
});

test("names are compared as they were saved: without the components that were stripped", () => {
  const list = new AccurateList(listOf(["/deep/file"]).table, 0n, false);
  const options = { ...DEFAULT_OPTIONS, stripPath: 1, accurate: "Cd" };
  const stat = lstatSync("/etc/hostname", { bigint: true });
  list.isChanged("/top/deep/file", stat, options);
  assert.deepEqual(list.deleted, []);
});

test("a file that may have changed in the second in which it was saved counts as changed, an older one does not", () => {
  const dir = mkdtempSync(join(tmpdir(), "accurate-"));
  const path = join(dir, "file");
  writeFileSync(path, "content");
  const stat = lstatSync(path, { bigint: true });
  const second = stat.ctimeNs / 1_000_000_000n;
  const whole = (ns: bigint) => Number(ns / 1_000_000_000n);
  const lstat = encodeLStat({
    ...decodeLStat(LSTAT)!,
    size: Number(stat.size),
    mtime: whole(stat.mtimeNs),
    ctime: whole(stat.ctimeNs),
  });
  const isChanged = (accurate: string, since: bigint) =>
    new AccurateList(listOf([path], "0", lstat).table, since * 1_000_000_000n, false).isChanged(path, stat, {
      ...DEFAULT_OPTIONS,
      accurate,
    });
  assert.deepEqual([isChanged("Cmcs", second), isChanged("Cmcs", second + 1n), isChanged("Cs", second)], [true, false, false]);
  rmSync(dir, { recursive: true });
});

test("a digest letter makes a file changed when its content has another digest", () => {
  const dir = mkdtempSync(join(tmpdir(), "accurate-"));
  const path = join(dir, "file");
  writeFileSync(path, "content");
  const stat = lstatSync(path, { bigint: true });
  const options = { ...DEFAULT_OPTIONS, accurate: "C5" };
  assert.ok(comparesDigests(options));
  for (const algorithm of ["md5", "sha1", "sha256", "sha512"]) {
    const digestOf = (text: string) => createHash(algorithm).update(text).digest("base64").replace(/=+$/, "");
    const isChanged = (text: string) =>
      new AccurateList(listOf([path], digestOf(text)).table, 0n, true).isChanged(path, stat, options);
    assert.deepEqual([isChanged("content"), isChanged("other")], [false, true], algorithm);
  }
  rmSync(dir, { recursive: true });
});
