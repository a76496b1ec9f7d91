import { join } from "node:path";
import type { SitePlan } from "./site-plan.ts";
import { tlsLines } from "./tls-lines.ts";

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
