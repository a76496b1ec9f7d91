import assert from "node:assert/strict";
import { test } from "node:test";
import { addFiles, addJob } from "#catalog/conformance/database-under-test.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { ConsoleWorld } from "../testing/console-world.ts";
import { commandTable } from "./table.ts";
import { keywordNames } from "./arguments.ts";

const LINES = 10_000;
const SEED = 20_261_121;

/** Numbers from 0 to 2^32 - 1 that depend on the seed alone (xorshift). */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ;) {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    yield state;
  }
}

test("ten thousand lines of keywords, values, answers and noise give answers, and the session lives", async () => {
  await using world = await ConsoleWorld.open();
  const client = (await findClient(world.catalog, "web"))!;
  const { fileSet } = await ensureFileSet(world.catalog, { FileSet: "Etc", MD5: "x", CreateTime: "2026-03-01 00:00:00" });
  const job = await addJob(world.catalog, { Name: "Save", ClientId: client.ClientId, FileSetId: fileSet.FileSetId });
  await addFiles(world.catalog, job, ["/etc/", "/etc/hosts", "/etc/b\udce9d"]);
  const random = numbers(SEED);
  const below = (limit: number): number => random.next().value % limit;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const values = [
    "",
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "Save",
    "Back",
    "web",
    "Disk",
    "Default",
    "Etc",
    "yes",
    "no",
    "2026-03-01 10:00:00",
    "/tmp/x",
    "..",
    "%s%n",
    "a'b",
    "\u202e",
    "\ud800",
    "\x1b[2J",
    "x".repeat(5000),
    "1-3,5",
    "<",
    "<nofile",
    "!a!b!",
    "*",
    "Append",
  ];
  const answers = [
    "1",
    "2",
    "13",
    ".",
    "yes",
    "no",
    "mod",
    "",
    "mark *",
    "cd etc",
    "ls",
    "done",
    "quit",
    "SELECT 1;",
    "count",
    "web",
    "\0",
    '"',
  ];
  const names = commandTable.filter((command) => !["quit", "exit", ".quit", ".exit"].includes(command.name));
  const line = (): string => {
    const kind = below(10);
    if (kind === 0) return Array.from({ length: below(40) }, () => String.fromCharCode(below(300))).join("");
    const command = pick(names);
    const keywords = keywordNames(command);
    const words = Array.from({ length: below(5) }, () => {
      const keyword = keywords.length === 0 || below(8) === 0 ? pick(values) : pick(keywords);
      return keyword.endsWith("=") ? `${keyword}${below(2) === 0 ? pick(values) : `"${pick(values)}"`}` : keyword;
    });
    return [command.name.slice(0, 1 + below(command.name.length)), ...words].join(" ");
  };
  const script: string[] = [];
  while (script.length < LINES) script.push(line(), ...Array.from({ length: below(3) }, () => pick(answers)));
  for (let at = 0; at < LINES; at += 20) {
    const { text } = await world.type(script.slice(at, Math.min(at + 20, LINES)));
    assert.doesNotMatch(text, /\bERROR\b|\.ts:\d+|InvariantError|TypeError|undefined/, `lines from ${at}, seed ${SEED}`);
  }
  assert.deepEqual(
    world.audited.filter((entry) => entry.includes("a fault of ours")),
    [],
  );
  assert.match((await world.type(["version"])).text, /Version:/);
});
