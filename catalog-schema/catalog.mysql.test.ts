import { after, test } from "node:test";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { registerAll } from "./conformance/register-all.ts";

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
  after(async () => await server[Symbol.asyncDispose]());
}
