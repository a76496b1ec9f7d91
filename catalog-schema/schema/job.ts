import { count, datetime, flag, letter, name, optionalName, optionalText, serial, table, type RowOf } from "./table.ts";

/** Columns that Job and JobHisto share, all but the key. */
const jobColumns = {
  Job: name("unique name: Name.YYYY-MM-DD_HH.MM.SS_NN"),
  Name: name("name of the Job resource"),
  Type: letter("type letter: B backup, R restore, V verify, D admin, C copy, M migrated ..."),
  Level: letter("level letter: F, D, I, B, f ...; blank where a job has none"),
  ClientId: count("-> Client"),
  JobStatus: letter("status letter, see Status"),
  SchedTime: datetime("scheduled time"),
  StartTime: datetime("start; copies and virtual Fulls carry that of their source"),
  EndTime: datetime("end; likewise"),
  RealEndTime: datetime("true end"),
  JobTDate: count("end time in unix seconds; orders versions of a file"),
  VolSessionId: count("session id written in the blocks"),
  VolSessionTime: count("session time written in the blocks: start of the storage daemon, unix seconds"),
  JobFiles: count("files saved or restored"),
  JobBytes: count("bytes after compression"),
  ReadBytes: count("bytes read on the client"),
  JobErrors: count("non-fatal errors"),
  JobMissingFiles: count("files that were to be saved and were not"),
  PoolId: count("-> Pool"),
  FileSetId: count("-> FileSet"),
  PriorJobId: count("original job of a copy or migration"),
  PriorJob: optionalName("unique name of that job"),
  PurgedFiles: flag("1 when the File rows were pruned"),
  HasBase: flag("1 when base jobs were used"),
  HasCache: flag("1 when PathVisibility is complete; -1 while it is built"),
  Reviewed: flag("flag for the operator"),
  Comment: optionalText("free text"),
  FileTable: optionalName("name of the File table used"),
};

/** One row per job run. */
export const jobTable = table(
  "Job",
  "one row per job run",
  { JobId: serial("unique job number"), ...jobColumns },
  {
    indices: [
      { name: "job_name_idx", columns: ["Name"], why: "the last jobs of one resource" },
      { name: "job_jobtdate_idx", columns: ["JobTDate"], why: "jobs by age: pruning, `list jobs days=`" },
      {
        name: "job_client_idx",
        columns: ["ClientId", "FileSetId", "Type"],
        why: "chain of jobs that a restore of a client needs",
      },
      { name: "job_unique_idx", columns: ["Job"], why: "look-up by unique name" },
      { name: "job_prior_idx", columns: ["PriorJobId"], why: "copies of a job" },
    ],
  },
);

/** Copy of Job rows for statistics over years, kept when the jobs are pruned. */
export const jobHistoTable = table(
  "JobHisto",
  "copies of Job rows for long-term statistics",
  { JobId: count("job number"), ...jobColumns },
  {
    primaryKey: ["JobId"],
    indices: [
      { name: "jobhisto_start_idx", columns: ["StartTime"], why: "statistics by time" },
      { name: "jobhisto_jobtdate_idx", columns: ["JobTDate"], why: "pruning of statistics" },
    ],
  },
);

/** Tags that operators give to jobs. */
export const tagJobTable = table(
  "TagJob",
  "tags on jobs",
  { JobId: count("-> Job"), Tag: name("the tag") },
  { primaryKey: ["JobId", "Tag"] },
);

/** Long names of the status letters. */
export const statusTable = table(
  "Status",
  "meaning of the job status letters",
  {
    JobStatus: letter("the letter"),
    JobStatusLong: optionalText("what it means"),
    Severity: count("how bad: 10 good, 15 running, 20 and more bad"),
  },
  { primaryKey: ["JobStatus"] },
);

export type JobRow = RowOf<typeof jobTable>;

/** The rows of Status: letter, text, severity. */
export const jobStatusRows: readonly (readonly [string, string, number])[] = [
  ["C", "Created, not yet running", 15],
  ["R", "Running", 15],
  ["B", "Blocked", 15],
  ["T", "Completed successfully", 10],
  ["W", "Completed with warnings", 10],
  ["E", "Terminated with errors", 25],
  ["e", "Non-fatal error", 20],
  ["f", "Fatal error", 100],
  ["D", "Verify found differences", 15],
  ["A", "Canceled by user", 90],
  ["I", "Incomplete job", 25],
  ["L", "Committing data", 15],
  ["F", "Waiting for Client", 15],
  ["S", "Waiting for Storage daemon", 15],
  ["m", "Waiting for new media", 15],
  ["M", "Waiting for media mount", 15],
  ["s", "Waiting for storage resource", 15],
  ["j", "Waiting for job resource", 15],
  ["c", "Waiting for client resource", 15],
  ["d", "Waiting on maximum jobs", 15],
  ["t", "Waiting for start time", 15],
  ["p", "Waiting on higher priority jobs", 15],
  ["q", "Waiting for device", 15],
  ["a", "Storage daemon despooling attributes", 15],
  ["l", "Doing data despooling", 15],
  ["i", "Doing batch insert of file records", 15],
  ["u", "Cloud upload", 15],
  ["w", "Cloud download", 15],
];
