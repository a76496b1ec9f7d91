import { defineResource, directive, type PartialResourceOf, type ResourceOf } from "#lib/config/define-resource.ts";
import {
  bool,
  codedPath,
  integer,
  oneOf,
  path,
  resourceName,
  size,
  speed,
  text,
  textList,
  time,
} from "#lib/config/directive-types.ts";
import { reference, referenceList } from "#lib/config/reference-types.ts";
import { keepRule } from "./keep-type.ts";
import type { DirectorResources } from "./resources.ts";
import { runScriptForms, runScripts } from "./run-script.ts";

/** Levels of Backup jobs, then those of Verify jobs. */
export const jobLevels = [
  "Full", "Incremental", "Differential", "Base", "Since", "VirtualFull", "InitCatalog", "Catalog", "VolumeToCatalog", "DiskToCatalog", "Data",
] as const; // prettier-ignore
export type JobLevel = (typeof jobLevels)[number];
export type JobType = "Backup" | "Admin" | "Verify" | "Restore" | "Migrate" | "Copy";

const jobDirectives = {
  name: directive(resourceName(), { required: true, acts: true, description: "Name by which it is run and referred to." }),
  description: directive(text(), { acts: true, description: "Free text for people." }),
  type: directive(oneOf("Backup", "Admin", "Verify", "Restore", "Migrate", "Copy"), {
    required: true,
    acts: true,
    description: "What the job does.",
  }),
  level: directive(oneOf(...jobLevels), {
    acts: true,
    description: "How much is saved, or what is compared, unless the schedule or the operator says otherwise.",
  }),
  messages: directive(reference("Messages"), { required: true, acts: true, description: "Where the job's messages go." }),
  storage: directive(referenceList("Storage"), {
    acts: true,
    description:
      "Where the job writes or reads; the Pool's Storage if absent. Of several, a save takes the first that has room and can be reached.",
  }),
  storageGroupPolicy: directive(oneOf("LeastUsed", "ListedOrder"), {
    acts: true,
    description:
      "Which of several Storages that have room a job gets: the one with the fewest jobs, or the first of the list, as if not set.",
  }),
  pool: directive(reference("Pool"), { required: true, acts: true, description: "Volumes that the job writes to." }),
  nextPool: directive(reference("Pool"), {
    acts: false,
    description: "Pool that Copy, Migration and VirtualFull write to, before the Pool's own.",
  }),
  fullBackupPool: directive(reference("Pool"), { acts: true, description: "Pool for Full saves." }),
  virtualFullBackupPool: directive(reference("Pool"), { acts: false, description: "Pool for VirtualFull saves." }),
  incrementalBackupPool: directive(reference("Pool"), { acts: true, description: "Pool for Incremental saves." }),
  differentialBackupPool: directive(reference("Pool"), { acts: true, description: "Pool for Differential saves." }),
  client: directive(reference("Client"), { required: true, acts: true, description: "Machine that is saved or restored to." }),
  fileSet: directive(reference("FileSet"), { required: true, acts: true, description: "Files that are saved." }),
  schedule: directive(reference("Schedule"), { acts: true, description: "When the job runs by itself." }),
  jobToVerify: directive(reference("Job"), {
    synonyms: ["VerifyJob"],
    acts: false,
    description: "Job whose last run is verified.",
  }),
  jobDefs: directive(reference("JobDefs"), {
    notInherited: true,
    acts: true,
    description: "Where directives are taken from that are not written here.",
  }),
  run: directive(textList("console run arguments"), {
    notInherited: true,
    acts: false,
    description: "Other jobs that are started with this one.",
  }),
  where: directive(path(), { acts: true, description: "Directory that files are restored below." }),
  regexWhere: directive(text(), { acts: true, description: "Substitutions that restored names go through." }),
  stripPrefix: directive(text(), { acts: true, description: "Beginning that is taken off restored names." }),
  addPrefix: directive(text(), { acts: true, description: "Beginning that is put before restored names." }),
  addSuffix: directive(text(), { acts: true, description: "Ending that is put after restored names." }),
  bootstrap: directive(path(), { acts: true, description: "Bootstrap file of what a Restore job reads." }),
  restoreClient: directive(text(), { acts: true, description: "Client that restored files go to." }),
  writeBootstrap: directive(codedPath(), {
    acts: true,
    description: "File or command that gets what is needed to restore the job without a catalog.",
  }),
  writeVerifyList: directive(path(), { acts: false, description: "File that a Verify job writes its list to." }),
  replace: directive(oneOf("Always", "IfNewer", "IfOlder", "Never"), {
    default: "Always",
    acts: true,
    description: "Which existing files a restore may replace.",
  }),
  maximumBandwidth: directive(speed(), { default: 0, acts: true, description: "Most bytes a second; 0 is no limit." }),
  reportAfter: directive(time(), {
    default: 0,
    acts: true,
    description:
      "How long a job may run before a report on it is sent though it has not ended; the one at its end comes too. 0 is never.",
  }),
  maximumErrors: directive(integer(), {
    default: 0,
    acts: true,
    synonyms: ["MaxErrors"],
    description: "Errors of the client, such as files that cannot be read, beyond which a job ends in error; 0 is no limit.",
  }),
  maximumWarnings: directive(integer(), {
    default: 0,
    acts: true,
    synonyms: ["MaxWarnings"],
    description: "Warnings of the daemons beyond which a job counts as failed at its end; 0 is no limit.",
  }),
  maximumBytes: directive(size(), {
    default: 0,
    acts: true,
    synonyms: ["MaxBytes"],
    description:
      "Bytes of files at which a save ends as Incomplete, before the next file; what it has saved can be restored. 0 is no limit.",
  }),
  maxRunSchedTime: directive(time(), {
    default: 0,
    acts: true,
    description: "Longest time from the scheduled start to the end; 0 is no limit.",
  }),
  maxRunTime: directive(time(), {
    default: 0,
    acts: true,
    description: "Longest time from the start to the end; 0 is no limit.",
  }),
  fullMaxRunTime: directive(time(), {
    synonyms: ["FullMaxWaitTime"],
    default: 0,
    acts: true,
    description: "Longest run of a Full; 0 is no limit.",
  }),
  incrementalMaxRunTime: directive(time(), {
    synonyms: ["IncrementalMaxWaitTime"],
    default: 0,
    acts: true,
    description: "Longest run of an Incremental; 0 is no limit.",
  }),
  differentialMaxRunTime: directive(time(), {
    synonyms: ["DifferentialMaxWaitTime"],
    default: 0,
    acts: true,
    description: "Longest run of a Differential; 0 is no limit.",
  }),
  maxWaitTime: directive(time(), {
    default: 0,
    acts: true,
    description: "Longest wait for a resource such as a Volume; 0 is no limit.",
  }),
  maxStartDelay: directive(time(), {
    default: 0,
    acts: true,
    description: "Longest time from the scheduled start to the start; 0 is no limit.",
  }),
  maxFullInterval: directive(time(), {
    default: 0,
    acts: true,
    description: "Age of the last Full from which the next save becomes a Full; 0 is never.",
  }),
  maxVirtualFullInterval: directive(time(), {
    default: 0,
    acts: false,
    description: "Age of the last Full from which the next save becomes a VirtualFull; 0 is never.",
  }),
  maxDiffInterval: directive(time(), {
    default: 0,
    acts: true,
    description: "Age of the last Differential from which the next save becomes a Differential; 0 is never.",
  }),
  prefixLinks: directive(bool(), {
    default: false,
    acts: true,
    description: "Puts Where before the targets of absolute links too.",
  }),
  pruneJobs: directive(bool(), {
    default: false,
    acts: true,
    description: "Prunes job records after the job whatever the Client says.",
  }),
  pruneFiles: directive(bool(), {
    default: false,
    acts: true,
    description: "Prunes file records after the job whatever the Client says.",
  }),
  pruneVolumes: directive(bool(), {
    default: false,
    acts: false,
    description: "Prunes Volumes after the job whatever the Pool says.",
  }),
  keep: directive(keepRule(), {
    acts: true,
    description:
      "Which backups of the job stay, e.g. 7 daily, 4 weekly, 12 monthly: decides in the place of Job and Volume Retention, and before Keep of the Pool.",
  }),
  purgeMigrationJob: directive(bool(), {
    default: false,
    acts: false,
    description: "Purges the records of the job that was migrated.",
  }),
  enabled: directive(bool(), { default: true, acts: true, description: "Lets the job be run." }),
  snapshotRetention: directive(time(), {
    default: 0,
    acts: false,
    description: "How long snapshots made for the job are kept.",
  }),
  spoolAttributes: directive(bool(), {
    default: true,
    acts: true,
    description: "Keeps attributes at the storage daemon until the data is on the medium.",
  }),
  spoolData: directive(bool(), {
    default: false,
    acts: true,
    description: "Collects data on disk before it goes to the device.",
  }),
  spoolSize: directive(size(), {
    default: 0,
    acts: true,
    description: "Most bytes that the job collects on disk; 0 is no limit.",
  }),
  rerunFailedLevels: directive(bool(), {
    keyword: "ReRunFailedLevels",
    default: false,
    acts: true,
    description: "Repeats a level higher than the present one that failed.",
  }),
  preferMountedVolumes: directive(bool(), {
    default: true,
    acts: true,
    description: "Takes a Volume that is in a drive before another.",
  }),
  runScripts: directive(runScripts(), {
    keyword: "RunScript",
    acts: true,
    description: "A program to run before or after the job.",
    forms: runScriptForms(),
  }),
  maximumConcurrentJobs: directive(integer(), { default: 1, acts: true, description: "Most runs of the job at once." }),
  maximumSpawnedJobs: directive(integer(), {
    default: 600,
    acts: false,
    description: "Most jobs that a Copy or Migration job starts.",
  }),
  rescheduleOnError: directive(bool(), { default: false, acts: true, description: "Runs the job again when it failed." }),
  rescheduleIncompleteJobs: directive(bool(), {
    default: true,
    acts: false,
    description: "Goes on with a job that was interrupted.",
  }),
  rescheduleInterval: directive(time(), {
    acts: true,
    description:
      "Time before a failed job runs again. If not set: 5 minutes, each time twice as long as before, at most 4 hours; with Reschedule Times set 30 minutes. Where the runs are not counted, at least a minute.",
  }),
  rescheduleTimes: directive(integer(), {
    acts: true,
    description:
      "How often a failed job runs again; 0 is no limit. If not set it runs again until 24 hours have passed since it first failed.",
  }),
  priority: directive(integer(), { default: 10, acts: true, description: "Jobs of a smaller number run first." }),
  backupsToKeep: directive(integer(), { default: 0, acts: false, description: "Saves that a VirtualFull does not merge." }),
  allowMixedPriority: directive(bool(), { default: false, acts: true, description: "Runs beside jobs of another priority." }),
  allowIncompleteJobs: directive(bool(), {
    default: true,
    acts: false,
    description: "Keeps what an interrupted save has written.",
  }),
  writePartAfterJob: directive(bool(), {
    default: true,
    acts: false,
    description: "Uploads the last part of a cloud Volume when the job ends.",
  }),
  selectionPattern: directive(text(), { acts: false, description: "Which jobs a Copy or Migration job takes." }),
  selectionType: directive(
    oneOf(
      "SmallestVolume",
      "OldestVolume",
      "PoolOccupancy",
      "PoolTime",
      "PoolUncopiedJobs",
      "Client",
      "Volume",
      "Job",
      "SqlQuery",
    ),
    { acts: false, description: "How a Copy or Migration job selects." },
  ),
  accurate: directive(bool(), {
    default: false,
    acts: true,
    description: "Compares with the list of what is saved, so that moved and deleted files are noticed.",
  }),
  allowDuplicateJobs: directive(bool(), {
    default: true,
    acts: true,
    description: "Lets a second run of the job start while one runs.",
  }),
  allowHigherDuplicates: directive(bool(), {
    default: true,
    acts: false,
    description: "Lets a run of a higher level start while one runs.",
  }),
  cancelLowerLevelDuplicates: directive(bool(), {
    default: false,
    acts: true,
    description: "Of two runs, cancels the one of the lower level.",
  }),
  cancelQueuedDuplicates: directive(bool(), {
    default: false,
    acts: true,
    description: "Cancels a run that waits when a second one comes.",
  }),
  cancelRunningDuplicates: directive(bool(), {
    default: false,
    acts: true,
    description: "Cancels the run that runs when a second one comes.",
  }),
  deleteConsolidatedJobs: directive(bool(), {
    default: false,
    acts: false,
    description: "Deletes the records of jobs that a VirtualFull merged.",
  }),
  pluginOptions: directive(text(), { acts: false, description: "Options for plugins of the client." }),
  base: directive(referenceList("Job"), { acts: false, description: "Jobs whose last Base is used." }),
  tag: directive(textList(), { notInherited: true, acts: false, description: "Words by which runs of the job are found." }),
};

/** The Job resource. */
export const jobTable = defineResource("Job", jobDirectives, {
  description: "What is done to which machine, where to, and when.",
});

/** The JobDefs resource: directives that several jobs share. */
export const jobDefsTable = defineResource("JobDefs", jobDirectives, {
  partial: true,
  description: "Directives that several jobs share.",
});

export interface JobResource extends ResourceOf<typeof jobTable, DirectorResources> {}
export interface JobDefsResource extends PartialResourceOf<typeof jobDefsTable, DirectorResources> {}
