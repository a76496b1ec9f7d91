import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { TempDir } from "../testing/temp-dir.ts";
import { configPath } from "./default-path.ts";

test("without -c the first directory that has the file is taken, and otherwise the first is named", async () => {
  await using dir = await TempDir.make();
  const [one, two] = [dir.file("one"), dir.file("two")];
  await mkdir(two);
  assert.equal(await configPath("x.conf", undefined, [one, two]), `${one}/x.conf`);
  await writeFile(`${two}/x.conf`, "");
  assert.equal(await configPath("x.conf", undefined, [one, two]), `${two}/x.conf`);
});

test("-c with a slash is taken as it is, a directory stands for the default file in it", async () => {
  await using dir = await TempDir.make();
  assert.equal(await configPath("x.conf", "./none/y.conf", []), "./none/y.conf");
  assert.equal(await configPath("x.conf", dir.path, []), dir.file("x.conf"));
});

test("-c with a bare name is looked for in the configuration directories", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("my.conf"), "");
  assert.equal(await configPath("x.conf", "my.conf", [dir.path]), dir.file("my.conf"));
  assert.equal(await configPath("x.conf", "other.conf", [dir.path]), dir.file("other.conf"));
});
