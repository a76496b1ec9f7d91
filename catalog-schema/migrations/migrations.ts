import { sql, type Kysely } from "kysely";
import type { Tables } from "../schema/tables.ts";
import type { Dialect } from "./ddl.ts";

/** One step from a version of the catalog to the next. Forward only; on MySQL it may be interrupted between statements and run again. */
export interface Migration {
  readonly to: number;
  readonly run: (db: Kysely<Tables>, dialect: Dialect) => Promise<void>;
}

/*
 * Statements are written out: what schema/ says today may differ from what it said when a step was made.
 */
const forgottenSessions: Readonly<Record<Dialect, readonly string[]>> = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS "NocturneForgottenSession" (
  "ForgottenSessionId" INTEGER PRIMARY KEY AUTOINCREMENT,
  "StorageId" INTEGER NOT NULL DEFAULT 0,
  "VolumeName" TEXT NOT NULL,
  "VolSessionId" INTEGER NOT NULL DEFAULT 0,
  "VolSessionTime" INTEGER NOT NULL DEFAULT 0,
  "ForgottenAt" DATETIME NULL
)`,
    `CREATE INDEX IF NOT EXISTS "nocturneforgotten_storageid_idx" ON "NocturneForgottenSession" ("StorageId")`,
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS NocturneForgottenSession (
  ForgottenSessionId BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  StorageId BIGINT UNSIGNED NOT NULL DEFAULT 0,
  VolumeName TINYBLOB NOT NULL,
  VolSessionId BIGINT UNSIGNED NOT NULL DEFAULT 0,
  VolSessionTime BIGINT UNSIGNED NOT NULL DEFAULT 0,
  ForgottenAt DATETIME NULL,
  PRIMARY KEY (ForgottenSessionId),
  INDEX nocturneforgotten_storageid_idx (StorageId)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4`,
  ],
};

/**
 * Every step after version 1, in order. New catalogs are created from schema/ directly, so a step here must bring an old catalog to
 * exactly what schema/ then says; the conformance suite compares the two.
 */
export const migrations: readonly Migration[] = [
  {
    to: 2,
    run: async (db, dialect) => {
      for (const statement of forgottenSessions[dialect]) await sql.raw(statement).execute(db);
    },
  },
];
