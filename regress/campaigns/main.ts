import { parseArgs } from "node:util";
import { LoopFileSystem } from "#lib/testing/loop-file-system.ts";
import { dedupSite } from "#regress/dedup.ts";
import { World } from "#regress/world.ts";
import { CrashCampaign } from "./crash.ts";

/* npm run campaign -- [--points=200] [--seed=TEXT] [--type=Dedup|Btrfs]: the long form of regress/tests/dedup-crash.test.ts. */

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now()) },
    type: { type: "string", default: "Btrfs" },
  },
});
const deviceType = values.type === "Dedup" ? "Dedup" : "Btrfs";
process.stdout.write(`crash campaign: ${values.points} points, seed ${values.seed}, ${deviceType}\n`);
await using world = await World.create((dir) => dedupSite(dir, { deviceType }));
await using _image =
  deviceType === "Btrfs" ? LoopFileSystem.make({ type: "btrfs", bytes: 2 ** 31, at: world.path("volumes") }) : undefined;
const campaign = new CrashCampaign(world, values.seed, (line) => process.stdout.write(`${line}\n`));
const counts = await campaign.run(Number(values.points));
process.stdout.write(`${JSON.stringify(counts)}\n`);
