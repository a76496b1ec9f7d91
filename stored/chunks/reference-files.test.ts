import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { ReferenceFiles } from "./reference-files.ts";
import { ReferenceWriter } from "./reference-file-writer.ts";
import { VolumeCopies } from "./volume-copies.ts";
import { listRecord, noise } from "./testing/store-bench.ts";

const key = (id: number) => ({ time: 1_700_000_000, id });

/** References below a directory of their own, which has Volumes. */
class Bench {
  readonly root: string;
  readonly sessions: string;

  constructor(root: string) {
    this.root = root;
    this.sessions = join(root, "@chunks", "all", "sessions");
    for (const volume of ["Vol-1", "Vol-2"]) {
      mkdirSync(join(root, volume));
      writeFileSync(join(root, volume, "records"), "");
    }
  }

  async open(): Promise<ReferenceFiles> {
    const copies = new VolumeCopies(this.root);
    await copies.clean();
    return await ReferenceFiles.open(this.sessions, copies, "all");
  }

  async commit(files: ReferenceFiles, id: number, volumes = ["Vol-1"]): Promise<void> {
    const writer = ReferenceWriter.create(files.newPath(key(id)), { session: key(id), jobId: id });
    writer.add(listRecord([noise(id, 100), noise(id + 1000, 100)]));
    writer.finish(volumes);
    await files.commit(key(id), files.newPath(key(id)));
  }

  file(id: number): string {
    return join(this.sessions, `1700000000-${id}.refs`);
  }

  copy(id: number, volume = "Vol-1"): string {
    return join(this.root, volume, "sessions", `1700000000-${id}.all.refs`);
  }
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  await using dir = await TempDir.make();
  await work(new Bench(dir.path));
}

const ids = (files: ReferenceFiles): number[] => [...files.kept()].map(({ session }) => session.id).toSorted((a, b) => a - b);

