import assert from "node:assert/strict";
import { plainTree } from "#regress/trees.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { RETENTION_SITE, RetentionDays } from "../campaigns/retention-days.ts";

/** 200 by npm run campaign -- --retention=200. */
const DAYS = Number(process.env.NOCTURNE_RETENTION_DAYS ?? "33");

scenario(
  `${DAYS} days of weekly Fulls and daily Incrementals on few Volumes: no failed job, no operator, every kept chain restores`,
  { site: RETENTION_SITE, lacks: whyNoTestClock() },
  async (world, context) => {
    world.useClock("2027-01-01 10:00:00");
    plainTree(world.path("tree"), { files: 5 });
    const counts = await new RetentionDays(world, (line) => context.diagnostic(line)).run(DAYS);
    context.diagnostic(JSON.stringify(counts));
    assert.ok(counts.recycled >= DAYS - 22, `only ${counts.recycled} Volumes were recycled`);
    assert.ok(counts.workFiles < 40, `${counts.workFiles} files are left in the working directories`);
  },
);
