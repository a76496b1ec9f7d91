import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "../testing/config-host.ts";
import type { ConfigHost } from "./host.ts";
import { configLimits } from "./limits.ts";
import { ProblemList } from "./problem.ts";
import { readTokens } from "./tokens.ts";

async function read(
  host: ConfigHost,
  path = "/etc/main.conf",
): Promise<{ words: string[]; problems: string[]; files: readonly string[] }> {
  const problems = new ProblemList();
  const { tokens, files } = await readTokens(path, host, problems);
  const words = tokens.filter((token) => token.kind !== "end").map((token) => token.text);
  return { words, files, problems: problems.all.map((problem) => `${problem.at?.line ?? 0}: ${problem.message}`) };
}

test("an included file is read in place, relative to the file that includes it", async () => {
  const host = testHost({ "/etc/main.conf": "a\n@sub/b.conf\nz", "/etc/sub/b.conf": "b; @c.conf\n", "/etc/sub/c.conf": "c" });
  const { words, files } = await read(host);
  assert.deepEqual(words, ["a", "b", "c", "z"]);
  assert.deepEqual(files, ["/etc/main.conf", "/etc/sub/b.conf", "/etc/sub/c.conf"]);
});

test("a relative file that is not beside is looked for from the working directory", async () => {
  assert.deepEqual((await read(testHost({ "/etc/main.conf": "@there.conf", "there.conf": "x" }))).words, ["x"]);
});

test("wildcards include every file that matches, in the order of names", async () => {
  const host = testHost({ "/etc/main.conf": "@conf.d/*", "/etc/conf.d/b": "b", "/etc/conf.d/a": "a" });
  assert.deepEqual((await read(host)).words, ["a", "b"]);
});

test("the output of a command is read in place, and the command runs once", async () => {
  const ran: string[] = [];
  const host = testHost({ "/etc/main.conf": 'a = @|"list --all x" b' }, (command) => {
    ran.push(command);
    return "made; @/etc/more.conf";
  });
  const { words, problems } = await read(host);
  assert.deepEqual(ran, ["list --all x"]);
  assert.deepEqual(words, ["a", "=", "made", "b"]);
  assert.match(problems[0]!, /cannot read "\/etc\/more.conf"/);
});

test("a file that is missing, or that includes itself, is a mistake at the line that names it", async () => {
  const { problems } = await read(testHost({ "/etc/main.conf": "a\n@gone\n@b.conf", "/etc/b.conf": "@main.conf" }));
  assert.match(problems[0]!, /^2: cannot read "gone": no such file/);
  assert.match(problems[1]!, /^1: "\/etc\/main.conf" includes itself/);
});

test("files nested too deep are refused", async () => {
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, depth) => [`/etc/${depth}`, `@/etc/${depth + 1}`]));
  assert.match((await read(testHost(files), "/etc/0")).problems[0]!, /nested deeper/);
});

test("files that include each other twice do not grow without end", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, depth) => [`/etc/${depth}`, `@/etc/${depth + 1} @/etc/${depth + 1}`]),
  );
  assert.match((await read(testHost({ ...files, "/etc/30": "x" }), "/etc/0")).problems[0]!, /more than 20000 included files/);
});

test("a file that is too large is refused", async () => {
  const host = testHost({ "/etc/main.conf": "x".repeat(configLimits.fileBytesMax + 1) });
  assert.match((await read(host)).problems[0]!, /larger than/);
});

test("UTF-16 is refused with what to do, and UTF-8 may begin with its mark", async () => {
  assert.match((await read(testHost({ "/etc/main.conf": Buffer.from([0xff, 0xfe, 0x61, 0]) }))).problems[0]!, /UTF-16/);
  assert.match((await read(testHost({ "/etc/main.conf": Buffer.from([0xfe, 0xff, 0, 0x61]) }))).problems[0]!, /UTF-16/);
  assert.deepEqual((await read(testHost({ "/etc/main.conf": Buffer.from([0xef, 0xbb, 0xbf, 0x61]) }))).words, ["a"]);
});

test("bytes that are no UTF-8 are kept", async () => {
  assert.deepEqual((await read(testHost({ "/etc/main.conf": Buffer.from([0x2f, 0xe9]) }))).words, ["/\udce9"]);
});
