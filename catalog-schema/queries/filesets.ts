import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { FileSetRow } from "../schema/fileset.ts";

/** A FileSet resource and the digest of its content. */
export interface FileSetRecord {
  readonly FileSet: string;
  readonly MD5: string;
  readonly CreateTime: string;
}

/**
 * The row of this version of the FileSet, made if there is none. `ignoreChanges`: the newest version of the name serves, whatever its digest.
 * `isChanged`: the row is new and others of its name existed.
 */
export async function ensureFileSet(
  w: CatalogWriter,
  record: FileSetRecord,
  options: { readonly ignoreChanges?: boolean } = {},
): Promise<{ fileSet: FileSetRow; isNew: boolean; isChanged: boolean }> {
  const versions = await w.writer
    .selectFrom("FileSet")
    .selectAll()
    .where("FileSet", "=", record.FileSet)
    .orderBy("CreateTime", "desc")
    .orderBy("FileSetId", "desc")
    .execute();
  const known = options.ignoreChanges === true ? versions[0] : versions.find((version) => version.MD5 === record.MD5);
  if (known !== undefined) return { fileSet: known, isNew: false, isChanged: false };
  const { insertId } = await w.writer
    .insertInto("FileSet")
    .values({ ...record })
    .executeTakeFirstOrThrow();
  return { fileSet: { ...record, FileSetId: Number(insertId) }, isNew: true, isChanged: versions.length > 0 };
}

/** The version of this number. */
export async function findFileSetById(r: CatalogReader, fileSetId: number): Promise<FileSetRow | null> {
  return (await r.reader.selectFrom("FileSet").selectAll().where("FileSetId", "=", fileSetId).executeTakeFirst()) ?? null;
}

/** FileSets that a client has backups of: of each name the newest version used, by name. */
export async function listFileSetsOfClient(r: CatalogReader, clientId: number): Promise<FileSetRow[]> {
  const rows = await r.reader
    .selectFrom("FileSet")
    .selectAll()
    .where("FileSetId", "in", (e) =>
      e.selectFrom("Job").select("Job.FileSetId").where("Job.ClientId", "=", clientId).where("Job.Type", "=", "B"),
    )
    .orderBy("FileSet")
    .orderBy("CreateTime")
    .orderBy("FileSetId")
    .execute();
  const newest = new Map<string, FileSetRow>();
  for (const row of rows) newest.set(row.FileSet, row);
  return [...newest.values()];
}
