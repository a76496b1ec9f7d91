/** Where the daemons of one small site are and what they may do; every text is in Bacula's configuration language. */
export interface SiteOptions {
  /** Body of the Catalog resource after Name; the embedded SQLite if not given. */
  readonly catalog?: string;
  /** The whole Include block(s) and Exclude block of the FileSet of job Save. */
  readonly fileset?: string;
  /** Further directives of the Director resource. */
  readonly director?: string;
  /** Further directives of job Save. */
  readonly job?: string;
  /** Further directives of the Client resource. */
  readonly client?: string;
  /** Further directives of the Storage resource. */
  readonly storage?: string;
  /** Further directives of the Pool of job Save. */
  readonly pool?: string;
  /** Further directives of the Device. */
  readonly device?: string;
  /** Device Type of the Device; File if not given. */
  readonly deviceType?: "File" | "Dedup" | "Btrfs";
  /** Further resources of the Director. */
  readonly resources?: string;
  /** Further directives of the FileDaemon resource. */
  readonly fileDaemon?: string;
  /** Address under which the storage daemon is reached; it listens on 127.0.0.1. */
  readonly storageAddress?: string;
  /** Labels Volumes by itself (the default), or leaves it to the operator. */
  readonly labelMedia?: boolean;
}

export interface Ports {
  readonly director: number;
  readonly fileDaemon: number;
  readonly storage: number;
}

/** The configuration of a site, or how to decide it once directory and ports are known. */
export type SiteWish = SiteOptions | ((dir: string, ports: Ports) => SiteOptions | Promise<SiteOptions>);

/** Passwords that scenarios use. */
export const PASSWORDS = { console: "console-secret", client: "client-secret", storage: "storage-secret" } as const;

/** Body of the Catalog resource after Name for the embedded SQLite. */
export const USUAL_CATALOG = `dbname = "bacula"; dbuser = ""; dbpassword = ""`;

const QUERIES = `:Volumes of a job
*Enter JobId:
SELECT DISTINCT VolumeName FROM JobMedia, Media WHERE JobMedia.MediaId = Media.MediaId AND JobMedia.JobId = %1;
:Names of all jobs
SELECT Name FROM Job ORDER BY JobId;
`;

/** The four configuration files of a site under `dir`: job Save of client client-fd to pool Files on device Disk. */
export function siteFiles(dir: string, ports: Ports, options: SiteOptions): ReadonlyMap<string, string> {
  return new Map([
    ["bacula-dir.conf", directorFile(dir, ports, options)],
    ["bacula-fd.conf", fileDaemonFile(dir, ports, options)],
    ["bacula-sd.conf", storageFile(dir, ports, options)],
    ["bconsole.conf", consoleFile(ports)],
    ["query.sql", QUERIES],
  ]);
}

function directorFile(dir: string, ports: Ports, options: SiteOptions): string {
  return `Director {
  Name = site-dir
  DirPort = ${ports.director}
  DirAddress = 127.0.0.1
  Working Directory = "${dir}/work/dir"
  Pid Directory = "${dir}/work/dir"
  Maximum Concurrent Jobs = 10
  Password = "${PASSWORDS.console}"
  Messages = Standard
  QueryFile = "${dir}/query.sql"
  ${options.director ?? ""}
}
Catalog {
  Name = MyCatalog
  ${options.catalog ?? USUAL_CATALOG}
}
Client {
  Name = client-fd
  Address = 127.0.0.1
  FD Port = ${ports.fileDaemon}
  Catalog = MyCatalog
  Password = "${PASSWORDS.client}"
  Maximum Concurrent Jobs = 10
  ${options.client ?? ""}
}
Storage {
  Name = Disks
  Address = ${options.storageAddress ?? "127.0.0.1"}
  SD Port = ${ports.storage}
  Password = "${PASSWORDS.storage}"
  Device = Disk
  Media Type = File
  Maximum Concurrent Jobs = 10
  ${options.storage ?? ""}
}
Pool {
  Name = Files
  Pool Type = Backup
  ${options.labelMedia === false ? "" : 'Label Format = "Vol-"'}
  ${options.pool ?? ""}
}
Messages {
  Name = Standard
  console = all, !skipped, !saved
  append = "${dir}/messages.log" = all, !skipped
  catalog = all
}
FileSet {
  Name = Tree
  ${options.fileset ?? defaultFileSet(dir)}
}
Job {
  Name = Save
  Type = Backup
  Level = Incremental
  Client = client-fd
  FileSet = Tree
  Storage = Disks
  Pool = Files
  Messages = Standard
  Maximum Concurrent Jobs = 10
  ${options.job ?? ""}
}
Job {
  Name = Restore
  Type = Restore
  Client = client-fd
  FileSet = Tree
  Storage = Disks
  Pool = Files
  Messages = Standard
  Where = "${dir}/restored"
}
${options.resources ?? ""}
`;
}

function defaultFileSet(dir: string): string {
  return `Include {
    Options {
      Signature = SHA256
      ACL Support = yes
      XAttr Support = yes
      Sparse = yes
    }
    File = "${dir}/tree"
  }`;
}

function fileDaemonFile(dir: string, ports: Ports, options: SiteOptions): string {
  return `Director {
  Name = site-dir
  Password = "${PASSWORDS.client}"
}
FileDaemon {
  Name = client-fd
  FD Port = ${ports.fileDaemon}
  FD Address = 127.0.0.1
  Working Directory = "${dir}/work/fd"
  Pid Directory = "${dir}/work/fd"
  Maximum Concurrent Jobs = 20
  ${options.fileDaemon ?? ""}
}
Messages {
  Name = Standard
  director = site-dir = all, !skipped, !restored
}
`;
}

function storageFile(dir: string, ports: Ports, options: SiteOptions): string {
  return `Storage {
  Name = site-sd
  SD Port = ${ports.storage}
  SD Address = 127.0.0.1
  Working Directory = "${dir}/work/sd"
  Pid Directory = "${dir}/work/sd"
  Maximum Concurrent Jobs = 20
}
Director {
  Name = site-dir
  Password = "${PASSWORDS.storage}"
}
Device {
  Name = Disk
  Media Type = File
  Device Type = ${options.deviceType ?? "File"}
  Archive Device = "${dir}/volumes"
  ${options.labelMedia === false ? "Label Media = no" : "Label Media = yes"}
  Random Access = yes
  Automatic Mount = yes
  Removable Media = no
  Always Open = no
  Maximum Concurrent Jobs = 10
  ${options.device ?? ""}
}
Messages {
  Name = Standard
  director = site-dir = all
}
`;
}

function consoleFile(ports: Ports): string {
  return `Director {
  Name = site-dir
  DirPort = ${ports.director}
  Address = 127.0.0.1
  Password = "${PASSWORDS.console}"
}
`;
}
