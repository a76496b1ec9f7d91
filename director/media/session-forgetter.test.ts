import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, type Clock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { deleteJob } from "#catalog/queries/delete.ts";
import { listForgetfulStorages } from "#catalog/queries/forgotten-sessions.ts";
import { insertJobMedia } from "#catalog/queries/job-media.ts";
import { createMedia } from "#catalog/queries/media.ts";
import { ensureStorage } from "#catalog/queries/storages.ts";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { SessionForgetter, type ForgetterParts } from "./session-forgetter.ts";

/** A clock whose waits end when they begin; `slept` counts them. */
class HastyClock implements Clock {
  slept = 0;
  readonly nowMs = systemClock.nowMs;
  readonly monotonicMs = systemClock.monotonicMs;
  async sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    this.slept += 1;
    await systemClock.sleep(1, signal);
  }
}

async function withCatalog(body: (catalog: Catalog) => Promise<void>): Promise<void> {
  await using directory = await TempDir.make();
  const options = { driver: "sqlite" as const, file: directory.file("c.db") };
  await createCatalog(options);
  await using catalog = await Catalog.open(options);
  await body(catalog);
}

/** Deletes a job that lay on a Volume of this storage, so that its session is to be forgotten. */
async function giveUp(catalog: Catalog, storage: string, sessionId: number): Promise<void> {
  const { StorageId } = await ensureStorage(catalog, { Name: storage, AutoChanger: 0 });
  const media = await createMedia(catalog, {
    VolumeName: `V-${storage}-${sessionId}`,
    MediaType: "C",
    VolStatus: "Full",
    VolType: 15,
    StorageId,
  });
  const jobId = await addJob(catalog, { VolSessionId: sessionId, VolSessionTime: 7 });
  await insertJobMedia(catalog, [{ JobId: jobId, MediaId: media.MediaId, FirstIndex: 1, LastIndex: 1 }]);
  await deleteJob(catalog, jobId);
}

function forgetterOf(catalog: Catalog, forget: ForgetterParts["forget"], logged: string[] = []) {
  const clock = new HastyClock();
  const catalogs = () => new Map([["Cat", catalog]]);
  return { clock, forgetter: new SessionForgetter({ catalogs, forget, clock, log: (text) => void logged.push(text) }) };
}

/** Waits until nothing is left to be told. */
async function untilTold(catalog: Catalog): Promise<void> {
  while ((await listForgetfulStorages(catalog)).length > 0) await systemClock.sleep(2);
}

test("sessions are told until the daemon has acknowledged them, and then no more", async () => {
  await withCatalog(async (catalog) => {
    const told: string[] = [];
    const logged: string[] = [];
    let refusals = 3;
    const { forgetter } = forgetterOf(
      catalog,
      async (storage, sessions) => {
        if (refusals-- > 0) throw new OperatorError("RPC_UNREACHABLE", "nobody there");
        told.push(
          ...sessions.map((session) => `${storage} ${session.volume} ${session.volSessionId}.${session.volSessionTime}`),
        );
      },
      logged,
    );
    await using _forgetter = forgetter;
    await giveUp(catalog, "Far", 1);
    await giveUp(catalog, "Far", 2);
    forgetter.changed();
    await untilTold(catalog);
    assert.deepEqual(told, ["Far V-Far-1 1.7", "Far V-Far-2 2.7"]);
    assert.match(logged[0]!, /Storage "Far" is to free space of deleted jobs and cannot be told yet: .*nobody there/);
    assert.equal(logged.filter((line) => line.includes("cannot be told")).length, 1);
  });
});

test("what was not told before the Director stopped is told by the next one", async () => {
  await withCatalog(async (catalog) => {
    await giveUp(catalog, "Far", 5);
    const never = Promise.withResolvers<void>();
    {
      const { forgetter } = forgetterOf(catalog, async (_storage, _sessions, signal) => {
        never.resolve();
        await systemClock.sleep(1e6, signal);
      });
      await using _forgetter = forgetter;
      forgetter.changed();
      await never.promise;
    }
    assert.equal((await listForgetfulStorages(catalog)).length, 1);
    const told: number[] = [];
    const { forgetter } = forgetterOf(
      catalog,
      async (_storage, sessions) => void told.push(...sessions.map((one) => one.volSessionId)),
    );
    await using _forgetter = forgetter;
    forgetter.changed();
    await untilTold(catalog);
    assert.deepEqual(told, [5]);
  });
});

test("a storage that is away does not delay another one, and what comes meanwhile is told too", async () => {
  await withCatalog(async (catalog) => {
    const told: string[] = [];
    const { forgetter } = forgetterOf(catalog, async (storage, sessions) => {
      if (storage === "Away") throw new OperatorError("RPC_UNREACHABLE", "away");
      if (told.length === 0) {
        told.push("first");
        await giveUp(catalog, "Near", 9);
        forgetter.changed();
      }
      told.push(...sessions.map((one) => `${storage} ${one.volSessionId}`));
    });
    await using _forgetter = forgetter;
    await giveUp(catalog, "Away", 1);
    await giveUp(catalog, "Near", 2);
    forgetter.changed();
    while ((await listForgetfulStorages(catalog)).length > 1 || told.length < 3) await systemClock.sleep(2);
    assert.deepEqual(told, ["first", "Near 2", "Near 9"]);
  });
});
