import assert from "node:assert/strict";
import { join } from "node:path";
import { dumpCatalog, dumpDifferences } from "#regress/catalog-dump.ts";
import { CATALOGS, scenarioOn } from "#regress/catalogs.ts";
import { assertSameTree } from "#regress/compare.ts";
import { FOREIGN_SQL } from "#regress/foreign-sql.ts";
import { mustRun } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { added, bscan, loseCatalog, runJobs, twoClients } from "#regress/rebuild.ts";
import { scenario } from "#regress/scenario.ts";

for (const kind of CATALOGS) {
  scenarioOn(
    kind,
    "a lost catalog comes back from the Volumes as it was, and restores",
    { programs: FOREIGN_SQL, site: (dir, ports) => twoClients(dir, ports) },
    async (world) => {
      await runJobs(world);
      await world.stop();
      assert.ok(world.volumes().length >= 3, `several Volumes: ${world.volumes().join(" ")}`);
      const before = await dumpCatalog(world);
      await loseCatalog(world);
      const output = await bscan(world, ["-s", "-m"]);
      assert.match(added(output), new RegExp(`^Media ${world.volumes().length} Pool 1 Job 4 File `));
      assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), [], "differences to the catalog that was lost");
      assert.equal(added(await bscan(world, ["-s", "-m"])), "Media 0 Pool 0 Job 0 File 0", "a second run adds nothing");
      assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), [], "after the second run");
      await world.start();
      const where = await world.restore("client=client-fd select current all done");
      await assertSameTree(world.path("tree"), where + world.path("tree"));
      const other = await world.restore("client=second-fd select current all done", world.path("restored-other"));
      await assertSameTree(world.path("other"), other + world.path("other"));
      await world.backup("Incremental");
    },
  );
}

scenario(
  "bscan fills a catalog from packed Volumes with a store of chunks",
  { programs: FOREIGN_SQL, site: (dir, ports) => twoClients(dir, ports, "Dedup") },
  async (world) => {
    await mustRun(join(BIN, "nocturne-sd"), ["--init", "-c", world.path("bacula-sd.conf")]);
    await runJobs(world);
    await world.stop();
    const volumes = world.volumes().filter((name) => !name.startsWith("@"));
    const before = await dumpCatalog(world);
    await loseCatalog(world);
    await bscan(world, ["-s", "-m"], volumes);
    assert.deepEqual(dumpDifferences(before, await dumpCatalog(world)), []);
    await world.start();
    const where = await world.restore("client=client-fd select current all done");
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);
