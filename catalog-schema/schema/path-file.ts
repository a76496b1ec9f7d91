import { count, fastSerial, givenCount, int32, integer, name, serial, table, text } from "./table.ts";

/** Directory names, each once. */
export const pathTable = table(
  "Path",
  "directory names, each once",
  {
    PathId: serial("row number"),
    Path: text("whole path, ending in /"),
  },
  {
    indices: [
      {
        name: "path_name_idx",
        columns: ["Path"],
        isUnique: true,
        only: "sqlite",
        why: "look-up; a path exists once, or versions of a file would be taken apart",
      },
      {
        name: "path_hash_idx",
        columns: ["PathHash"],
        isUnique: true,
        only: "mysql",
        why: "the same: InnoDB cannot make 64 KiB of path unique, so a hash of it is",
      },
    ],
    mysqlExtra: {
      columns: { PathHash: "BINARY(32) GENERATED ALWAYS AS (UNHEX(SHA2(Path, 256))) STORED" },
      why: "carries path_hash_idx",
    },
  },
);

/** One row per saved version of a file. */
export const fileTable = table(
  "File",
  "one row per saved version of a file",
  {
    FileId: fastSerial("row number"),
    FileIndex: int32("number of the file within its job; 0: the file was found deleted"),
    JobId: givenCount("-> Job"),
    PathId: givenCount("-> Path"),
    Filename: text("last component; empty for a directory"),
    DeltaSeq: int32("number within a series of deltas"),
    MarkId: count("job of the last Verify that saw it"),
    LStat: name("stat fields in Bacula's base64"),
    MD5: name("digest in base64 without padding, 0 if none"),
  },
  {
    indices: [
      {
        name: "file_jpf_idx",
        columns: ["JobId", "PathId", "Filename"],
        why: "files of a job; of a directory of a job in order; one file",
      },
    ],
  },
);

/** Parent of every path; filled when a path is first seen. */
export const pathHierarchyTable = table(
  "PathHierarchy",
  "parent of every path",
  {
    PathId: givenCount("-> Path"),
    PPathId: givenCount("-> Path, the parent"),
  },
  {
    primaryKey: ["PathId"],
    indices: [{ name: "pathhierarchy_ppathid", columns: ["PPathId"], why: "children of a directory" }],
  },
);

/** Which paths a job can show: those with files, and all above them. Filled with the File rows. */
export const pathVisibilityTable = table(
  "PathVisibility",
  "paths that a job shows: those with files and all above them",
  {
    PathId: givenCount("-> Path"),
    JobId: givenCount("-> Job"),
    Size: integer("bytes below, 0 unknown"),
    Files: integer("files below, 0 unknown"),
  },
  {
    primaryKey: ["JobId", "PathId"],
    indices: [],
  },
);

/** Files of base jobs that a job refers to. */
export const baseFilesTable = table(
  "BaseFiles",
  "files of base jobs that a job refers to",
  {
    BaseId: fastSerial("row number"),
    BaseJobId: givenCount("the base job"),
    JobId: givenCount("the job that refers"),
    FileId: givenCount("-> File of the base job"),
    FileIndex: int32("FileIndex in the job that refers"),
  },
  { indices: [{ name: "basefiles_jobid_idx", columns: ["JobId"], why: "files of a job" }] },
);

/** Unused; kept for tools that name it. */
export const unsavedFilesTable = table("UnsavedFiles", "unused", {
  UnsavedId: serial("row number"),
  JobId: givenCount("-> Job"),
  PathId: givenCount("-> Path"),
  Filename: text("unused"),
});
