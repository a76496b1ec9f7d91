import { join } from "node:path";
import type { SitePlan } from "./site-plan.ts";
import { tlsLines } from "./tls-lines.ts";

/** The device with a store of chunks. */
export const DEDUP_DEVICE = "DedupDevice1";

/** Text of bacula-fd.conf. */
export function fileDaemonFile(plan: SitePlan): string {
  return `#
# The file daemon of ${plan.site}: reads the files of this machine, and puts them back.
#

# Who may ask for them.
Director {
  Name = ${plan.site}-dir
  Password = "${plan.passwords.fileDaemon}"
${tlsLines(plan, "fd", "answers")}
}

FileDaemon {
  Name = ${plan.site}-fd
  FDport = ${plan.ports.fileDaemon}
  FDAddress = ${plan.address}
  WorkingDirectory = "${join(plan.dataDir, "fd")}"
  PidDirectory = "${join(plan.dataDir, "fd")}"
  Maximum Concurrent Jobs = 20
${tlsLines(plan, "fd", "dials")}
}

Messages {
  Name = Standard
  director = ${plan.site}-dir = all, !skipped, !restored
}
`;
}

/** Text of bacula-sd.conf. */
export function storageFile(plan: SitePlan): string {
  return `#
# The storage daemon of ${plan.site}: writes and reads Volumes.
#

Storage {
  Name = ${plan.site}-sd
  SDPort = ${plan.ports.storage}
  SDAddress = ${plan.address}
  WorkingDirectory = "${join(plan.dataDir, "sd")}"
  PidDirectory = "${join(plan.dataDir, "sd")}"
  Maximum Concurrent Jobs = 20
${tlsLines(plan, "sd", "answers")}
}

# Who may use it.
Director {
  Name = ${plan.site}-dir
  Password = "${plan.passwords.storage}"
${tlsLines(plan, "sd", "answers")}
}

#
# A directory of Volumes. Put it on a disk that is not the one you save.
#
Device {
  Name = FileDevice1
  Media Type = File1
  Device Type = File
  Archive Device = "${join(plan.dataDir, "volumes")}"
  LabelMedia = yes                    # new Volumes are labelled when they are wanted
  Random Access = yes
  AutomaticMount = yes
  RemovableMedia = no
  AlwaysOpen = no
  Maximum Concurrent Jobs = 10
}

#
# A directory of Volumes whose file data lies in a store of chunks: what is the same in two files, jobs or
# clients is stored once, compressed. It needs a directory of its own. See docs/manual/dedup.md.
#
Device {
  Name = ${DEDUP_DEVICE}
  Media Type = Dedup1
  Device Type = Dedup                 # on btrfs: Btrfs, with a read-only snapshot after each job
  Archive Device = "${join(plan.dataDir, "dedup")}"
  Dedup Domain = storage              # or: pool, client. Within it chunks are shared
  LabelMedia = yes
  Random Access = yes
  AutomaticMount = yes
  RemovableMedia = no
  AlwaysOpen = no
  Maximum Concurrent Jobs = 10
}

Messages {
  Name = Standard
  director = ${plan.site}-dir = all
}
`;
}

/** Text of bconsole.conf. */
export function consoleFile(plan: SitePlan): string {
  return `#
# The console: whose Director it talks to.
#
Director {
  Name = ${plan.site}-dir
  DIRport = ${plan.ports.director}
  Address = ${plan.address}
  Password = "${plan.passwords.console}"
${tlsLines(plan, "console", "dials")}
}
`;
}

/** Queries offered by the console's "query" command: a heading, the prompts, the statement. */
export const QUERY_FILE = `# 1
:List the Volumes that hold a Job
*Enter JobId:
SELECT DISTINCT VolumeName, MediaType, VolStatus FROM JobMedia, Media
  WHERE JobMedia.MediaId = Media.MediaId AND JobMedia.JobId = %1;
# 2
:List the Jobs on a Volume
*Enter Volume name:
SELECT DISTINCT Job.JobId, Job.Name, Job.StartTime, Job.Level, Job.JobFiles, Job.JobBytes, Job.JobStatus
  FROM Media, JobMedia, Job
  WHERE Media.VolumeName = '%1' AND Media.MediaId = JobMedia.MediaId AND JobMedia.JobId = Job.JobId
  ORDER BY Job.StartTime;
# 3
:List the last twenty Full backups of a Client
*Enter Client name:
SELECT Job.JobId, Job.Name, Job.StartTime, Job.JobFiles, Job.JobBytes FROM Client, Job
  WHERE Client.Name = '%1' AND Client.ClientId = Job.ClientId AND Job.Level = 'F' AND Job.JobStatus IN ('T', 'W')
  ORDER BY Job.StartTime DESC LIMIT 20;
`;
