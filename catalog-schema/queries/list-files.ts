import { sql, type Kysely } from "kysely";
import type { Dialect } from "../migrations/ddl.ts";
import type { Tables } from "../schema/tables.ts";
import type { Compiles, ListOf } from "./list-request.ts";

/** Text of the first, then of the second; as bytes, for a name that is not valid UTF-8 is only whole as bytes. */
function concatenated(dialect: Dialect, first: string, second: string) {
  return dialect === "mysql"
    ? sql<string>`CONCAT(${sql.ref(first)}, ${sql.ref(second)})`
    : sql<string>`CAST(${sql.ref(first)} || ${sql.ref(second)} AS BLOB)`;
}

/** In the order of the index, directory by directory: no sorting of millions. */
export function filesQuery(db: Kysely<Tables>, dialect: Dialect, request: ListOf<"files">): Compiles {
  const query = db
    .selectFrom("File")
    .innerJoin("Path", "Path.PathId", "File.PathId")
    .select(concatenated(dialect, "Path.Path", "File.Filename").as("Filename"))
    .where("File.JobId", "=", request.jobId);
  if (request.which === "all") return query;
  return request.which === "deleted" ? query.where("File.FileIndex", "<=", 0) : query.where("File.FileIndex", ">", 0);
}

/** Files of base jobs that a job refers to. */
export function baseFilesQuery(db: Kysely<Tables>, dialect: Dialect, request: ListOf<"basefiles">): Compiles {
  return db
    .selectFrom("BaseFiles")
    .innerJoin("File", "File.FileId", "BaseFiles.FileId")
    .innerJoin("Path", "Path.PathId", "File.PathId")
    .select(concatenated(dialect, "Path.Path", "File.Filename").as("Filename"))
    .where("BaseFiles.JobId", "=", request.jobId);
}
