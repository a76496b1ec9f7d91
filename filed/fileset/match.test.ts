import assert from "node:assert/strict";
import { test } from "node:test";
import { PatternKind } from "#proto/fileset.ts";
import type { FileOptions, Pattern } from "#proto/fileset.ts";
import { byteStringOf } from "#lib/base/byte-string.ts";
import { compileFileSet, stripPath } from "./match.ts";
import type { CompiledInclude } from "./match.ts";
import { DEFAULT_OPTIONS, topLevelOptions } from "./options.ts";

const kinds = {
  wild: PatternKind.PATTERN_KIND_WILD,
  wildDir: PatternKind.PATTERN_KIND_WILD_DIR,
  wildFile: PatternKind.PATTERN_KIND_WILD_FILE,
  regex: PatternKind.PATTERN_KIND_REGEX,
  regexDir: PatternKind.PATTERN_KIND_REGEX_DIR,
  regexFile: PatternKind.PATTERN_KIND_REGEX_FILE,
} as const;

function pattern(kind: keyof typeof kinds, text: string): Pattern {
  return { kind: kinds[kind], text: Buffer.from(text) };
}

function options(more: Partial<FileOptions>): FileOptions {
  return { ...DEFAULT_OPTIONS, ...more };
}

function include(blocks: FileOptions[], excludes: string[] = []): CompiledInclude {
  const fileset = {
    name: "F",
    includes: [{ options: blocks, files: [Buffer.from("/")], excludeDirContaining: [], plugins: [] }],
    excludes: excludes.map((text) => Buffer.from(text)),
    enableSnapshot: false,
    ownDirectories: [Buffer.from("/own/dir")],
  };
  return compileFileSet(fileset).includes[0]!;
}

/** The signature chosen for a path, "none", or "out"; directories are written with a trailing slash. */
function choice(compiled: CompiledInclude, written: string): string {
  const isDirectory = written.length > 1 && written.endsWith("/");
  const path = byteStringOf(isDirectory ? written.slice(0, -1) : written);
  const chosen = compiled.choose(path, path.slice(path.lastIndexOf("/") + 1), isDirectory);
  return chosen === undefined ? "out" : chosen.options.signature || "none";
}

test("the first block whose pattern matches decides; what matches none gets the flags of the last block", () => {
  const compiled = include([
    options({ patterns: [pattern("wild", "*.tmp")], exclude: true }),
    options({ patterns: [pattern("wild", "/home/*")], signature: "SHA1" }),
    options({ patterns: [pattern("wild", "*.doc")], signature: "MD5" }),
  ]);
  assert.deepEqual(
    ["/home/x.tmp", "/home/x.doc", "/srv/x.doc", "/srv/x"].map((path) => choice(compiled, path)),
    ["out", "SHA1", "MD5", "MD5"],
  );
});

test("a block that excludes and has no pattern rejects all that reaches it", () => {
  const compiled = include([
    options({ patterns: [pattern("wild", "*.c"), pattern("wildDir", "/src*")], signature: "MD5" }),
    options({ exclude: true }),
  ]);
  assert.deepEqual(
    ["/src/a.c", "/src/a.o", "/src/sub/", "/x/"].map((path) => choice(compiled, path)),
    ["MD5", "out", "MD5", "out"],
  );
});

test("Dir patterns see directories only, File patterns the others; a WildFile without slash is for the base name", () => {
  const compiled = include([
    options({
      patterns: [
        pattern("wildDir", "*/cache"),
        pattern("wildFile", "core"),
        pattern("wildFile", "/var/*/log"),
        pattern("regexDir", "^/proc"),
        pattern("regexFile", "~$"),
      ],
      exclude: true,
    }),
    options({ signature: "MD5" }),
  ]);
  const paths = ["/a/cache/", "/a/cache", "/a/core", "/a/core/", "/a/score", "/var/x/log", "/proc/", "/proc", "/a~", "/a~/"];
  assert.deepEqual(
    paths.map((path) => choice(compiled, path)),
    ["out", "MD5", "out", "MD5", "MD5", "out", "out", "MD5", "out", "MD5"],
  );
});

test("stars match slashes, except with EnhancedWild; IgnoreCase folds", () => {
  const one = (more: Partial<FileOptions>) =>
    include([options({ patterns: [pattern("wild", "/a/*.TXT")], exclude: true, ...more }), options({ signature: "MD5" })]);
  assert.deepEqual(
    [
      choice(one({}), "/a/b/c.TXT"),
      choice(one({ enhancedWild: true }), "/a/b/c.TXT"),
      choice(one({}), "/a/c.txt"),
      choice(one({ ignoreCase: true }), "/a/c.txt"),
    ],
    ["out", "MD5", "MD5", "out"],
  );
});

test("Exclude entries are whole paths with wildcards; a trailing slash makes no difference; own directories stay out", () => {
  const compiled = include([options({ signature: "MD5" })], ["/tmp/", "/var/*.bak", "/naïve"]);
  assert.deepEqual(
    ["/tmp/", "/tmp/x", "/var/a/b.bak", "/naïve", "/own/dir/", "/own/"].map((path) => choice(compiled, path)),
    ["out", "MD5", "out", "out", "out", "MD5"],
  );
  assert.equal(choice(include([options({ ignoreCase: true })], ["/TMP"]), "/tmp/"), "out");
});

test("names that stand in the Include get all blocks' flags together", () => {
  const top = topLevelOptions([
    options({ oneFs: false, sparse: true, signature: "MD5", exclude: true }),
    options({ aclSupport: true, recurse: false }),
  ]);
  assert.deepEqual(
    [top.oneFs, top.sparse, top.aclSupport, top.recurse, top.signature, top.exclude, top.hardLinks],
    [false, true, true, false, "MD5", false, true],
  );
});

test("a regular expression that is none is refused", () => {
  assert.throws(() => include([options({ patterns: [pattern("regex", "(")] })]), { code: "PATTERN_INVALID" });
});

test("StripPath leaves out leading components while there are more", () => {
  assert.deepEqual(
    [stripPath("/a/b/c", 1), stripPath("/a/b/c", 2), stripPath("/a/b/c", 3), stripPath("/a", 1), stripPath("/a/b/c", 0)],
    ["/b/c", "/c", "/a/b/c", "/a", "/a/b/c"],
  );
});
