import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { mustRun } from "#regress/process.ts";
import { BIN, createDebianCatalog, DEBIAN_BACULA, DEBIAN_BACULA_FILES } from "#regress/programs.ts";
import { World } from "#regress/world.ts";
import { bigFileTree, machineTree, type Tree, warmCache } from "../data/trees.ts";
import { judgeLeast, judgeRatio, medianOf } from "./judge.ts";
import type { BenchContext, Judgement, Row, RowResult, Series } from "./row.ts";

/** Makes of the tools that are compared, by subject. */
const MAKES = { nocturne: BIN, bacula: "/usr/sbin" } as const;
type Make = keyof typeof MAKES;

const BLS_BYTES_LEAST = 400e6;

/** bls, bextract and bscan against Debian's, on the same Volumes, which Debian's Bacula wrote. */
export const tools: Row = {
  name: "tools",
  title: "bls and bextract on a Volume of /usr and on one of a large file, bscan on one of /etc",
  rounds: 3,
  run: async (context) => {
    const missing = [...DEBIAN_BACULA_FILES, ...["bls", "bextract", "bscan"].map((name) => join(MAKES.bacula, name))].filter(
      (path) => !existsSync(path),
    );
    if (missing.length > 0) {
      context.say(`left out: needs ${missing.join(", ")}`);
      return { series: [], judgements: [], notes: [] };
    }
    const results: { readonly series: Series[]; readonly judgements: Judgement[] }[] = [];
    for (const tree of [machineTree(context.isQuick), bigFileTree(context.place.dir, context.isQuick)])
      results.push(await onVolumeOf(context, tree, ["bls", "bextract", "bextract with digests"]));
    // A small tree: Debian's bscan waits for the disk with every file, and would need hours for all of /usr.
    results.push(await onVolumeOf(context, { ...machineTree(true), name: "etc" }, ["bscan"]));
    return {
      series: results.flatMap(({ series }) => series),
      judgements: results.flatMap(({ judgements }) => judgements),
      notes: [
        'the Volumes were written by Bacula 9.6.7 with MD5 digests, which Debian\'s bextract does not compare: ours ran with -n, and as it is ("with digests")',
      ],
    } satisfies RowResult;
  },
};

async function onVolumeOf(
  context: BenchContext,
  tree: Tree,
  works: readonly Work[],
): Promise<{ readonly series: Series[]; readonly judgements: Judgement[] }> {
  const scratch = await context.place.scratch("tools");
  const fileset = `Include { Options { Signature = MD5 }\n File = "${tree.path}" }`;
  await using world = await World.create({ fileset }, DEBIAN_BACULA, scratch);
  await world.start();
  await world.backup("Full");
  await world.stop();
  const values = new Map<string, number[]>();
  const makes = (["nocturne", "bacula"] as const).filter((make) => context.subjects.includes(make));
  for (let round = 0; round < context.rounds; round += 1) {
    for (const make of makes) {
      for (const work of works) {
        if (work === "bextract with digests" && make === "bacula") continue;
        const seconds = await timed(context, world, make, work);
        const key = `${work}\n${make}`;
        values.set(key, [...(values.get(key) ?? []), seconds]);
        context.say(`  ${make}, ${work} of ${tree.name}: ${seconds.toFixed(2)} s`);
      }
    }
    await context.place.settle();
  }
  const bytes = world.volumeBytes();
  const series = [...values].map(([key, list]): Series => {
    const [work = "", subject = ""] = key.split("\n");
    return { work: `${work}, ${tree.name}`, subject, unit: "s", values: list };
  });
  context.place.throwAway(scratch);
  mkdirSync(scratch);
  return { series, judgements: judged(series, tree.name, bytes) };
}

/** What is timed: Debian's bextract compares no digests, ours does unless told otherwise. */
type Work = "bls" | "bextract" | "bextract with digests" | "bscan";

async function timed(context: BenchContext, world: World, make: Make, work: Work): Promise<number> {
  const into = join(world.dir, `made-${make}`);
  if (work !== "bls") mkdirSync(into);
  if (work === "bscan") await makeCatalog(make, join(into, "bacula.db"));
  const args = ["-c", world.path("bacula-sd.conf"), "-V", world.volumes().join("|")];
  // What the run before has written is on the disk, and the Volume in memory.
  execFileSync("sync");
  warmCache(world.path("volumes"));
  const command = `"$0" "$@" > ${world.path("logs", "listing")}`;
  const began = performance.now();
  await mustRun("sh", [
    "-c",
    command,
    join(MAKES[make], work.split(" ")[0]!),
    ...flagsOf(make, work, into),
    ...args,
    "Disk",
    ...(work.startsWith("bextract") ? [into] : []),
  ]);
  const seconds = (performance.now() - began) / 1000;
  if (work !== "bls") context.place.throwAway(into);
  return seconds;
}

function flagsOf(make: Make, work: Work, into: string): readonly string[] {
  if (work === "bscan") return ["-s", "-m", ...(make === "nocturne" ? ["-D", "sqlite3"] : []), "-w", into, "-n", "bacula"];
  return make === "nocturne" && work === "bextract" ? ["-n"] : [];
}

/** An empty catalog, for bscan. */
async function makeCatalog(make: Make, file: string): Promise<void> {
  if (make === "nocturne") await createCatalog({ driver: "sqlite", file });
  else createDebianCatalog(file);
}

function judged(series: readonly Series[], name: string, volumeBytes: number): Judgement[] {
  const bls = medianOf(series, `bls, ${name}`, "nocturne");
  const speed = (value: number): string => `${(value / 1e6).toFixed(0)} MB/s`;
  const ratio = (work: string): Judgement[] =>
    judgeRatio(
      series,
      `tools: ${work} of ${name}`,
      { work: `${work}, ${name}`, subject: "nocturne" },
      { work: `${work}, ${name}`, subjects: ["bacula"] },
      1,
    );
  return [
    ...(bls === undefined
      ? []
      : [judgeLeast(`tools: bls goes through a Volume of ${name}`, volumeBytes / bls, BLS_BYTES_LEAST, speed)]),
    ...["bextract", "bscan"].flatMap(ratio),
  ];
}
