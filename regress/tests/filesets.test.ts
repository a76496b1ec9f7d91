import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSameTree } from "#regress/compare.ts";
import { scenario } from "#regress/scenario.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** Files by which patterns are judged. */
function makeFiles(dir: string): void {
  for (const name of [
    "keep.txt",
    "drop.o",
    "DROP.O",
    "sub/keep.c",
    "sub/drop.o",
    "cache/inner.txt",
    "marked/.nobackup",
    "marked/inner.txt",
    "x.tmp",
  ]) {
    mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), name);
  }
}

async function savedNames(world: World): Promise<string[]> {
  await world.start();
  await world.backup("Full");
  const where = await world.restore();
  return await world.namesUnder(where + world.path("tree"));
}

scenario(
  "wild, regex, ignorecase and ExcludeDirContaining leave out what they name",
  {
    site: (dir) => ({
      fileset: `Include {
    Options {
      Signature = MD5
      Exclude = yes
      IgnoreCase = yes
      WildFile = "*.o"
      WildDir = "*/cache"
      RegexFile = "\\\\.tmp$"
    }
    Exclude Dir Containing = .nobackup
    File = "${dir}/tree"
  }`,
    }),
  },
  async (world) => {
    makeFiles(world.path("tree"));
    const names = await savedNames(world);
    assert.deepEqual(names, ["keep.txt", "sub", "sub/keep.c"]);
  },
);

scenario(
  "Exclude leaves out what it names, and a trailing slash makes no difference",
  {
    site: (dir) => ({
      fileset: `Include {
    Options { Signature = MD5 }
    File = "${dir}/tree/"
  }
  Exclude {
    File = "${dir}/tree/sub/"
    File = "${dir}/tree/cache"
    File = "*.o"
  }`,
    }),
  },
  async (world) => {
    makeFiles(world.path("tree"));
    const names = await savedNames(world);
    assert.ok(!names.some((name) => name.startsWith("sub") || name.startsWith("cache")), names.join(" "));
    assert.ok(names.includes("keep.txt") && names.includes("marked/inner.txt"), names.join(" "));
  },
);

scenario(
  "lists of names come from a file on the Director's side and from a command on the client's",
  {
    site: (dir) => ({
      fileset: `Include {
    Options { Signature = MD5 }
    File = "<${dir}/list"
    File = "\\\\|find ${dir}/tree/sub -name '*.c'"
  }`,
    }),
  },
  async (world) => {
    makeFiles(world.path("tree"));
    writeFileSync(world.path("list"), `${world.path("tree/keep.txt")}\n${world.path("tree/x.tmp")}\n`);
    const names = await savedNames(world);
    assert.deepEqual(
      names.filter((name) => name !== "sub"),
      ["keep.txt", "sub/keep.c", "x.tmp"],
    );
  },
);

for (const [compression, signature] of [
  ["GZIP6", "MD5"],
  ["GZIP9", "SHA1"],
  ["ZSTD", "SHA512"],
] as const) {
  scenario(
    `${compression} and ${signature}: what is compressed comes back identical, and takes less room`,
    {
      site: (dir) => ({
        fileset: `Include {
    Options { Compression = ${compression}; Signature = ${signature}; Sparse = yes }
    File = "${dir}/tree"
  }`,
      }),
    },
    async (world) => {
      plainTree(world.path("tree"));
      writeFileSync(world.path("tree/words"), "the same words over and over ".repeat(100_000));
      await world.start();
      const report = await world.backup("Full");
      assert.match(report.fields.get("Software Compression") ?? "", /%/);
      const where = await world.restore();
      await assertSameTree(world.path("tree"), where + world.path("tree"));
    },
  );
}
