import { atOnce } from "./at-once.ts";
import { catalogMariadb, catalogSqlite } from "./catalog.ts";
import { growth } from "./growth.ts";
import { manyJobs } from "./many-jobs.ts";
import type { Row } from "./row.ts";
import { sharing } from "./sharing.ts";
import { tenClients } from "./ten-clients.ts";
import { tools } from "./tools.ts";
import { bigFile, smallFiles, usr } from "./trees.ts";

/** All rows, in the order in which they are measured. */
export const ROWS: readonly Row[] = [
  usr,
  bigFile,
  smallFiles,
  sharing,
  tenClients,
  catalogSqlite,
  catalogMariadb,
  atOnce,
  manyJobs,
  growth,
  tools,
];
