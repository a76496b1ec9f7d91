import { join } from "node:path";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import type { CatalogResource } from "./catalog.ts";

/** The database that a Catalog resource means. SQLite is a file of the Director's working directory. */
export function catalogOptions(resource: CatalogResource, workingDirectory: string): CatalogOptions {
  if (resource.dbDriver === "sqlite3") return { driver: "sqlite", file: join(workingDirectory, `${resource.dbName}.db`) };
  const addresses = (resource.dbAddress ?? "").split(/[\s,]+/).filter((address) => address !== "");
  return {
    driver: "mysql",
    name: resource.dbName,
    user: resource.dbUser ?? "",
    password: resource.dbPassword?.reveal() ?? "",
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(resource.dbPort === 0 ? {} : { port: resource.dbPort }),
    ...(resource.dbSocket === undefined || resource.dbSocket === "" ? {} : { socket: resource.dbSocket }),
  };
}
