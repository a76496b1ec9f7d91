import assert from "node:assert/strict";
import { test } from "node:test";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { ensureClient } from "#catalog/queries/clients.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { removeForgottenSessions, listForgottenSessions } from "#catalog/queries/forgotten-sessions.ts";
import { insertJobMedia } from "#catalog/queries/job-media.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { createMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { listSpaceHistory } from "#catalog/queries/retention.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import { systemClock } from "#lib/base/clock.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import type { DeviceSpace } from "#proto/stored.ts";
import type { DaemonDirectory } from "../clients/daemon-calls.ts";
import { ConsoleWorld } from "../testing/console-world.ts";
import { Pressure } from "./pressure.ts";

const never = new AbortController().signal;
const DAY = 86_400_000;
const STORAGE = `
Storage { Name = Small; Address = small.example; Password = "p"; Device = Disk; Media Type = Small; Prune When Free Below = 10%; Prune Until Free = 20% }
`;

/** A disk of 1000 bytes whose daemon plays what the test says; each deleted job gives `perJob` bytes back, `lag` looks later. */
class Disk {
  free: number;
  problem = "";
  looks = 0;
  vacuums = 0;
  readonly #perJob: number;
  readonly #lag: number;
  #due = 0;
  #dueAt = 0;

  constructor(facts: { readonly free: number; readonly perJob: number; readonly lag?: number }) {
    this.free = facts.free;
    this.#perJob = facts.perJob;
    this.#lag = facts.lag ?? 0;
  }

  /** A session was forgotten. */
  gives(): void {
    this.#due += this.#perJob;
    this.#dueAt = this.looks + this.#lag;
  }

  get space(): DeviceSpace {
    this.looks += 1;
    if (this.#due > 0 && this.looks > this.#dueAt) {
      this.free += this.#due;
      this.#due = 0;
    }
    return {
      device: "Disk",
      archiveDevice: "/backup",
      total: 1000,
      free: this.free,
      metadataTotal: 0,
      metadataFree: 0,
      pending: this.#due > 0 ? 1 : 0,
      problem: this.problem,
      fileSystem: "/dev/sdb1",
      least: 0,
    };
  }
}

