import type { CatalogOptions } from "#catalog/database/backend.ts";
import { inspectCatalog } from "#catalog/migrations/inspect.ts";
import { checkCatalog, createCatalog, upgradeCatalog } from "#catalog/migrations/migrate.ts";
import { catalogOptions } from "#director/config/catalog-options.ts";
import { loadDirectorConfig } from "#director/config/load.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Creates, upgrades or checks every catalog of a Director's configuration. Gives one line for each. */
export async function runCatalogVerb(verb: string, configFile: string): Promise<string[]> {
  const config = await loadDirectorConfig(configFile);
  const lines: string[] = [];
  for (const resource of config.catalogs.values()) {
    const options = catalogOptions(resource, config.director.workingDirectory);
    lines.push(`Catalog "${resource.name}": ${await act(verb, options)}`);
  }
  return lines;
}

async function act(verb: string, options: CatalogOptions): Promise<string> {
  switch (verb) {
    case "create":
      await createCatalog(options);
      return "created";
    case "upgrade": {
      const { from, to } = await upgradeCatalog(options);
      return from === to ? `is of version ${to} already` : `upgraded from version ${from} to ${to}`;
    }
    case "check": {
      await checkCatalog(options);
      const findings = await inspectCatalog(options);
      return findings.length === 0 ? "is of the right version and sound" : `has findings: ${findings.join("; ")}`;
    }
    default:
      throw new OperatorError("SETUP_USAGE", `nocturne catalog does not know "${verb}"`, {
        hint: "create, upgrade, check, dump, load or summary",
      });
  }
}
