import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { TableCollector, type TableRows } from "./ask-overview.ts";
import { parseStatusFlags } from "./flags.ts";
import { judge } from "./judge.ts";
import { readOverview } from "./overview.ts";
import { showJson } from "./show-json.ts";
import { showNagios } from "./show-nagios.ts";
import { showText } from "./show-text.ts";

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  overview_site: ["director", "version", "now", "started"],
  overview_clients: ["client", "enabled", "good_jobs", "good_bytes"],
  overview_jobs: [
    "job", "type", "client", "schedule", "enabled", "good_jobid", "good_level", "good_started", "good_ended", "good_files", "good_bytes", "full_ended", "last_jobid", "last_status",
    "last_ended", "failures", "missed", "missed_since", "next_run", "running_jobid", "running_since", "running_text",
  ], // prettier-ignore
  overview_storages: ["storage", "device", "enabled", "day", "total_bytes", "free_bytes", "bytes_per_day", "full_in_days", "history_days"],
  overview_pools: ["pool", "bytes_per_day", "history_days", "room_bytes", "full_in_days"],
  overview_volumes: ["volume", "pool", "storage", "status", "errors", "bad_blocks", "last_written"],
  overview_waiting: ["jobid", "job", "client", "since", "request"],
}; // prettier-ignore

const NAMES = new Set(
  Object.values(COLUMNS)
    .flat()
    .filter((column) =>
      /^(director|version|job|type|client|schedule|storage|device|pool|volume|status|request|good_level|last_status|running_text)$/.test(
        column,
      ),
    ),
);

/** Cells as a Director writes them: any text where a name stands, a whole number elsewhere. */
const sound = (column: string) => (NAMES.has(column) ? fc.string() : fc.nat().map(String));

/** Cells that may be anything, mostly numbers. */
const hostile = () =>
  fc.oneof({ weight: 6, arbitrary: fc.nat().map(String) }, fc.constantFrom("", "-1", "9007199254740991", "1e400"), fc.string());

/** Tables of up to three rows, of the site at least one. */
function tablesOf(cell: (column: string) => fc.Arbitrary<string>): fc.Arbitrary<TableRows> {
  const rows = (name: string, columns: readonly string[]) =>
    fc.array(
      fc.tuple(...columns.map(cell)).map((values) => new Map(columns.map((column, at) => [column, values[at] ?? ""]))),
      { minLength: name === "overview_site" ? 1 : 0, maxLength: 3 },
    );
  return fc
    .record(Object.fromEntries(Object.entries(COLUMNS).map(([name, columns]) => [name, rows(name, columns)])))
    .map((given) => new Map(Object.entries(given)));
}

const { limits } = parseStatusFlags(["--warn-age=1h", "--warn-free=5"]);

function readAndShow(given: TableRows): void {
  const report = judge(readOverview(given), limits);
  assert.equal(showNagios(report, limits).split("\n").length, 2);
  assert.equal(typeof JSON.parse(showJson(report)), "object");
  assert.ok(showText(report).length > 0);
}

test("whatever a Director may tell is read and shown", () => {
  fc.assert(fc.property(tablesOf(sound), readAndShow), { numRuns: 300 });
});

test("whatever else is told is shown, or refused", () => {
  fc.assert(
    fc.property(tablesOf(hostile), (given) => {
      try {
        readAndShow(given);
      } catch (error) {
        assert.ok(error instanceof OperatorError && error.code === "OVERVIEW_INVALID", String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("a Director of another release, which leaves out tables or columns, is refused by name", () => {
  assert.throws(() => readOverview(new Map()), /the table site is missing/);
  assert.throws(() => readOverview(new Map([["overview_site", [new Map([["director", "d"]])]]])), /no column version/);
});

test("rows without end are not collected", () => {
  const collector = new TableCollector();
  collector.take({ $case: "table", value: { name: "t", columns: [{ name: "a", number: false }], vertical: false } });
  const rows = { $case: "rows", value: { rows: Array.from({ length: 1000 }, () => ({ values: ["x"] })) } } as const;
  assert.throws(() => {
    for (let page = 0; page <= 200; page++) collector.take(rows);
  }, /more than any site has/);
});
