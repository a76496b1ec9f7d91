/** A site of several clients and storages: which there are, and what is saved from where to where. */
export interface FarmPlan {
  readonly clients: number;
  readonly storages: number;
  readonly deviceType: "File" | "Dedup";
  readonly jobs: readonly FarmJob[];
  /** Jobs at once, everywhere. */
  readonly concurrent: number;
}

/** One Job resource. Clients and storages are counted from 0. */
export interface FarmJob {
  readonly name: string;
  readonly client: number;
  readonly storage: number;
  /** Directory that it saves. */
  readonly path: string;
}

/** Loopback ports of all daemons. */
export interface FarmPorts {
  readonly director: number;
  readonly clients: readonly number[];
  readonly storages: readonly number[];
}

/** Configuration files by name: bacula-dir.conf, bconsole.conf, and one for each fdN and sdN. */
export function farmFiles(dir: string, ports: FarmPorts, plan: FarmPlan): ReadonlyMap<string, string> {
  return new Map([
    ["bacula-dir.conf", directorFile(dir, ports, plan)],
    ["bconsole.conf", consoleFile(ports)],
    ["query.sql", ""],
    ...ports.clients.map((port, at): [string, string] => [`fd${at}.conf`, clientFile(dir, port, at, plan)]),
    ...ports.storages.map((port, at): [string, string] => [`sd${at}.conf`, storageFile(dir, port, at, plan)]),
  ]);
}

function directorFile(dir: string, ports: FarmPorts, plan: FarmPlan): string {
  const clients = ports.clients.map(
    (port, at) => `Client {
  Name = client${at}-fd
  Address = 127.0.0.1
  FD Port = ${port}
  Catalog = MyCatalog
  Password = "client-secret"
  Maximum Concurrent Jobs = ${plan.concurrent}
}
`,
  );
  const storages = ports.storages.map(
    (port, at) => `Storage {
  Name = Disks${at}
  Address = 127.0.0.1
  SD Port = ${port}
  Password = "storage-secret"
  Device = Disk
  Media Type = File${at}
  Maximum Concurrent Jobs = ${plan.concurrent}
}
Pool {
  Name = Files${at}
  Pool Type = Backup
  Label Format = "Vol${at}-"
}
`,
  );
  return `Director {
  Name = farm-dir
  DirPort = ${ports.director}
  DirAddress = 127.0.0.1
  Working Directory = "${dir}/dir"
  Pid Directory = "${dir}/dir"
  Maximum Concurrent Jobs = ${plan.concurrent}
  Password = "console-secret"
  Messages = Standard
  QueryFile = "${dir}/query.sql"
}
Catalog {
  Name = MyCatalog
  dbname = "bacula"; dbuser = ""; dbpassword = ""
}
Messages {
  Name = Standard
  append = "${dir}/messages.log" = all, !skipped
  catalog = all
}
${clients.join("")}${storages.join("")}${plan.jobs.map(jobResources).join("")}`;
}

function jobResources({ name, client, storage, path }: FarmJob): string {
  return `FileSet {
  Name = ${name}-files
  Include {
    File = "${path}"
  }
}
Job {
  Name = ${name}
  Type = Backup
  Level = Full
  Client = client${client}-fd
  FileSet = ${name}-files
  Storage = Disks${storage}
  Pool = Files${storage}
  Messages = Standard
}
`;
}

function clientFile(dir: string, port: number, at: number, plan: FarmPlan): string {
  return `Director {
  Name = farm-dir
  Password = "client-secret"
}
FileDaemon {
  Name = client${at}-fd
  FD Port = ${port}
  FD Address = 127.0.0.1
  Working Directory = "${dir}/fd${at}"
  Pid Directory = "${dir}/fd${at}"
  Maximum Concurrent Jobs = ${plan.concurrent}
}
Messages {
  Name = Standard
  director = farm-dir = all, !skipped, !restored
}
`;
}

function storageFile(dir: string, port: number, at: number, plan: FarmPlan): string {
  return `Storage {
  Name = storage${at}-sd
  SD Port = ${port}
  SD Address = 127.0.0.1
  Working Directory = "${dir}/sd${at}"
  Pid Directory = "${dir}/sd${at}"
  Maximum Concurrent Jobs = ${plan.concurrent}
}
Director {
  Name = farm-dir
  Password = "storage-secret"
}
Device {
  Name = Disk
  Media Type = File${at}
  Device Type = ${plan.deviceType}
  Archive Device = "${dir}/volumes${at}"
  Label Media = yes
  Random Access = yes
  Automatic Mount = yes
  Removable Media = no
  Always Open = no
  Maximum Concurrent Jobs = ${plan.concurrent}
}
Messages {
  Name = Standard
  director = farm-dir = all
}
`;
}

function consoleFile(ports: FarmPorts): string {
  return `Director {
  Name = farm-dir
  DirPort = ${ports.director}
  Address = 127.0.0.1
  Password = "console-secret"
}
`;
}
