import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import type { FileOptions } from "#proto/fileset.ts";
import { PatternKind } from "#proto/fileset.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { Walker } from "./walker.ts";
import type { WalkOptions } from "./walker.ts";

interface Plan {
  readonly files: readonly string[];
  readonly options?: Partial<FileOptions>[];
  readonly excludes?: readonly string[];
  readonly excludeDirContaining?: readonly string[];
  readonly sinceNs?: bigint;
  readonly judge?: WalkOptions["judge"];
}

/** Walks and answers the paths below `root` in the order found, with notes and counts. */
async function walk(root: string, plan: Plan) {
  const found: { path: string; type: number; link: string }[] = [];
  const notes: string[] = [];
  const bytes = (texts: readonly string[] = []): Buffer[] => texts.map((text) => Buffer.from(text));
  const fileset = compileFileSet({
    name: "F",
    includes: [
      {
        options: (plan.options ?? [{}]).map((options) => ({ ...DEFAULT_OPTIONS, ...options })),
        files: bytes(plan.files),
        excludeDirContaining: bytes(plan.excludeDirContaining),
        plugins: [],
      },
    ],
    excludes: bytes(plan.excludes),
    enableSnapshot: false,
    ownDirectories: [],
  });
  const walker = new Walker({
    fileset,
    sinceNs: plan.sinceNs ?? 0n,
    judge: plan.judge,
    sink: {
      entry: ({ path, type, link }) => found.push({ path: path.slice(root.length), type, link: link.slice(root.length) }),
      note: (kind, text) => notes.push(`${kind}: ${text.trim()}`),
      isCanceled: false,
    },
  });
  const counts = await walker.run();
  return { found, paths: found.map(({ path }) => path), notes, counts };
}

test("directories come after their contents, hard links after their first name, sockets not at all", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("d/e"), { recursive: true });
  writeFileSync(dir.file("d/e/f"), "x");
  linkSync(dir.file("d/e/f"), dir.file("d/e/g"));
  writeFileSync(dir.file("d/empty"), "");
  symlinkSync("nowhere", dir.file("d/l"));
  const server = createServer().listen(dir.file("d/socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  const { found, paths, counts } = await walk(dir.path, { files: [`${dir.path}/d/`] });
  server.close();
  assert.deepEqual(paths.toSorted(), ["/d", "/d/e", "/d/e/f", "/d/e/g", "/d/empty", "/d/l"]);
  assert.ok(paths.indexOf("/d/e/f") < paths.indexOf("/d/e") && paths.at(-1) === "/d");
  const linked = found.filter(({ type }) => type === 1);
  assert.equal(linked.length, 1);
  assert.equal(linked[0]!.link, found.find(({ type, path }) => type === 3 && path.startsWith("/d/e/"))!.path);
  assert.deepEqual([counts.sockets, counts.found, found.find(({ path }) => path === "/d/empty")!.type], [1, 6, 2]);
});

test("an excluded directory is not entered: what lies below it is not even looked at", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("d/secret/deep"), { recursive: true });
  chmodSync(dir.file("d/secret"), 0);
  writeFileSync(dir.file("d/x"), "x");
  for (const plan of [
    { excludes: [`${dir.path}/d/secret`] },
    {
      options: [{ exclude: true, patterns: [{ kind: PatternKind.PATTERN_KIND_WILD_DIR, text: Buffer.from("*/secret") }] }, {}],
    },
  ]) {
    const { paths, notes, counts } = await walk(dir.path, { files: [`${dir.path}/d`], ...plan });
    assert.deepEqual([paths, notes, counts.examined], [["/d/x", "/d"], [], 3]);
  }
  chmodSync(dir.file("d/secret"), 0o700);
});

test("a directory that holds a marker file stays out with its contents; Recurse = no saves only the directory", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("d/cache"), { recursive: true });
  writeFileSync(dir.file("d/cache/.nobackup"), "");
  writeFileSync(dir.file("d/x"), "x");
  assert.deepEqual((await walk(dir.path, { files: [`${dir.path}/d`], excludeDirContaining: [".nobackup"] })).paths, [
    "/d/x",
    "/d",
  ]);
  assert.deepEqual((await walk(dir.path, { files: [`${dir.path}/d`], options: [{ recurse: false }] })).paths, ["/d"]);
});

test("names that do not exist or are not absolute are told and passed over", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("x"), "x");
  const { paths, notes } = await walk(dir.path, { files: [dir.file("missing"), "relative", dir.file("x")] });
  assert.deepEqual(paths, ["/x"]);
  assert.equal(notes.length, 2);
  assert.match(notes[0]!, /^notSaved: Could not stat .*missing": ERR=No such file or directory$/);
});

test("an incremental walk counts what has not changed and saves the rest", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("x"), "x");
  const later = BigInt(Date.now() + 60_000) * 1_000_000n;
  const { paths, counts } = await walk(dir.path, { files: [dir.path], sinceNs: later });
  assert.deepEqual([paths, counts.unchanged, counts.examined], [[], 2, 2]);
});

test("a list by newlines is walked, a list by NUL names exactly what to save, newlines in names included", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("d"));
  writeFileSync(dir.file("d/a\nb"), "x");
  writeFileSync(dir.file("d/c"), "x");
  writeFileSync(dir.file("list"), `${dir.path}/d\n`);
  assert.deepEqual((await walk(dir.path, { files: [`<${dir.file("list")}`] })).paths.toSorted(), ["/d", "/d/a\nb", "/d/c"]);
  const { paths } = await walk(dir.path, { files: [`|find '${dir.path}/d' -not -name c -print0`] });
  assert.deepEqual(paths.toSorted(), ["/d", "/d/a\nb"]);
});

test("a list command that fails, and a list that is missing, are errors", async () => {
  await using dir = await TempDir.make();
  await assert.rejects(walk(dir.path, { files: ["|echo oops >&2; exit 3"] }), {
    code: "LIST_FAILED",
    message: /status 3: oops/,
  });
  await assert.rejects(walk(dir.path, { files: [`<${dir.file("missing")}`] }), { code: "LIST_FAILED" });
});

/** Made a step at a time: no single call takes the whole path. */
function makeDeepTree(path: string, name: string, depth: number): void {
  const before = process.cwd();
  process.chdir(path);
  for (let step = 0; step < depth; step++) {
    mkdirSync(name);
    process.chdir(name);
  }
  writeFileSync("file", "deep");
  process.chdir(before);
}

test("a tree deeper than one system call can name is walked to its end", async () => {
  await using dir = await TempDir.make();
  const name = "n".repeat(200);
  makeDeepTree(dir.path, name, 40);
  const { paths, notes } = await walk(dir.path, { files: [dir.path] });
  assert.deepEqual([paths.length, notes, paths[0]!.length], [42, [], 40 * 201 + 5]);
  execFileSync("rm", ["-rf", dir.file(name)]);
});
