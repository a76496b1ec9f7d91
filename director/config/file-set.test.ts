import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { filesetMd5, type FileSetResource } from "./file-set.ts";
import { parseDirectorConfig } from "./load.ts";

const fileSet = async (body: string): Promise<FileSetResource> =>
  (await parseDirectorConfig(`${DIRECTOR_TEXT}FileSet { Name = X\n${body}\n}`, "f", { host: testHost() })).fileSets.get("X")!;

test("blocks and lines are kept in the order written", async () => {
  const { include, exclude } = await fileSet(
    'Include { Options { wild = "*.o"; exclude = yes }\nOptions { compression = GZIP9; signature = SHA256 }\nFile = /a\nPlugin = "bpipe:x"\nFile = "/b c"\nExclude Dir Containing = .no }\nInclude { File = /d }\nExclude { File = /e; File = "*.tmp" }',
  );
  assert.deepEqual(
    include.map(({ files, plugins, entries }) => [files, plugins, entries.length]),
    [
      [["/a", "/b c"], ["bpipe:x"], 3],
      [["/d"], [], 1],
    ],
  );
  assert.deepEqual(
    include[0]!.options.map((options) => [options.wild, options.exclude, options.compression?.level, options.signature]),
    [
      [["*.o"], true, undefined, undefined],
      [[], false, 9, "SHA256"],
    ],
  );
  assert.deepEqual([include[0]!.excludeDirContaining, exclude], [[".no"], ["/e", "*.tmp"]]);
});

test("compressions are named with their level", async () => {
  const levelOf = async (word: string) =>
    (await fileSet(`Include { Options { compression = ${word} } File = /a }`)).include[0]!.options[0]!.compression;
  assert.deepEqual(await levelOf("gzip"), { algorithm: "gzip", level: 6 });
  assert.deepEqual(await levelOf("GZIP1"), { algorithm: "gzip", level: 1 });
  assert.deepEqual(await levelOf("ZSTD"), { algorithm: "zstd", level: 3 });
  assert.deepEqual(await levelOf("zstd19"), { algorithm: "zstd", level: 19 });
  assert.deepEqual(await levelOf("LZO"), { algorithm: "lzo", level: 0 });
  for (const word of ["gzip0", "gzip10", "zstd0", "zstd20", "lzo1", "rar", "constructor"])
    await assert.rejects(levelOf(word), /is not a compression/, word);
});

test("options have the defaults of the manual", async () => {
  const [options] = (await fileSet("Include { Options { } File = /a }")).include[0]!.options;
  assert.deepEqual([options!.oneFs, options!.recurse, options!.hardLinks, options!.checkFileChanges], [true, true, true, true]);
  assert.deepEqual(
    [options!.sparse, options!.aclSupport, options!.xattrSupport, options!.noAtime, options!.mtimeOnly, options!.stripPath],
    [false, false, false, false, false, 0],
  );
});

test("lists and commands of names are kept as written", async () => {
  const { include } = await fileSet(String.raw`Include { File = "|ls %c"; File = "<list"; File = "\\|ls"; File = "\\<list" }`);
  assert.deepEqual(include[0]!.files, ["|ls %c", "<list", String.raw`\|ls`, String.raw`\<list`]);
});

test("letters of comparison lose the mark that Bacula puts before them", async () => {
  const [options] = (await fileSet('Include { Options { verify = pins5; accurate = mcs; basejob = "J:spug5" } File = /a }'))
    .include[0]!.options;
  assert.deepEqual([options!.verify, options!.accurate, options!.baseJob], ["pins5", "mcs", "spug5"]);
});

test("what does not belong is refused", async () => {
  const bad = [
    ["Include = signature=MD5 { /etc }", /very old versions|name of a directive/],
    ["Include { File = /a }\nExclude { Options { } }", /Options: it is not a directive of FileSet\/Exclude/],
    ["Include { File = /a }\nExclude { Plugin = x }", /Plugin: it is not a directive/],
    ["Include { File = c:\\foo }", /backslash is not allowed without quotes/],
    ['Include { Options { regex = "[a" } File = /a }', /not a regular expression/],
    ["Include { Options { fobar = yes } File = /a }", /not a directive of FileSet\/Include\/Options/],
    ["Include { Options { accurate = xyz } File = /a }", /is not one of the letters/],
    ["Include { Options { signature = MD4 } File = /a }", /did you mean "MD5"/],
    ['Include { File = "|ls %(Clint)" }', /%\(Clint\) is not a known code/],
    ['Include { File = "" }', /the name is empty/],
  ] as const;
  for (const [body, expected] of bad) await assert.rejects(fileSet(body), expected, body);
});

test("the digest of a FileSet is the one that Bacula's catalog holds for it", async () => {
  // Digests stored by Debian's bacula-director 9.6.7 for these very blocks.
  const known = [
    ["Include { Options { signature = MD5 } File = /etc }", "GC8VO9lIA5VcIE/m8lgdXB"],
    ["Include { Options { signature = MD5; compression = GZIP } File = /etc }", "GC8VO9lIA5VcIE/m8lgdXB"],
    ["Include { File = /etc; File = /usr }\nExclude { File = /c }", "i0+Zx/gddQ+WH5Mfa6/RRB"],
    ['Include { File = /etc; Plugin = "bpipe:/x:cat:cat" }', "eC/nSgEimVhyNw/698/SwC"],
    [String.raw`Include { File = "/a b"; File = "|ls"; File = "\\|ls" }`, "RDFxU5Jk5QodAREOB8shdD"],
  ] as const;
  for (const [body, digest] of known) assert.equal(filesetMd5(await fileSet(body)), digest, body);
});
