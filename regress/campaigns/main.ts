import { parseArgs } from "node:util";
import { LoopFileSystem } from "#lib/testing/loop-file-system.ts";
import { dedupSite } from "#regress/dedup.ts";
import { plainTree } from "#regress/trees.ts";
import { World } from "#regress/world.ts";
import { CrashCampaign } from "./crash.ts";
import { liveThrough, mebibytes, pressureImage, pressureSite } from "./pressure.ts";
import { RETENTION_SITE, RetentionDays } from "./retention-days.ts";
import { powerSite, runPowerCampaign } from "./power.ts";
import { liveThroughStorm, stormSite } from "./storm.ts";
import { liveUnattended, UPKEEP_SITE } from "./upkeep-days.ts";

/*
 * npm run campaign -- [--points=200] [--seed=TEXT] [--type=Dedup|Btrfs]: the long form of regress/tests/dedup-crash.test.ts.
 * npm run campaign -- --days=200 [--type=Dedup|Btrfs|File] [--mebibytes=1024]: the long form of regress/tests/pressure.test.ts.
 * npm run campaign -- --power=50 [--seed=TEXT] [--type=File|Dedup|Btrfs] [--disk=ext4|btrfs] [--machine=site|storage]: the long form of
 * regress/tests/power-loss.test.ts.
 * npm run campaign -- --storm=10: 30 jobs at once on a btrfs for so many minutes, and what others notice of it.
 * npm run campaign -- --upkeep=365: a site that nobody looks after does not grow.
 * npm run campaign -- --retention=200: the long form of regress/tests/retention-days.test.ts.
 */

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now()) },
    type: { type: "string", default: "Btrfs" },
    days: { type: "string" },
    retention: { type: "string" },
    upkeep: { type: "string" },
    power: { type: "string" },
    storm: { type: "string" },
    disk: { type: "string", default: "btrfs" },
    machine: { type: "string", default: "site" },
    mebibytes: { type: "string", default: "1024" },
  },
});
if (values.upkeep !== undefined) await upkeepCampaign(Number(values.upkeep));
else if (values.retention !== undefined) await retentionCampaign(Number(values.retention));
else if (values.power !== undefined) await powerCampaign(Number(values.power));
else if (values.storm !== undefined) await stormCampaign(Number(values.storm));
else if (values.days === undefined) await crashCampaign();
else await pressureCampaign(Number(values.days));

async function crashCampaign(): Promise<void> {
  const deviceType = values.type === "Dedup" ? "Dedup" : "Btrfs";
  process.stdout.write(`crash campaign: ${values.points} points, seed ${values.seed}, ${deviceType}\n`);
  await using world = await World.create((dir) => dedupSite(dir, { deviceType }));
  await using _image =
    deviceType === "Btrfs" ? LoopFileSystem.make({ type: "btrfs", bytes: 2 ** 31, at: world.path("volumes") }) : undefined;
  const campaign = new CrashCampaign(world, values.seed, (line) => process.stdout.write(`${line}\n`));
  const counts = await campaign.run(Number(values.points));
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

async function powerCampaign(points: number): Promise<void> {
  const deviceType = values.type === "File" || values.type === "Dedup" ? values.type : "Btrfs";
  const disk = values.disk === "ext4" && deviceType !== "Btrfs" ? "ext4" : "btrfs";
  const machine = values.machine === "storage" ? "storage" : "site";
  process.stdout.write(
    `power campaign: ${points} points, seed ${values.seed}, ${deviceType} on ${disk}, power of the ${machine}\n`,
  );
  await using world = await World.create((dir, ports) => powerSite(dir, ports, deviceType));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(JSON.stringify(await runPowerCampaign(world, points, { deviceType, disk, machine, seed: values.seed, say })));
}

async function stormCampaign(minutes: number): Promise<void> {
  process.stdout.write(`storm campaign: ${minutes} minutes\n`);
  await using world = await World.create(stormSite);
  await using _image = LoopFileSystem.make({ type: "btrfs", bytes: 3 * 2 ** 30, at: world.path("volumes") });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(JSON.stringify(await liveThroughStorm(world, minutes, say)));
}

async function retentionCampaign(days: number): Promise<void> {
  process.stdout.write(`retention campaign: ${days} days\n`);
  await using world = await World.create(RETENTION_SITE);
  world.useClock("2027-01-01 10:00:00");
  plainTree(world.path("tree"), { files: 5 });
  const campaign = new RetentionDays(world, (line) => void process.stdout.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify(await campaign.run(days))}\n`);
}

async function upkeepCampaign(days: number): Promise<void> {
  process.stdout.write(`upkeep campaign: ${days} days\n`);
  await using world = await World.create(UPKEEP_SITE);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(JSON.stringify(await liveUnattended(world, days, say)));
}

async function pressureCampaign(days: number): Promise<void> {
  const type = values.type === "File" || values.type === "Dedup" ? values.type : "Btrfs";
  const image = Number(values.mebibytes);
  process.stdout.write(`pressure campaign: ${days} days on ${type}, ${image} MiB\n`);
  await using pressed = await World.create((dir) => pressureSite(dir, type, 100));
  const clock = pressed.useClock("2027-01-01 21:00:00");
  const wish = {
    days,
    deviceType: type,
    imageBytes: mebibytes(image),
    changedMib: 50,
    files: 5,
    say: (line: string) => void process.stdout.write(`${line}\n`),
  } as const;
  await using _image = pressureImage(pressed, wish);
  process.stdout.write(`${JSON.stringify(await liveThrough(pressed, clock, wish))}\n`);
}
