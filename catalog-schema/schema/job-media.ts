import { count, givenCount, serial, table, type RowOf } from "./table.ts";

/** Where a job lies on Volumes: one row per contiguous region. */
export const jobMediaTable = table(
  "JobMedia",
  "where a job lies on Volumes, one row per contiguous region",
  {
    JobMediaId: serial("row number"),
    JobId: givenCount("-> Job"),
    MediaId: givenCount("-> Media"),
    FirstIndex: count("first FileIndex in the region"),
    LastIndex: count("last FileIndex in it"),
    StartFile: count("high 32 bits of the start address (tape: file)"),
    EndFile: count("high 32 bits of the end address"),
    StartBlock: count("low 32 bits of the start address (tape: block)"),
    EndBlock: count("low 32 bits of the end address"),
    VolIndex: count("number of the Volume within the job"),
  },
  {
    indices: [
      { name: "jobmedia_jobid_idx", columns: ["JobId", "MediaId"], why: "Volumes of a job" },
      { name: "jobmedia_mediaid_idx", columns: ["MediaId"], why: "jobs of a Volume" },
    ],
  },
);
export type JobMediaRow = RowOf<typeof jobMediaTable>;

/** Positions of single files; optional. */
export const fileMediaTable = table(
  "FileMedia",
  "positions of single files",
  {
    FileMediaId: serial("row number"),
    JobId: givenCount("-> Job"),
    FileIndex: givenCount("the file"),
    MediaId: givenCount("-> Media"),
    BlockAddress: count("address of the block"),
    RecordNo: count("record within the block"),
    FileOffset: count("offset within the file"),
  },
  { indices: [{ name: "file_media_idx", columns: ["JobId", "FileIndex"], why: "position of a file" }] },
);
