import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { DEBIAN_BACULA, DEBIAN_BACULA_FILES } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { everythingTree } from "#regress/trees.ts";
import { World } from "#regress/world.ts";

scenario(
  "a Volume that Debian's Bacula wrote is restored by us, identical",
  { root: true, programs: DEBIAN_BACULA_FILES },
  async (world) => {
    await using foreign = await World.create((dir) => ({ job: `Write Bootstrap = "${dir}/save.bsr"` }), DEBIAN_BACULA);
    everythingTree(foreign.path("tree"));
    await foreign.start();
    await foreign.backup("Full");
    await foreign.stop();

    cpSync(foreign.path("volumes"), world.path("volumes"), { recursive: true });
    await world.start();
    const report = await world.run(`job=Restore bootstrap=${foreign.path("save.bsr")} where=${world.path("restored")}`);
    assert.equal(report.termination, "Restore OK", report.text + world.messages());
    // Debian's file daemon saves no xattrs of symbolic links, and a symbolic link with two names as two
    const rsync = ["--exclude=xattr-link", "--exclude=linked-symlink*"];
    await assertSameTree(foreign.path("tree"), world.path("restored") + foreign.path("tree"), {
      ignoreAttributes: true,
      wholeSeconds: true,
      rsync,
    });
    for (const part of ["attributes/acl-directory", "contents", "names", "owners-and-modes"]) {
      await assertSameTree(foreign.path("tree", part), world.path("restored") + foreign.path("tree", part), {
        wholeSeconds: true,
      });
    }
  },
);
