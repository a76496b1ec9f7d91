import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { Catalog } from "./catalog.ts";
import { registerAll } from "./conformance/register-all.ts";
import { aloneOnCatalog } from "./database/alone-on-catalog.ts";
import { openBackend } from "./database/backend.ts";
import { createCatalog } from "./migrations/migrate.ts";

const reason = await PrivateMariadb.whyNot();
if (reason !== null) {
  test("the catalog on MariaDB", { skip: reason }, () => {});
} else {
  const server = await PrivateMariadb.start();
  let databases = 0;
  const fresh = async () => {
    const name = `nocturne${(databases += 1)}`;
    server.createDatabase(name);
    return {
      driver: "mysql" as const,
      name,
      user: server.user,
      password: server.password,
      addresses: ["127.0.0.1"],
      port: server.port,
      reconnectMs: 5_000,
    };
  };
  registerAll({ name: "MariaDB", fresh });
  test("whoever holds the catalog for longer than the server lets a connection be silent holds it still", async () => {
    const options = await fresh();
    await createCatalog(options);
    await using admin = await openBackend(options);
    await sql`SET GLOBAL wait_timeout = 1`.execute(admin.writer);
    await using one = await Catalog.open(options);
    await using other = await Catalog.open(options);
    await aloneOnCatalog(one, async () => {
      await sleep(2500);
      await assert.rejects(
        aloneOnCatalog(other, async () => {}),
        { code: "CATALOG_BUSY" },
      );
    });
    await sql`SET GLOBAL wait_timeout = DEFAULT`.execute(admin.writer);
  });
  after(async () => await server[Symbol.asyncDispose]());
}
