import type { CatalogCheck } from "./check.ts";
import { missingIndices } from "./indices.ts";
import { adminJobs, orphanedJobs, restoreJobs, verifyJobs } from "./jobs.ts";
import { badFilenames, badPaths, duplicateFilenames, duplicatePaths } from "./names.ts";
import { orphanCheck } from "./orphans.ts";
import { poolCounts } from "./pool-counts.ts";
import { directoryTree } from "./tree.ts";
import { unusedClients, unusedFileSets, unusedPaths } from "./unused.ts";

const ofJob = (table: string) => ({ table, column: "JobId", parent: "Job" });
const ofVolume = (table: string) => ({ table, column: "MediaId", parent: "Media" });

/** Where a job lies, without the job or without the Volume. */
const orphanedJobMedia = orphanCheck("orphaned JobMedia", "Checking for orphaned JobMedia entries.", [
  ofJob("JobMedia"),
  ofVolume("JobMedia"),
]);

const orphanedFiles = orphanCheck("orphaned File", "Checking for orphaned File entries. This may take some time!", [
  ofJob("File"),
]);

/** Names of files that belong to no directory: such a file cannot be found any more. */
const orphanedFilenames = orphanCheck("orphaned Filename", "Checking for orphaned Filename entries. This may take some time!", [
  { table: "File", column: "PathId", parent: "Path" },
]);

const orphanedLog = orphanCheck("orphaned Log", "Checking for orphaned Log entries.", [{ ...ofJob("Log"), zeroIsNone: true }]);

const orphanedTree = orphanCheck(
  "orphaned directory tree",
  "Checking for orphaned directory tree entries.",
  [
    ofJob("PathVisibility"),
    { table: "PathVisibility", column: "PathId", parent: "Path" },
    { table: "PathHierarchy", column: "PathId", parent: "Path" },
    { table: "PathHierarchy", column: "PPathId", parent: "Path", parentColumn: "PathId" },
  ],
  { changesPaths: true },
);

const orphanedOthers = orphanCheck("orphaned BaseFiles, Object, FileMedia and Tag", "Checking for other orphaned entries.", [
  ofJob("BaseFiles"),
  { table: "BaseFiles", column: "BaseJobId", parent: "Job", parentColumn: "JobId" },
  ofJob("FileMedia"),
  ofVolume("FileMedia"),
  ofJob("RestoreObject"),
  ofJob("Object"),
  ofJob("UnsavedFiles"),
  ofJob("TagJob"),
  ofVolume("TagMedia"),
  { table: "TagClient", column: "ClientId", parent: "Client" },
  { table: "TagObject", column: "ObjectId", parent: "Object" },
  ofVolume("CDImages"),
  ofVolume("LocationLog"),
]);

/** Rows of this product's own tables. Sessions of a Storage that is gone cannot be told to it. */
const orphanedNocturne = orphanCheck("orphaned Nocturne", "Checking for orphaned entries of the Nocturne tables.", [
  ofJob("NocturneJobEvent"),
  ofJob("NocturneRunningJob"),
  ofVolume("NocturneMedia"),
  { table: "NocturneForgottenSession", column: "StorageId", parent: "Storage", zeroIsNone: true },
]);

/** A check under the number that it has in the menu. */
export interface NumberedCheck {
  readonly number: number;
  readonly check: CatalogCheck;
  /** Whether it is done by "All", and whether in batch mode: Verify jobs are not, as in Bacula. */
  readonly inBatch: boolean;
}

/** All checks in the order of the menu, Bacula's under Bacula's numbers. */
export const numberedChecks: readonly NumberedCheck[] = [
  ...[
    badFilenames,
    badPaths,
    duplicateFilenames,
    duplicatePaths,
    orphanedJobMedia,
    orphanedFiles,
    unusedPaths,
    orphanedFilenames,
    unusedFileSets,
    unusedClients,
    orphanedJobs,
    adminJobs,
    restoreJobs,
    verifyJobs,
  ].map((check, at) => ({ number: at + 3, check, inBatch: check !== verifyJobs })),
  ...[orphanedLog, orphanedTree, directoryTree, orphanedOthers, orphanedNocturne, poolCounts, missingIndices].map(
    (check, at) => ({ number: at + 19, check, inBatch: true }),
  ),
];
