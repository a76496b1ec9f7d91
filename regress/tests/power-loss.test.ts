import assert from "node:assert/strict";
import { whyNoLoop } from "#lib/testing/loop-file-system.ts";
import { scenario } from "#regress/scenario.ts";
import type { Moment } from "../campaigns/power-deeds.ts";
import { JUDGES } from "../campaigns/power-checks.ts";
import { powerSite, type PowerWish, runPowerCampaign } from "../campaigns/power.ts";

/** One machine, and when it loses power. */
function losesPower(fact: string, wish: Pick<PowerWish, "deviceType" | "disk" | "machine">, moments: readonly Moment[]): void {
  const lacks = whyNoLoop("btrfs") ?? whyNoLoop("ext4");
  scenario(
    fact,
    { site: (dir, ports) => powerSite(dir, ports, wish.deviceType), root: true, lacks, programs: JUDGES },
    async (world, context) => {
      const say = (line: string) => context.diagnostic(line);
      const counts = await runPowerCampaign(world, moments.length, { ...wish, seed: "in the test suite", moments, say });
      assert.equal(counts.points, moments.length);
    },
  );
}

losesPower(
  "power is lost in the moment in which a job is reported OK: it restores, the catalog is whole, Debian reads the Volumes, the next job works",
  { deviceType: "File", disk: "ext4", machine: "site" },
  ["end of a backup"],
);

losesPower(
  "a storage daemon's machine loses power in the midst of jobs into a store, while Director and client go on: OK jobs restore, the store is clean",
  { deviceType: "Dedup", disk: "btrfs", machine: "storage" },
  ["backups"],
);