/** Turns over a byte in the middle, where identities are. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[50]! ^= 1;
  writeFileSync(path, bytes);
}

test("committed sessions are there after a restart, and what running jobs left is not", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1);
    ReferenceWriter.create(files.newPath(key(2)), { session: key(2), jobId: 2 });
    writeFileSync(join(bench.sessions, "1700000000-9.held"), "");
    writeFileSync(`${bench.copy(2)}.new`, "");
    const again = await bench.open();
    assert.deepEqual(
      [...again.kept()].map(({ session, jobId, volumes, damage: wrong }) => ({ session, jobId, volumes, wrong })),
      [{ session: key(1), jobId: 1, volumes: ["Vol-1"], wrong: undefined }],
    );
    assert.deepEqual(readdirSync(bench.sessions), ["1700000000-1.refs"]);
    assert.deepEqual(readdirSync(join(bench.root, "Vol-1", "sessions")), ["1700000000-1.all.refs"]);
    assert.deepEqual(again.takeNotes(), []);
  });
});

test("a forgotten session that a job holds is needed until that job has ended", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1);
    files.hold(key(5), key(1));
    assert.equal(await files.forget([key(1)]), 1);
    assert.equal(await files.forget([key(1)]), 0);
    assert.equal(files.get(key(1)), undefined);
    assert.deepEqual(
      files.needed().map(({ session }) => session.id),
      [1],
    );
    await files.release(key(5));
    assert.deepEqual(files.needed(), []);
    assert.deepEqual(readdirSync(bench.sessions), []);
  });
});

test("references that cannot be read and have no copy are kept and told, not passed over", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1);
    rmSync(bench.copy(1));
    truncateSync(bench.file(1), 50);
    const again = await bench.open();
    assert.match(again.get(key(1))?.damage ?? "", /cannot be read/);
    assert.equal(again.needed().length, 1);
  });
});

test("each Volume of a session has a copy of its references, byte for byte", async () => {
  await withBench(async (bench) => {
    await bench.commit(await bench.open(), 1, ["Vol-1", "Vol-2", "Vol-gone"]);
    for (const volume of ["Vol-1", "Vol-2"]) assert.deepEqual(readFileSync(bench.copy(1, volume)), readFileSync(bench.file(1)));
    assert.equal(existsSync(join(bench.root, "Vol-gone")), false);
  });
});

for (const how of ["moved away", "unmounted from its directory"] as const) {
  test(`a Volume that was ${how} while its session was forgotten does not bring the session back`, async () => {
    await withBench(async (bench) => {
      const files = await bench.open();
      await bench.commit(files, 1, ["Vol-1", "Vol-2"]);
      await bench.commit(files, 2, ["Vol-1"]);
      renameSync(join(bench.root, "Vol-1"), join(bench.root, "@away"));
      if (how !== "moved away") mkdirSync(join(bench.root, "Vol-1"));
      assert.equal(await files.forget([key(1)]), 1);
      assert.equal(existsSync(bench.copy(1, "Vol-2")), false);
      await files.putBack();
      const again = await bench.open();
      assert.deepEqual(ids(again), [2]);
      rmSync(join(bench.root, "Vol-1"), { recursive: true, force: true });
      renameSync(join(bench.root, "@away"), join(bench.root, "Vol-1"));
      assert.equal(existsSync(bench.copy(1)), true);
      const back = await bench.open();
      assert.deepEqual(ids(back), [2]);
      assert.equal(existsSync(bench.copy(1)), false, "its copy went");
      assert.equal(existsSync(bench.copy(2)), true);
      assert.match(back.takeNotes().join(), /session 1700000000-1 was forgotten while Volume Vol-1 was away/);
      const later = await bench.open();
      assert.equal(later.awayCount, 0);
      assert.deepEqual(ids(later), [2]);
    });
  });
}

test("what was forgotten while a Volume was away and is saved again stays", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1);
    renameSync(join(bench.root, "Vol-1"), join(bench.root, "@away"));
    await files.forget([key(1)]);
    renameSync(join(bench.root, "@away"), join(bench.root, "Vol-1"));
    await bench.commit(files, 1);
    await files.putBack();
    assert.deepEqual(ids(files), [1]);
    rmSync(bench.file(1));
    assert.deepEqual(ids(await bench.open()), [1], "and is put back from its copy");
  });
});

test("a list of sessions to forget that is damaged only keeps more", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1);
    await bench.commit(files, 2);
    renameSync(join(bench.root, "Vol-1"), join(bench.root, "@away"));
    await files.forget([key(2)]);
    renameSync(join(bench.root, "@away"), join(bench.root, "Vol-1"));
    rmSync(bench.file(1));
    const list = join(bench.sessions, "..", "away");
    const good = readFileSync(list, "latin1");
    assert.match(good, /^1700000000-2 Vol-1 [0-9a-f]{8}\n$/);
    const other = good.replace("-2", "-1"); // one digit is another: that session is wanted
    writeFileSync(list, `\u0000\n1700000000-1\n1700000000-1 Vol-1\n../../1 Vol-1 00000000\n${other}${good.slice(0, -3)}`);
    assert.deepEqual(ids(await bench.open()), [1, 2]);
  });
});

test("names that are none of Volumes keep nothing from being forgotten or put back", async () => {
  await withBench(async (bench) => {
    await bench.open();
    const writer = ReferenceWriter.create(bench.file(1), { session: key(1), jobId: 1 });
    writer.add(listRecord([noise(1, 100)]));
    writer.finish(["Vol-1", "../other", "two words"]);
    const files = await bench.open();
    assert.equal(await files.forget([key(1)]), 1);
    assert.equal(files.awayCount, 0);
    await files.putBack();
    assert.deepEqual(ids(await bench.open()), []);
  });
});

test("a Volume that comes while others are looked through is looked at again before its sessions count as gone", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1);
    renameSync(join(bench.root, "Vol-1"), join(bench.root, "@away"));
    await files.forget([key(1)]);
    await files.putBack();
    renameSync(join(bench.root, "@away"), join(bench.root, "Vol-1"));
    await files.putBack(); // soon after the look before
    assert.equal(existsSync(bench.copy(1)), false, "its copy went");
    assert.deepEqual(ids(await bench.open()), []);
  });
});

for (const harm of ["lost", "cut short", "damaged"] as const) {
  test(`references that are ${harm} are put back from the first good copy, at the opening and while the store is open`, async () => {
    await withBench(async (bench) => {
      const files = await bench.open();
      await bench.commit(files, 1, ["Vol-1", "Vol-2"]);
      const good = readFileSync(bench.file(1));
      damage(bench.copy(1));
      const doHarm = (): void => {
        if (harm === "lost") rmSync(bench.file(1));
        else if (harm === "cut short") truncateSync(bench.file(1), 60);
        else damage(bench.file(1));
      };
      doHarm();
      assert.equal(await files.mend(key(1)), true);
      assert.deepEqual(readFileSync(bench.file(1)), good);
      doHarm();
      const again = await bench.open();
      // Damage in the middle is found by who reads it.
      if (harm === "damaged") assert.equal(await again.mend(key(1)), true);
      assert.deepEqual(readFileSync(bench.file(1)), good);
      assert.deepEqual(ids(again), [1]);
      assert.match(again.takeNotes().join(), /JobId 1 .* were (lost|damaged); they were put back from Volume Vol-2/);
    });
  });
}

test("a lost session of which all copies are damaged counts as one that cannot be read, until it is forgotten", async () => {
  await withBench(async (bench) => {
    await bench.commit(await bench.open(), 1);
    rmSync(bench.file(1));
    damage(bench.copy(1));
    const files = await bench.open();
    assert.match(files.get(key(1))?.damage ?? "", /lost, and: .*checksum/);
    assert.equal(await files.mend(key(1)), false);
    assert.equal(await files.forget([key(1)]), 1);
    assert.deepEqual(ids(await bench.open()), []);
  });
});

test("what is forgotten does not come back from a copy, whichever of the two a crash left", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    for (const id of [1, 2, 3]) await bench.commit(files, id, ["Vol-1", "Vol-2"]);
    rmSync(bench.copy(2)); // a crash after the first copy was removed
    rmSync(bench.file(3)); // nothing removes in this order; all the same
    const again = await bench.open();
    assert.deepEqual(ids(again), [1, 2, 3]);
    assert.equal(await again.forget([key(1), key(2), key(3), key(4)]), 3);
    const last = await bench.open();
    assert.deepEqual(ids(last), []);
    assert.deepEqual(readdirSync(join(bench.root, "Vol-2", "sessions")), []);
  });
});

test("a session whose copy cannot be removed is not forgotten, but the others are", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    for (const id of [1, 2]) await bench.commit(files, id);
    rmSync(bench.copy(1));
    mkdirSync(bench.copy(1));
    await assert.rejects(files.forget([key(1), key(2)]), /forgetting session 1700000000-1 failed/);
    assert.deepEqual(ids(files), [1]);
    rmSync(bench.copy(1), { recursive: true });
    assert.equal(await files.forget([key(1), key(2)]), 1);
    assert.deepEqual(ids(await bench.open()), []);
  });
});

test("forgetting a Volume forgets its sessions and their copies on all Volumes, also those that only it knows of", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    await bench.commit(files, 1, ["Vol-1", "Vol-2"]);
    await bench.commit(files, 2, ["Vol-2"]);
    await bench.commit(files, 3, ["Vol-1"]);
    truncateSync(bench.file(3), 10);
    const again = await bench.open();
    rmSync(bench.file(3));
    assert.equal(await again.forgetVolume("Vol-1"), 2);
    assert.deepEqual(ids(await bench.open()), [2]);
    assert.deepEqual(readdirSync(join(bench.root, "Vol-2", "sessions")), ["1700000000-2.all.refs"]);
  });
});

test("a Volume that is removed by hand takes no session with it, and gets no copies", async () => {
  await withBench(async (bench) => {
    await bench.commit(await bench.open(), 1);
    rmSync(join(bench.root, "Vol-1"), { recursive: true });
    const files = await bench.open();
    await files.copyToVolumes();
    assert.deepEqual(ids(files), [1]);
    assert.equal(existsSync(join(bench.root, "Vol-1")), false);
  });
});

test("copies that Volumes lack are written again, but not from references that are damaged", async () => {
  await withBench(async (bench) => {
    const files = await bench.open();
    for (const id of [1, 2]) await bench.commit(files, id, ["Vol-1", "Vol-2"]);
    rmSync(join(bench.root, "Vol-1", "sessions"), { recursive: true });
    rmSync(bench.copy(2, "Vol-2"));
    damage(bench.file(2));
    const again = await bench.open();
    await again.copyToVolumes();
    assert.deepEqual(readFileSync(bench.copy(1)), readFileSync(bench.file(1)));
    assert.equal(existsSync(bench.copy(2)), false);
    assert.match(again.takeNotes().join(), /JobId 2 has no second copy/);
  });
});

test("copies of another domain's sessions are left alone", async () => {
  await withBench(async (bench) => {
    await bench.commit(await bench.open(), 1);
    writeFileSync(bench.copy(1).replace(".all.", ".client-all.x."), readFileSync(bench.copy(1)));
    rmSync(bench.file(1));
    rmSync(bench.copy(1));
    assert.deepEqual(ids(await bench.open()), []);
  });
});
