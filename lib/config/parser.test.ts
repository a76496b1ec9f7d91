import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "../testing/config-host.ts";
import { parseBlocks, type Statement } from "./parser.ts";
import { formatProblem, ProblemList } from "./problem.ts";
import { tokensOfText } from "./tokens.ts";

async function parse(text: string) {
  const problems = new ProblemList();
  const { tokens } = await tokensOfText(text, "f", testHost(), problems);
  const blocks = parseBlocks(tokens, problems).map((block) => [block.type, ...block.statements.map(brief)]);
  return { blocks, problems: problems.all.map(formatProblem) };
}

function brief(statement: Statement): string {
  const words = statement.words.map((word) => word.text).join(" ");
  const block = statement.block === undefined ? "" : `{${statement.block.map(brief).join("; ")}}`;
  return `${statement.name}${statement.hasEquals ? "=" : ""}${words}${block}`;
}

test("directives end with the line, a semicolon or the closing brace", async () => {
  const { blocks, problems } = await parse("Pool { Name = A; Pool Type = Backup }\nJob\n{\n Name\n =\n B\n}");
  assert.deepEqual(blocks, [
    ["Pool", "Name=A", "Pool Type=Backup"],
    ["Job", "Name=B"],
  ]);
  assert.deepEqual(problems, []);
});

test("blocks stand inside blocks, with and without an equals sign, on one line or several", async () => {
  const { blocks } = await parse(
    "FileSet { Include { Options { onefs=no } File = /a } }\nD { A = {\n ip = { addr = x; port = 1 }\n ipv4 = { port=2 } } }",
  );
  assert.deepEqual(blocks, [
    ["FileSet", "Include{Options{onefs=no}; File=/a}"],
    ["D", "A={ip={addr=x; port=1}; ipv4={port=2}}"],
  ]);
});

test("a comma at the end of a line lets the value go on", async () => {
  assert.deepEqual((await parse("C { Acl = a,\n b\n X = 1 }")).blocks, [["C", "Acl=a , b", "X=1"]]);
});

test("a quoted string goes on in quoted strings of the next lines, and nowhere else", async () => {
  const { blocks, problems } = await parse('M { Cmd = "a"\n "b"\n\n "c"\n X = "d" "e"; Y = 1 }');
  assert.deepEqual(blocks, [["M", "Cmd=abc", "X=d e", "Y=1"]]);
  assert.deepEqual(problems, []);
});

test("all mistakes of a file are found, each at its place, and what is right between them is kept", async () => {
  const { blocks, problems } = await parse('Job {\n Name x\n Type = Backup\n = 5\n "q"\n}\n}\nPool { Name = A }\n5');
  assert.deepEqual(problems, [
    'f:2:8: expected "=" after Name x, found end of line',
    'f:4:2: expected the name of a directive, found "="',
    'f:5:2: expected the name of a directive, found "q"',
    'f:7:1: expected the name of a resource, found "}" (one closing brace too many)',
    'f:9:1: expected the name of a resource, found "5"',
  ]);
  assert.deepEqual(blocks, [
    ["Job", "Type=Backup"],
    ["Pool", "Name=A"],
  ]);
});

test("a brace that is never closed is a mistake at the resource that opened it", async () => {
  assert.deepEqual((await parse("\nJob {\n Name = A\n")).problems, ['f:2:1: "{" of Job is never closed']);
});

test("blocks nested too deep are refused", async () => {
  const { problems } = await parse(`${"A {".repeat(10_000)}`);
  assert.match(problems[0]!, /nested deeper than 16/);
});

test("noise gives a bounded number of problems", async () => {
  assert.equal((await parse("= \n".repeat(10_000))).problems.length, 101);
});
