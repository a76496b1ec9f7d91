import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { must } from "#lib/base/assert.ts";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { Catalog } from "../catalog.ts";
import { attributeBatch } from "../conformance/batches.ts";
import { addJob, typed } from "../conformance/database-under-test.ts";
import { createCatalog } from "../migrations/migrate.ts";
import { findJob, updateJob } from "../queries/jobs.ts";

const reason = await PrivateMariadb.whyNot();

describe("a MySQL catalog that goes away", { skip: reason ?? false }, () => {
  let server: PrivateMariadb | null = null;
  const options = (more: object = {}) => {
    const { user, password, port } = must(server, "server");
    return {
      driver: "mysql" as const,
      name: "nocturne",
      user,
      password,
      addresses: ["127.0.0.1"],
      port,
      reconnectMs: 20_000,
      ...more,
    };
  };

  before(async () => {
    server = await PrivateMariadb.start();
    server.createDatabase("nocturne");
    await createCatalog(options());
  });
  after(async () => await server?.[Symbol.asyncDispose]());

  test("a wrong password, a wrong database and a closed port name the catalog and the reason", async () => {
    await assert.rejects(Catalog.open(options({ password: "wrong" })), {
      code: "CATALOG_UNREACHABLE",
      message: /nocturne at 127\.0\.0\.1.*[Aa]ccess denied/,
    });
    await assert.rejects(Catalog.open(options({ name: "other" })), { code: "CATALOG_UNREACHABLE", message: /other/ });
    await assert.rejects(Catalog.open(options({ port: 1 })), { code: "CATALOG_UNREACHABLE", message: /ECONNREFUSED/ });
  });

  test("several addresses are tried in turn", async () => {
    await using catalog = await Catalog.open(options({ addresses: ["127.0.0.99", "127.0.0.1"] }));
    assert.equal((await typed(catalog, "SELECT 1"))[0]?.[0], 1);
  });

  test("the socket is used when it is given", async () => {
    await using catalog = await Catalog.open(
      options({ socket: must(server, "server").socket, addresses: ["127.0.0.99"], port: 1 }),
    );
    assert.equal((await typed(catalog, "SELECT 1"))[0]?.[0], 1);
  });

  test("transactions that stop one another end well", async () => {
    await using catalog = await Catalog.open(options());
    const jobs = await Promise.all([addJob(catalog), addJob(catalog)]);
    const crosswise = async (first: number, second: number): Promise<void> =>
      await catalog.transaction(async (tx) => {
        await updateJob(tx, first, { JobFiles: 1 });
        await new Promise((resolve) => setTimeout(resolve, 50));
        await updateJob(tx, second, { JobErrors: 1 });
      });
    await Promise.all([crosswise(jobs[0]!, jobs[1]!), crosswise(jobs[1]!, jobs[0]!)]);
    for (const jobId of jobs)
      assert.deepEqual([(await findJob(catalog, jobId))?.JobFiles, (await findJob(catalog, jobId))?.JobErrors], [1, 1]);
  });

  test("more jobs than connections insert at once without waiting for ever", async () => {
    await using catalog = await Catalog.open(options({ connections: 2 }));
    const jobIds = await Promise.all(Array.from({ length: 8 }, async () => await addJob(catalog)));
    await Promise.all(
      jobIds.map(
        async (jobId) =>
          await catalog.applyEvents({
            jobId,
            daemon: "sd",
            events: [{ event: 1, kind: "attributes", batch: attributeBatch([{ fileIndex: 1, name: `/few/${jobId}/f` }]) }],
          }),
      ),
    );
    assert.deepEqual(await typed(catalog, "SELECT COUNT(*) FROM Path WHERE Path LIKE '/few/_%'"), [[8]]);
  });

  test("a server that is killed and comes back loses nothing, doubles nothing, and the caller does not notice", async () => {
    await using catalog = await Catalog.open(options());
    const jobId = await addJob(catalog);
    const apply = async (event: number): Promise<void> => {
      const files = Array.from({ length: 50 }, (_, at) => ({ fileIndex: event * 100 + at, name: `/loss/${event}/f${at}` }));
      await catalog.applyEvents({ jobId, daemon: "sd", events: [{ event, kind: "attributes", batch: attributeBatch(files) }] });
    };
    await apply(1);
    const old = must(server, "server");
    await old.kill();
    const waiting = Promise.all([apply(2).then(async () => await apply(3)), findJob(catalog, jobId)]);
    server = await old.restart();
    const [, job] = await waiting;
    assert.equal(job?.JobId, jobId);
    assert.deepEqual(await typed(catalog, `SELECT COUNT(*), COUNT(DISTINCT PathId) FROM File WHERE JobId = ${jobId}`), [
      [150, 3],
    ]);
  });

  test("a server that does not come back ends the wait with a clear error", async () => {
    await using catalog = await Catalog.open(options({ reconnectMs: 300 }));
    await must(server, "server").kill();
    await assert.rejects(findJob(catalog, 1), { code: "CATALOG_UNREACHABLE", message: /nocturne at 127\.0\.0\.1/ });
    await assert.rejects(addJob(catalog), { code: "CATALOG_UNREACHABLE" });
    await assert.rejects(
      catalog.transaction(async (tx) => await findJob(tx, 1)),
      { code: "CATALOG_UNREACHABLE" },
    );
  });
});
