import assert from "node:assert/strict";
import { RUN_LINES } from "#lib/testing/run-lines.ts";
import { DEBIAN_BACULA, DEBIAN_BACULA_FILES } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { World } from "#regress/world.ts";

/**
 * Debian's Bacula has no `last`, no day without `on` at the start of a line, keeps one minute a line, and shows of one Run line only the
 * first run of a day.
 */
const COMMON = RUN_LINES.filter((line) => !/\blast\b|hourly|at.*at|\d \d+:/.test(line));

/** Debian's shows at most 2,000 runs at a time: chunks of 50 days. 8 are 400 days. */
const CHUNKS = process.env.NOCTURNE_REGRESS_LONG === undefined ? 2 : 8;

const JOB = "Type = Admin\nClient = client-fd\nFileSet = Tree\nStorage = Disks\nPool = Files\nMessages = Standard";
const resources = COMMON.map(
  (line, index) => `Schedule { Name = S${index}\nRun = ${line}\n}\nJob { Name = J${index}\n${JOB}\nSchedule = S${index}\n}`,
).join("\n");

scenario(
  `status schedule shows ${COMMON.length} Run lines over ${CHUNKS * 50} days as Debian's Bacula does`,
  { programs: DEBIAN_BACULA_FILES, lacks: whyNoTestClock(), site: { resources } },
  async (world) => {
    await using debian = await World.create({ resources }, DEBIAN_BACULA);
    const shown: string[][] = [];
    for (const each of [world, debian]) {
      each.useClock("2026-12-01 00:00:30"); // Debian's list begins at midnight, ours at the moment
      await each.start("dir");
      const chunks = Array.from({ length: CHUNKS }, (_, index) =>
        Temporal.PlainDate.from("2026-12-01").add({ days: index * 50 }),
      );
      const output = await each.console(...chunks.map((from) => `status schedule time="${from} 00:00:00" days=50 limit=2000`));
      shown.push(runsIn(output));
    }
    const [ours, theirs] = shown as [string[], string[]];
    assert.ok(ours.length > CHUNKS * 250, `only ${ours.length} runs are shown`);
    const [ofOurs, ofTheirs] = [new Set(ours), new Set(theirs)];
    const differences = [
      ...ours.filter((run) => !ofTheirs.has(run)).map((run) => `only ours: ${run}`),
      ...theirs.filter((run) => !ofOurs.has(run)).map((run) => `only Debian's: ${run}`),
    ];
    assert.deepEqual(differences, []);
  },
);

/** "date job", sorted: the year is not shown, the order of equal times is open. */
function runsIn(output: string): string[] {
  const lines = output.match(/^Admin +Admin .*$/gm) ?? [];
  return lines.map((line) => line.replace(/\s+/g, " ")).toSorted();
}
