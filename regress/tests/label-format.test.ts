import assert from "node:assert/strict";
import { DEBIAN_BACULA, DEBIAN_BACULA_FILES } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { plainTree } from "#regress/trees.ts";
import { World } from "#regress/world.ts";

const COUNTERS = `Counter { Name = Cnt; Minimum = 1; Maximum = 5; Catalog = MyCatalog }
Counter { Name = Outer; Minimum = 10; Maximum = 99; Catalog = MyCatalog }
Counter { Name = Inner; Minimum = 8; Maximum = 9; Wrap Counter = Outer; Catalog = MyCatalog }`;

/** Texts that Bacula's manual describes, or that Debian's Director turned out to understand. */
const TEXTS = [
  "plain-text_1.2:3", "$HOME", "${HOME:u}", "$Job", "$Dir", "$Type", "$JobId", "$Client", "$NumVols", "$Pool", "$Storage", "$Catalog", "$MediaType", "$Year", "$Month", "$Day",
  "$Hour", "$Minute", "$WeekDay", "${Month:p/2/0/r}", "${Day:p/3/x/l}", "${Client:#}", "${Client:u:p/20/-/c}", "${Client:o2,4}", "${Client:o2-4}", "${Client:o3,}",
  "${Client:o0,0}", "${Client:s/e/E/}", "${Client:s/e/E/g}", "${Client:s/[a-e]/<&>/g}", "${Client:s/(c)(l)/\\2\\1/}", "${Client:s/E/x/gi}", "${Client:s/n.-/x/}",
  "${Client:s/n.-/x/t}", "${Client:s/^/X/}", "${Client:s/$/X/}", "${Client:s/l/$Month/}", "${Client:y/a-f/A-F/}", "${Nowhere:-default}", "${Nowhere:-def:u}", "${Nowhere:-$Pool}",
  "${Client:-default}", "${Client:*default}", "${Client:+filled}", "${Nowhere:-${Alike:-x}}", "${Client[0]}", "${Client[2*3-6]}", "x[${Month}-]{1,1,3}", "[${Client}]{0,2,5}",
  "[a[b${Month}]{1,1,2}]{1,1,2}", "\\$Job", "\\x41\\101", "${Cnt}", "${Cnt+}", "${Cnt+:p/4/0/r}", "${Cnt+}${Cnt+}", "${Cnt+}", "${Cnt+}", "${Inner+}", "${Inner+}", "${Inner+}",
] as const; // prettier-ignore

/** What `var` prints for each text. */
async function answers(world: World): Promise<readonly string[]> {
  const output = await world.console(...TEXTS.flatMap((text) => [`var ${text}`]));
  const parts = output.split(/^var .*\n/m).slice(1);
  return parts.map((part) => part.replaceAll(/^(Automatically selected|Using) Catalog.*\n/gm, "").replaceAll("You have messages.\n", "").trim()); // prettier-ignore
}

scenario(
  "var expands Bacula's variables, operations, loops and counters as Debian's Director does",
  { programs: DEBIAN_BACULA_FILES, lacks: whyNoTestClock(), site: { resources: COUNTERS } },
  async (world) => {
    await using debian = await World.create({ resources: COUNTERS }, DEBIAN_BACULA);
    for (const one of [world, debian]) one.useClock("2027-01-05 03:04:01");
    await Promise.all([world.start("dir"), debian.start("dir")]);
    const [ours, theirs] = await Promise.all([answers(world), answers(debian)]);
    assert.equal(ours.length, TEXTS.length, "an answer to each text");
    assert.deepEqual(
      TEXTS.map((text, at) => `${text} -> ${ours[at]}`),
      TEXTS.map((text, at) => `${text} -> ${theirs[at]}`),
    );
  },
);

const NAMED = `${COUNTERS}
Pool {
  Name = Named
  Pool Type = Backup
  Label Format = "%(Pool)-%(Year)-%(Month:p/2/0)-%(Counter+:p/4/0)"
  Maximum Volume Jobs = 1
}
Pool {
  Name = Shared
  Pool Type = Backup
  Label Format = "\${Client:o0,5:u}.\${Job}-\${Outer+:p/3/0/r}"
  Maximum Volume Jobs = 1
}`;

scenario(
  "names come from templates with counters of the catalog, a name that exists is passed over, and a restart repeats none",
  { site: { resources: NAMED }, lacks: whyNoTestClock() },
  async (world) => {
    world.useClock("2027-03-05 10:00:00");
    plainTree(world.path("tree"), { files: 2 });
    await world.start();
    await world.console("label storage=Disks pool=Shared volume=CLIENT.Save-011");
    for (let i = 0; i < 3; i++) await world.backup("Full", "pool=Named");
    await world.backup("Full", "pool=Shared"); // takes the labelled one
    await world.backup("Full", "pool=Shared");
    await world.stop("dir");
    await world.startOne("dir");
    await world.backup("Full", "pool=Shared");
    await world.backup("Full", "pool=Named");
    const named = [1, 2, 3, 4].map((number) => `Named-2027-03-000${number}`);
    const shared = ["CLIENT.Save-010", "CLIENT.Save-011", "CLIENT.Save-012"];
    assert.deepEqual(world.volumes(), [...shared, ...named].toSorted());
  },
);
