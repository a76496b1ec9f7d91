import assert from "node:assert/strict";
import { test } from "node:test";
import { Renderer } from "./renderer.ts";
import { neutralize } from "./text.ts";
import type { ConsoleOutput } from "#proto/console.ts";

const columns = [
  { name: "JobId", number: true },
  { name: "Name", number: false },
  { name: "JobBytes", number: true },
];

function draw(rows: readonly (readonly string[])[], options: { vertical?: boolean; api?: number } = {}): string {
  const renderer = new Renderer();
  const outputs: ConsoleOutput["output"][] = [
    { $case: "api", value: { mode: options.api ?? 0 } },
    { $case: "table", value: { columns, vertical: options.vertical ?? false, name: "jobs" } },
    { $case: "rows", value: { rows: rows.map((values) => ({ values: [...values] })) } },
    { $case: "tableEnd", value: {} },
  ];
  return outputs.map((output) => renderer.render(output)).join("");
}

test("a table has borders, lower-case names, numbers with commas at the right", () => {
  assert.equal(
    draw([
      ["1", "Nightly", "1234567"],
      ["1002", "größe", ""],
    ]),
    [
      "+-------+---------+-----------+",
      "| jobid | name    | jobbytes  |",
      "+-------+---------+-----------+",
      "|     1 | Nightly | 1,234,567 |",
      "| 1,002 | größe   |           |",
      "+-------+---------+-----------+",
      "",
    ].join("\n"),
  );
});

test("a cell of several lines makes a row of several lines", () => {
  assert.match(draw([["1", "one\ntwo\n", "3"]]), /\|\s+1 \| one\s+\|\s+3 \|\n\|\s+\| two\s+\|\s+\|\n/);
});

test("llist prints one column a line and a blank line after the row", () => {
  assert.equal(
    draw([["1", "Nightly", "1234567"]], { vertical: true }),
    "    jobid: 1\n     name: Nightly\n jobbytes: 1,234,567\n\n",
  );
});

test("a table without rows says so", () => {
  assert.equal(draw([]), "No results to list.\n");
  assert.equal(draw([], { vertical: true }), "No results to list.\n");
});

test("after .api 2 a table is one line of JSON", () => {
  assert.deepEqual(JSON.parse(draw([["1", 'a "b"', ""]], { api: 2 })), {
    table: "jobs",
    rows: [{ jobid: 1, name: 'a "b"', jobbytes: null }],
  });
  assert.deepEqual(JSON.parse(draw([], { api: 2 })), { table: "jobs", rows: [] });
});

test("an escape sequence in a name cannot reach the terminal", () => {
  assert.equal(neutralize("a\x1b[2Jb\u009bc\td\n\u202e"), "a\\x1b[2Jb\\x9bc\td\n\\u202e");
});

test("a question shows its numbered choices and ends with the prompt", () => {
  const question = { title: "Storages:", choices: ["File1", "Tape"], prompt: "Select (1-2): ", fallback: "", secret: false };
  assert.equal(
    new Renderer().render({ $case: "question", value: question }),
    "Storages:\n     1: File1\n     2: Tape\nSelect (1-2): ",
  );
});
