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

const mediaAndSpace: Readonly<Record<Dialect, readonly string[]>> = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS "NocturneMedia" (
  "MediaId" INTEGER NOT NULL,
  "Precious" INTEGER NOT NULL DEFAULT 0,
  "MaxWrites" INTEGER NOT NULL DEFAULT 0,
  "Writes" INTEGER NOT NULL DEFAULT 0,
  "LastVerified" DATETIME NULL,
  "BadBlocks" INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY ("MediaId")
) WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS "NocturneSpace" (
  "StorageName" TEXT NOT NULL,
  "DeviceName" TEXT NOT NULL,
  "Day" INTEGER NOT NULL DEFAULT 0,
  "TotalBytes" INTEGER NOT NULL DEFAULT 0,
  "FreeBytes" INTEGER NOT NULL DEFAULT 0,
  "LowestFreeBytes" INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY ("StorageName", "DeviceName", "Day")
) WITHOUT ROWID`,
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS NocturneMedia (
  MediaId BIGINT UNSIGNED NOT NULL,
  Precious TINYINT NOT NULL DEFAULT 0,
  MaxWrites BIGINT UNSIGNED NOT NULL DEFAULT 0,
  Writes BIGINT UNSIGNED NOT NULL DEFAULT 0,
  LastVerified DATETIME NULL,
  BadBlocks BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (MediaId)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4`,
    `CREATE TABLE IF NOT EXISTS NocturneSpace (
  StorageName TINYBLOB NOT NULL,
  DeviceName TINYBLOB NOT NULL,
  Day BIGINT UNSIGNED NOT NULL DEFAULT 0,
  TotalBytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
  FreeBytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
  LowestFreeBytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (StorageName(255), DeviceName(255), Day)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4`,
  ],
};

/** Runs the statements one after the other. */
function statements(of: Readonly<Record<Dialect, readonly string[]>>): Migration["run"] {
  return async (db, dialect) => {
    for (const statement of of[dialect]) await sql.raw(statement).execute(db);
  };
}

/**
 * Every step after version 1, in order. New catalogs are created from schema/ directly, so a step here must bring an old catalog to
 * exactly what schema/ then says; the conformance suite compares the two.
 */
export const migrations: readonly Migration[] = [
  { to: 2, run: statements(forgottenSessions) },
  { to: 3, run: statements(mediaAndSpace) },
];
