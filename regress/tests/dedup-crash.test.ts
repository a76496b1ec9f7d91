import assert from "node:assert/strict";
import { dedupSite } from "#regress/dedup.ts";
import { scenario } from "#regress/scenario.ts";
import { CrashCampaign } from "../campaigns/crash.ts";

const POINTS = 5;

scenario(
  `kill -9 at ${POINTS} seeded moments of backups, commits and collections: the store is clean, OK jobs restore, lost space is reclaimed`,
  // Slow enough that kills come in the middle on every machine.
  { site: (dir) => dedupSite(dir, { job: "Maximum Bandwidth = 15 mb/s" }) },
  async (world, context) => {
    const campaign = new CrashCampaign(world, "in the test suite", (line) => context.diagnostic(line));
    const counts = await campaign.run(POINTS);
    assert.equal(counts.points, POINTS);
    assert.ok(counts.lost > 0, "no kill came in time to lose a job");
  },
);
