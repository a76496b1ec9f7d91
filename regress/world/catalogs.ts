import { after } from "node:test";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { JUDGING_DEBIAN } from "./programs.ts";
import { scenario, type ScenarioBody, type ScenarioOptions } from "./scenario.ts";
import type { Ports, SiteOptions } from "./site.ts";

/** The databases on which scenarios run. */
export const CATALOGS: readonly CatalogKind[] = JUDGING_DEBIAN ? ["sqlite"] : ["sqlite", "mariadb"];
export type CatalogKind = "sqlite" | "mariadb";

/** The server of this test file: made when first wanted, since a file may have no scenario that runs. */
let server: Promise<PrivateMariadb> | undefined;
let databases = 0;

after(async () => {
  await (await server)?.[Symbol.asyncDispose]();
});

/** One fact that must hold on a database; MariaDB is a private server, with a database for each scenario. */
export function scenarioOn(catalog: CatalogKind, fact: string, options: ScenarioOptions, body: ScenarioBody): void {
  const name = `${fact} (${catalog})`;
  if (catalog === "sqlite") scenario(name, options, body);
  else
    scenario(
      name,
      { ...options, programs: [...(options.programs ?? []), "/usr/sbin/mariadbd"], site: mariadbSite(options.site) },
      body,
    );
}

function mariadbSite(site: ScenarioOptions["site"]): ScenarioOptions["site"] {
  return async (dir: string, ports: Ports): Promise<SiteOptions> => {
    server ??= PrivateMariadb.start();
    const running = await server;
    const database = `site${++databases}`;
    running.createDatabase(database);
    return {
      ...(typeof site === "function" ? await site(dir, ports) : site),
      catalog: `dbdriver = "mysql"; dbname = "${database}"; dbaddress = "127.0.0.1"; dbport = ${running.port}
  dbuser = "${running.user}"; dbpassword = "${running.password}"`,
    };
  };
}
