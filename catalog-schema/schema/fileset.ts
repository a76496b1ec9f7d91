import { datetime, name, optionalName, serial, table, type RowOf } from "./table.ts";

/** Versions of FileSets: a changed FileSet is a new row of the same name. */
export const fileSetTable = table(
  "FileSet",
  "versions of FileSets",
  {
    FileSetId: serial("row number"),
    FileSet: name("name of the FileSet resource"),
    MD5: optionalName("digest of its content, base64"),
    CreateTime: datetime("when this version was first used"),
  },
  { indices: [{ name: "fileset_name_idx", columns: ["FileSet"], why: "versions of a FileSet" }] },
);
export type FileSetRow = RowOf<typeof fileSetTable>;
