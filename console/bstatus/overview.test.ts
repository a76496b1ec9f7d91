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

/** Cells that may be anything, mostly numbers. */
const cell = fc.oneof(
  { weight: 6, arbitrary: fc.nat().map(String) },
  fc.constantFrom("", "-1", "9007199254740991", "1e400"),
  fc.string(),
);

test("whatever a Director tells is either read and shown, or refused", () => {
  const tables = fc.record(
    Object.fromEntries(
      Object.entries(COLUMNS).map(([name, columns]) => [
        name,
        fc.array(
          fc
            .tuple(...columns.map(() => cell))
            .map((values) => new Map(columns.map((column, at) => [column, values[at] ?? ""]))),
          {
            maxLength: 3,
          },
        ),
      ]),
    ),
  );
  const { limits } = parseStatusFlags(["--warn-age=1h", "--warn-free=5"]);
  let read = 0;
  fc.assert(
    fc.property(tables, (given) => {
      try {
        const report = judge(readOverview(new Map(Object.entries(given)) as TableRows), limits);
        assert.equal(showNagios(report, limits).split("\n").length, 2);
        assert.equal(typeof JSON.parse(showJson(report)), "object");
        assert.ok(showText(report).length > 0);
        read += 1;
      } catch (error) {
        assert.ok(error instanceof OperatorError && error.code === "OVERVIEW_INVALID", String(error));
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(read > 0, "none was read");
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
