import { cString, libc } from "./libc.ts";

type Lookup = "getpwuid_r" | "getgrgid_r" | "getpwnam_r" | "getgrnam_r";

/** The C structure first, its texts behind it: the structure's address, which libc answers, then gives the place of each text. */
const ENTRY_BYTES = 64;
const MEMORY_BYTES_MAX = 4 * 1024 * 1024;
let memory = Buffer.alloc(4096);
const result = Buffer.alloc(8);
const ERANGE = 34;

/** Runs a lookup of the name service; true if an entry was found (it then stands in `memory`). */
function look(lookup: Lookup, key: number | Buffer): boolean {
  const c = libc();
  if (c === undefined) return false;
  for (;;) {
    result.fill(0);
    const code = c[lookup](key as never, memory, memory.subarray(ENTRY_BYTES), memory.length - ENTRY_BYTES, result);
    if (code === ERANGE && memory.length < MEMORY_BYTES_MAX) memory = Buffer.alloc(memory.length * 4);
    else return code === 0 && result.readBigUInt64LE(0) !== 0n;
  }
}

/** The name of the entry just found: pw_name and gr_name are the first field, a pointer into the texts. */
function foundName(): string {
  const start = Number(memory.readBigUInt64LE(0) - result.readBigUInt64LE(0));
  if (start < ENTRY_BYTES || start >= memory.length) return "";
  const end = memory.indexOf(0, start);
  const name = end < 0 ? "" : memory.toString("latin1", start, end);
  return name.length > 255 || name.includes(":") ? "" : name;
}

/** pw_uid and gr_gid of the entry just found. */
function foundId(): number {
  return memory.readUInt32LE(16);
}

/**
 * User and group names by number and back, as the machine's name service knows them, remembered for the life of the object (a job).
 * Byte strings; "" where there is no name.
 */
export class OwnerNames {
  readonly #users = new Map<number, string>();
  readonly #groups = new Map<number, string>();
  readonly #userIds = new Map<string, number | undefined>();
  readonly #groupIds = new Map<string, number | undefined>();

  user(uid: number): string {
    let name = this.#users.get(uid);
    if (name === undefined) this.#users.set(uid, (name = look("getpwuid_r", uid) ? foundName() : ""));
    return name;
  }

  group(gid: number): string {
    let name = this.#groups.get(gid);
    if (name === undefined) this.#groups.set(gid, (name = look("getgrgid_r", gid) ? foundName() : ""));
    return name;
  }

  /** The number of a user on this machine; undefined if it is not known here. */
  userId(name: string): number | undefined {
    if (!this.#userIds.has(name)) this.#userIds.set(name, look("getpwnam_r", cString(name)) ? foundId() : undefined);
    return this.#userIds.get(name);
  }

  /** The number of a group on this machine; undefined if it is not known here. */
  groupId(name: string): number | undefined {
    if (!this.#groupIds.has(name)) this.#groupIds.set(name, look("getgrnam_r", cString(name)) ? foundId() : undefined);
    return this.#groupIds.get(name);
  }
}
