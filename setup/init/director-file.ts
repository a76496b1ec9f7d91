import { join } from "node:path";
import type { SitePlan } from "./site-plan.ts";
import { DEDUP_DEVICE } from "./other-files.ts";
import { tlsLines } from "./tls-lines.ts";

/** The folder of the programs, and the one of them that backs the catalog up. */
const PROGRAMS = join(import.meta.dirname, "../..");
const nocturne = join(PROGRAMS, "bin/nocturne");

/** Text of bacula-dir.conf. */
export function directorFile(plan: SitePlan): string {
  const { site, address, ports, passwords, dataDir } = plan;
  const config = join(plan.configDir, "bacula-dir.conf");
  const backup = join(dataDir, "backup");
  const bootstrap = join(backup, "BackupCatalog.bsr");
  const summary = join(backup, `summary-${site}.bsr`);
  return `#
# The Director of ${site}: what is saved, when, where to, and for how long.
#
# Written by "nocturne init". It is yours now: edit it, check it with "nocturne-dir -t -c FILE",
# then type "reload" in bconsole.
#

Director {
  Name = ${site}-dir
  Description = "Director of ${site}"
  DirPort = ${ports.director}
  DirAddress = ${address}
  WorkingDirectory = "${join(dataDir, "dir")}"
  PidDirectory = "${join(dataDir, "dir")}"
  QueryFile = "${join(plan.configDir, "query.sql")}"
  Maximum Concurrent Jobs = 20
  Password = "${passwords.console}"          # of bconsole
  Messages = Daemon
${tlsLines(plan, "dir", "answers")}
}

#
# What jobs have in common. A Job may say otherwise.
#
JobDefs {
  Name = "DefaultJob"
  Type = Backup
  Level = Incremental
  Client = ${site}-fd
  FileSet = "Full Set"
  Schedule = "WeeklyCycle"
  Storage = File1
  Messages = Standard
  Pool = File
  SpoolAttributes = yes
  Priority = 10
  Write Bootstrap = "${join(dataDir, "dir", "%c.bsr")}"
}

Job {
  Name = "Backup-${site}"
  JobDefs = "DefaultJob"
}

#
# After the nightly jobs: the catalog, this configuration with its keys, and the bootstrap files. The summary says where this job lies;
# have it on another machine, for the day when nothing else is left: --copy "scp %%f backup@other.example.org:" or --copy "mail -s summary root".
#
Job {
  Name = "BackupCatalog"
  JobDefs = "DefaultJob"
  Level = Full
  FileSet = "Catalog"
  Schedule = "AfterBackup"
  Priority = 11                              # runs when the jobs of priority 10 are done
  Write Bootstrap = "${bootstrap}"
  RunScript {
    RunsWhen = Before
    RunsOnClient = no
    FailJobOnError = yes
    Command = "${quoted(nocturne)} catalog dump -c ${quoted(config)} --to ${quoted(backup)}"
  }
  RunScript {
    RunsWhen = After
    RunsOnClient = no
    RunsOnFailure = no
    Command = "${quoted(nocturne)} catalog summary -c ${quoted(config)} --job %i --bootstrap ${quoted(bootstrap)} --to ${quoted(summary)}"
  }
}

#
# Now and then: all of the above, the state of the daemons and the programs themselves. A machine that has nothing comes back from it.
#
Job {
  Name = "Emergency"
  JobDefs = "DefaultJob"
  Level = Full
  FileSet = "Emergency"
  Schedule = "MonthlyAfterBackup"
  Priority = 12
  Write Bootstrap = "${join(backup, "emergency.bsr")}"
}

#
# The pattern of every restore; "restore" in bconsole fills in the rest.
#
Job {
  Name = "RestoreFiles"
  Type = Restore
  Client = ${site}-fd
  Storage = File1
  FileSet = "Full Set"
  Pool = File
  Messages = Standard
  Where = "${join(dataDir, "restored")}"
}

#
# What is saved.
#
FileSet {
  Name = "Full Set"
  Include {
    Options {
      Signature = SHA256
      OneFS = no
      Sparse = yes
      ACL Support = yes
      XAttr Support = yes
      NoAtime = yes
    }
${plan.paths.map((path) => `    File = "${quoted(path)}"`).join("\n")}
  }
  Exclude {
${plan.excludes.map((path) => `    File = "${quoted(path)}"`).join("\n")}
  }
}

FileSet {
  Name = "Catalog"
  Include {
    Options {
      Signature = SHA256
    }
    File = "${quoted(plan.configDir)}"
    File = "${quoted(backup)}"
  }
  Exclude {
    File = "${quoted(join(plan.configDir, "data"))}"
  }
}

FileSet {
  Name = "Emergency"
  Include {
    Options {
      Signature = SHA256
      ACL Support = yes
      XAttr Support = yes
    }
    File = "${quoted(plan.configDir)}"
    File = "${quoted(backup)}"
    File = "${quoted(join(dataDir, "dir"))}"
    File = "${quoted(join(dataDir, "sd"))}"
    File = "${quoted(PROGRAMS)}"
  }
  Exclude {
    File = "${quoted(join(plan.configDir, "data"))}"
    File = "${quoted(join(dataDir, "dir", "nocturne.db"))}"        # its dump is consistent
    File = "${quoted(join(dataDir, "dir", "nocturne.db-wal"))}"
    File = "${quoted(join(dataDir, "dir", "nocturne.db-shm"))}"
  }
}

#
# When: a Full on the first Sunday of a month, Differentials on the others, Incrementals on weekdays.
#
Schedule {
  Name = "WeeklyCycle"
  Run = Full 1st sun at 23:05
  Run = Differential 2nd-5th sun at 23:05
  Run = Incremental mon-sat at 23:05
}

Schedule {
  Name = "AfterBackup"
  Run = Full sun-sat at 23:10
}

Schedule {
  Name = "MonthlyAfterBackup"
  Run = Full 1st sun at 23:10
}

#
# Whose files: one Client for each machine.
#
Client {
  Name = ${site}-fd
  Address = ${address}
  FDPort = ${ports.fileDaemon}
  Catalog = MyCatalog
  Password = "${passwords.fileDaemon}"       # of the file daemon
  File Retention = 60 days
  Job Retention = 6 months
  AutoPrune = yes
${tlsLines(plan, "dir", "dials")}
}

#
# Where to: the storage daemon and its device.
#
Storage {
  Name = File1
  Address = ${address}                       # a name that the clients can resolve
  SDPort = ${ports.storage}
  Password = "${passwords.storage}"          # of the storage daemon
  Device = FileDevice1
  Media Type = File1
  Maximum Concurrent Jobs = 10
${tlsLines(plan, "dir", "dials")}
}

#
# Where to, deduplicated: the same storage daemon, a store of chunks. To try it:
#   run job=Backup-${site} storage=Dedup1 pool=Dedup yes
# To use it for all jobs: Storage = Dedup1 and Pool = Dedup in JobDefs.
#
Storage {
  Name = Dedup1
  Address = ${address}                       # a name that the clients can resolve
  SDPort = ${ports.storage}
  Password = "${passwords.storage}"          # of the storage daemon
  Device = ${DEDUP_DEVICE}
  Media Type = Dedup1
  Maximum Concurrent Jobs = 10
${tlsLines(plan, "dir", "dials")}
}

#
# The embedded catalog: a file under WorkingDirectory. For a MySQL or MariaDB server write
#   dbdriver = "mysql"; dbname = "nocturne"; dbuser = "nocturne"; dbpassword = ""; dbaddress = "localhost"
#
Catalog {
  Name = MyCatalog
  dbname = "nocturne"
}

Pool {
  Name = File
  Pool Type = Backup
  Recycle = yes
  AutoPrune = yes
  Volume Retention = 365 days
  Maximum Volume Bytes = 50G
  Maximum Volumes = 100
  Label Format = "Vol-"
}

#
# Volumes of the deduplicating store hold little themselves; a Volume is recycled when all its jobs may go.
#
Pool {
  Name = Dedup
  Pool Type = Backup
  Recycle = yes
  AutoPrune = yes
  Volume Retention = 365 days
  Volume Use Duration = 7 days
  Maximum Volumes = 1000
  Label Format = "Dedup-"
}

Pool {
  Name = Scratch
  Pool Type = Backup
}

#
# Where messages go. To have them mailed:
#   mailcommand = "/usr/sbin/bsmtp -h localhost -f \\"<%r>\\" -s \\"Nocturne: %t %e of %c %l\\" %r"
#   mail = root = all, !skipped
#
Messages {
  Name = Standard
  console = all, !skipped, !saved
  append = "${join(dataDir, "log", "nocturne.log")}" = all, !skipped
  catalog = all
}

Messages {
  Name = Daemon
  console = all, !skipped, !saved
  append = "${join(dataDir, "log", "nocturne.log")}" = all, !skipped
}
`;
}

/** A path inside double quotes. */
function quoted(path: string): string {
  return path.replaceAll(/["\\]/g, "\\$&");
}
