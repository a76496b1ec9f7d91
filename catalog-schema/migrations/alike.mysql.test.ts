import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sql } from "kysely";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { openBackend, type Backend } from "../database/backend.ts";
import { allTables } from "../schema/tables.ts";
import { createCatalog } from "./migrate.ts";

const reason = await PrivateMariadb.whyNot();

/** Column names, whether each may be null and its default, by table: what statements depend on. */
async function shape(backend: Backend): Promise<Record<string, string[]>> {
  const shapes: Record<string, string[]> = {};
  for (const { name } of allTables) {
    const columns = backend.dialect === "sqlite" ? await sqliteColumns(backend, name) : await mysqlColumns(backend, name);
    shapes[name] = columns.filter((column) => !column.startsWith("PathHash "));
  }
  return shapes;
}

async function sqliteColumns(backend: Backend, table: string): Promise<string[]> {
  const { rows } = await sql<{
    name: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
  }>`SELECT * FROM pragma_table_info(${table})`.execute(backend.reader);
  return rows.map((row) => `${row.name} ${row.notnull === 1 || row.pk > 0 ? "not null" : "null"} ${row.dflt_value ?? "-"}`);
}

async function mysqlColumns(backend: Backend, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string; nullable: string; initial: string | null }>`
    SELECT COLUMN_NAME AS name, IS_NULLABLE AS nullable, COLUMN_DEFAULT AS initial FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${table} ORDER BY ORDINAL_POSITION`.execute(backend.reader);
  return rows.map(
    (row) =>
      `${row.name} ${row.nullable === "NO" ? "not null" : "null"} ${row.initial === null || row.initial === "NULL" ? "-" : row.initial}`,
  );
}

/** Columns of each index that both databases are meant to have. */
async function indices(backend: Backend): Promise<string[]> {
  const { rows } =
    backend.dialect === "sqlite"
      ? await sql<{
          line: string;
        }>`SELECT m.tbl_name || ' ' || m.name || ' ' || l."unique" || ' ' || group_concat(c.name, ',') AS line FROM sqlite_master m
          JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name JOIN pragma_index_info(m.name) c WHERE m.type = 'index' AND m.sql IS NOT NULL GROUP BY m.name`.execute(
          backend.reader,
        )
      : await sql<{
          line: string;
        }>`SELECT CONCAT(TABLE_NAME, ' ', INDEX_NAME, ' ', 1 - MIN(NON_UNIQUE), ' ', GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX)) AS line
          FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND INDEX_NAME <> 'PRIMARY' GROUP BY TABLE_NAME, INDEX_NAME`.execute(
          backend.reader,
        );
  return rows
    .map((row) => row.line)
    .filter((line) => !/ path_(name|hash)_idx /.test(line))
    .toSorted();
}

describe("the two databases", { skip: reason ?? false }, () => {
  test("end alike: the same tables, columns, nulls, defaults and indices", async () => {
    await using directory = await TempDir.make();
    await using server = await PrivateMariadb.start();
    server.createDatabase("alike");
    const sqliteOptions = { driver: "sqlite" as const, file: directory.file("alike.db") };
    const mysqlOptions = {
      driver: "mysql" as const,
      name: "alike",
      user: server.user,
      password: server.password,
      socket: server.socket,
    };
    await createCatalog(sqliteOptions);
    await createCatalog(mysqlOptions);
    await using sqlite = await openBackend(sqliteOptions);
    await using mysql = await openBackend(mysqlOptions);
    const shapes = await shape(sqlite);
    assert.deepEqual(await shape(mysql), shapes);
    assert.equal(Object.keys(shapes).length, 38);
    assert.ok(Object.values(shapes).every((columns) => columns.length > 0));
    assert.deepEqual(await indices(mysql), await indices(sqlite));
  });
});
