import assert from "node:assert/strict";
import { assertSameTree, assertStillSparse } from "#regress/compare.ts";
import { CATALOGS, scenarioOn } from "#regress/catalogs.ts";
import { mustRun } from "#regress/process.ts";
import { numberIn } from "#regress/report.ts";
import { changeTree, everythingTree, plainTree } from "#regress/trees.ts";

const JUDGES = ["/usr/bin/rsync", "/usr/bin/getfacl", "/usr/bin/getfattr", "/usr/sbin/getcap"];

for (const catalog of CATALOGS) {
  scenarioOn(
    catalog,
    "a tree of every file type and attribute comes back identical",
    { root: true, programs: JUDGES },
    async (world) => {
      everythingTree(world.path("tree"));
      await world.start();
      const report = await world.backup("Full");
      assert.ok(numberIn(report, "FD Files Written") > 350, report.text);
      assert.equal(numberIn(report, "FD Files Written"), numberIn(report, "SD Files Written"), report.text);
      const where = await world.restore();
      await assertSameTree(world.path("tree"), where + world.path("tree"));
      assertStillSparse(world.path("tree/sparse"), where + world.path("tree/sparse"), [
        "all-hole",
        "hole-first",
        "hole-last",
        "many-holes",
      ]);
    },
  );

  scenarioOn(
    catalog,
    "Full, Differential and Incremental each restore to their moment",
    { programs: JUDGES },
    async (world) => {
      const tree = world.path("tree");
      const moments: { jobId: number; copy: string }[] = [];
      plainTree(tree);
      await world.start();
      for (const [round, level] of ["Full", "Incremental", "Differential", "Incremental", "Incremental"].entries()) {
        if (round > 0) changeTree(tree, round);
        const report = await world.backup(level);
        if (round > 0) assert.ok(numberIn(report, "FD Files Written") < 20, `only what changed:\n${report.text}`);
        const copy = world.path(`copy-${round}`);
        await mustRun("cp", ["-a", tree, copy]);
        moments.push({ jobId: report.jobId, copy });
        await world.until("a second has passed", secondPassed());
      }
      const now = await world.restore("client=client-fd select current all done");
      await assertSameTree(moments.at(-1)?.copy ?? "", now + tree);
      const chain = (jobs: readonly number[]): string => `jobid=${jobs.map((i) => moments[i]?.jobId).join(",")} all done`;
      for (const [moment, jobs] of [
        [0, [0]],
        [1, [0, 1]],
        [2, [0, 2]],
        [3, [0, 2, 3]],
      ] as const) {
        const where = await world.restore(chain(jobs));
        await assertSameTree(moments[moment]?.copy ?? "", where + tree);
      }
    },
  );

  scenarioOn(catalog, "an Incremental with no Full before it becomes a Full", {}, async (world) => {
    plainTree(world.path("tree"), { files: 5 });
    await world.start();
    const report = await world.backup("Incremental");
    assert.match(report.fields.get("Backup Level") ?? "", /Full.*\(upgraded from Incremental\)/);
  });
}

/** True once the clock shows another second than when it was made. */
function secondPassed(): () => boolean {
  const second = Math.floor(Date.now() / 1000);
  return () => Math.floor(Date.now() / 1000) > second + 1;
}