/** Four daily Fulls in a store on the disk, and what keeps its levels. */
async function open(disk: Disk) {
  const world = await ConsoleWorld.open(STORAGE);
  const { catalog } = world;
  const nowMs = world.services.now();
  const { client } = await ensureClient(catalog, { Name: "web", AutoPrune: 1, FileRetention: 1e8, JobRetention: 1e8 });
  const { fileSet } = await ensureFileSet(catalog, { FileSet: "Etc", MD5: "m", CreateTime: "2026-01-01 00:00:00" });
  const pool = (await findPool(catalog, "Default"))!;
  const storage = (await findStorage(catalog, "Small"))!;
  const media = await createMedia(catalog, {
    VolumeName: "Store-1",
    MediaType: "Small",
    PoolId: pool.PoolId,
    StorageId: storage.StorageId,
    VolStatus: "Append",
    VolType: 15,
    VolBytes: 5000,
  });
  const jobIds: number[] = [];
  for (const days of [4, 3, 2, 1]) {
    const time = catalogTime(nowMs - days * DAY);
    const jobId = await addJob(catalog, {
      Name: "Save",
      Type: "B",
      Level: "F",
      JobStatus: "T",
      ClientId: client.ClientId,
      FileSetId: fileSet.FileSetId,
      PoolId: pool.PoolId,
      StartTime: time,
      EndTime: time,
      RealEndTime: time,
      JobTDate: Math.floor((nowMs - days * DAY) / 1000),
      JobFiles: 5,
      JobBytes: 1000,
      VolSessionId: days,
      VolSessionTime: 1_700_000_000,
    });
    await insertJobMedia(catalog, [{ JobId: jobId, MediaId: media.MediaId, VolIndex: 1 }]);
    jobIds.push(jobId);
  }
  /** The storage daemon hears at once what it may forget. */
  const forget = async () => {
    const rows = await listForgottenSessions(catalog, storage.StorageId, 100);
    for (const _ of rows) disk.gives();
    await removeForgottenSessions(
      catalog,
      rows.map((row) => row.ForgottenSessionId),
    );
  };
  let telling = Promise.resolve();
  const plain = world.daemons;
  const daemons: DaemonDirectory = {
    fileDaemon: (name) => plain.fileDaemon(name),
    storageDaemon: (name) => ({
      ...plain.storageDaemon(name),
      space: async () => (name === "Small" ? [disk.space] : []),
      dedup: async function* () {
        disk.vacuums += 1;
        yield { line: "3000 OK", ok: true, volume: undefined };
      },
    }),
  };
  const pressure = new Pressure({
    retention: {
      ...world.retention,
      now: () => nowMs,
      jobsDeleted: () => {
        telling = telling.then(forget);
      },
    },
    config: () => world.config,
    daemons: () => daemons,
    clock: { ...systemClock, sleep: async () => await new Promise((resolve) => setImmediate(resolve)) },
  });
  const lines: string[] = [];
  const left = async () => {
    const found = await Promise.all(jobIds.map(async (jobId) => ((await findJob(catalog, jobId)) === null ? [] : [jobId])));
    return found.flat();
  };
  return {
    world,
    pressure,
    storage: world.config.storages.get("Small")!,
    say: async (line: string) => void lines.push(line),
    lines,
    jobIds,
    left,
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

test("above its level nothing is deleted, and the room is kept for the forecast", async () => {
  const disk = new Disk({ free: 100, perJob: 50 });
  await using on = await open(disk);
  assert.equal(await on.pressure.keepLevels(on.storage, on.say, never), undefined);
  assert.equal((await on.left()).length, 4);
  const [sample] = await listSpaceHistory(on.world.catalog, 0);
  assert.equal(sample?.DeviceName, "Disk");
  assert.equal(sample?.FreeBytes, 100);
  disk.free = 300;
  await on.pressure.keepLevels(on.storage, on.say, never);
  const [later] = await listSpaceHistory(on.world.catalog, 0);
  assert.deepEqual([later?.FreeBytes, later?.LowestFreeBytes], [300, 100]);
});

test("when one backup is enough one goes, however late its space appears, and the wait is said", async () => {
  await using on = await open(new Disk({ free: 50, perJob: 200, lag: 5 }));
  assert.equal(await on.pressure.keepLevels(on.storage, on.say, never), undefined);
  assert.deepEqual(await on.left(), on.jobIds.slice(1));
  assert.ok(
    on.lines.some((line) => line.includes("waiting for space")),
    on.lines.join("\n"),
  );
});

test("as many go as are needed, in the order that was foretold, up to the upper level and no further", async () => {
  await using on = await open(new Disk({ free: 90, perJob: 60 }));
  const [told] = await on.pressure.foretell(on.storage, 2, never);
  assert.equal(await on.pressure.keepLevels(on.storage, on.say, never), undefined);
  assert.deepEqual(told?.steps.map(({ jobIds }) => jobIds).flat(), on.jobIds.slice(0, 2));
  assert.deepEqual(await on.left(), on.jobIds.slice(2));
});

test("when nothing more may go it says why, and the newest Full is there", async () => {
  await using on = await open(new Disk({ free: 10, perJob: 1 }));
  const why = await on.pressure.keepLevels(on.storage, on.say, never);
  assert.match(why ?? "", /nothing may be deleted: Full JobId 4 .*newest good Full/);
  assert.deepEqual(await on.left(), on.jobIds.slice(3));
  const answer = await on.pressure.relieve({ storage: "Small", device: "Disk", jobId: 9 }, never);
  assert.deepEqual([answer.isFreed, answer.isHopeless], [false, true]);
});

test("where the directory cannot be used nothing is deleted, and it is said", async () => {
  const disk = new Disk({ free: 0, perJob: 100 });
  disk.problem = "/backup is not mounted";
  await using on = await open(disk);
  await assert.rejects(on.pressure.keepLevels(on.storage, on.say, never), {
    code: "DEVICE_PLACE_UNUSABLE",
    message: /\/backup is not mounted/,
  });
  await assert.rejects(on.pressure.foretell(on.storage, 5, never), { code: "DEVICE_PLACE_UNUSABLE" });
  const answer = await on.pressure.relieve({ storage: "Small", device: "Disk", jobId: 9 }, never);
  assert.equal(answer.isFreed, false);
  assert.match(answer.lines.join(), /not mounted/);
  assert.equal((await on.left()).length, 4);
});
