import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseRunTimes } from "#lib/config/run-times.ts";
import { runsAfter } from "./next-run.ts";
import { RUN_LINES } from "#lib/testing/run-lines.ts";

const ORACLE = fileURLToPath(new URL("testing/oracle.py", import.meta.url));
const DAYS = 400;
const FROM = "2026-12-01";
/** An hour at night; at 2 o'clock; half an hour; at midnight, so that there are days without a 0:00. */
const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"];
const skip = spawnSync("python3", ["-c", "import zoneinfo"]).status === 0 ? false : "needs python3 with zoneinfo";

for (const zone of ZONES) {
  test(
    `${RUN_LINES.length} Run lines over ${DAYS} days in ${zone}: as a program that goes minute by minute says`,
    { skip },
    () => {
      const wish = JSON.stringify({ zone, from: FROM, days: DAYS, lines: RUN_LINES });
      const expected = JSON.parse(
        execFileSync("python3", [ORACLE], { input: wish, encoding: "utf8", maxBuffer: 2 ** 26 }),
      ) as number[][];
      const fromMs = Temporal.ZonedDateTime.from(`${FROM}T00:00[${zone}]`).epochMilliseconds;
      for (const [index, line] of RUN_LINES.entries()) {
        const found = minutesOf(line, { fromMs, untilMs: fromMs + DAYS * 86_400_000, zone });
        assert.deepEqual(found.map(shown(zone)), expected[index]!.map(shown(zone)), `Run = ${line}`);
      }
    },
  );
}

function minutesOf(line: string, { fromMs, untilMs, zone }: { fromMs: number; untilMs: number; zone: string }): number[] {
  const at = { file: "f", line: 1, column: 1 };
  const words = line.split(/[ ,]/).map((text) => ({ text, at }));
  const minutes: number[] = [];
  for (const ms of runsAfter(parseRunTimes(words), fromMs - 1, zone)) {
    if (ms >= untilMs) break;
    minutes.push(ms / 60_000);
  }
  return minutes;
}

function shown(zone: string): (minute: number) => string {
  return (minute) =>
    Temporal.Instant.fromEpochMilliseconds(minute * 60_000)
      .toZonedDateTimeISO(zone)
      .toString();
}
