import type { Kysely } from "kysely";
import type { Tables } from "../schema/tables.ts";
import type { Dialect } from "./ddl.ts";

/** One step from a version of the catalog to the next. Forward only; on MySQL it may be interrupted between statements and run again. */
export interface Migration {
  readonly to: number;
  readonly run: (db: Kysely<Tables>, dialect: Dialect) => Promise<void>;
}

/**
 * Every step after version 1, in order. New catalogs are created from schema/ directly, so a step here must bring an old catalog to
 * exactly what schema/ then says; `migrate.test.ts` compares the two.
 */
export const migrations: readonly Migration[] = [];
