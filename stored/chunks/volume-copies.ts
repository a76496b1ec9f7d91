import { access, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { RECORDS_FILE, checkedVolumeName } from "../device/volume-name.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { STORE_FILE_MODE, STORE_FOLDER_MODE, writeFailure } from "./durable.ts";
import { sessionName } from "./marks.ts";
import { isDomainName } from "./store-paths.ts";
import type { SessionKey } from "../volume/block.ts";

/** Folder of a Volume that holds second copies of its sessions' references. */
const COPIES_FOLDER = "sessions";
/** Bytes that are copied at once. */
const COPY_BYTES = 1024 * 1024;

/** A session of which Volumes hold copies. */
export interface CopiedSession {
  readonly session: SessionKey;
  readonly volumes: readonly string[];
}

/** What a look at all Volumes found. */
export interface FoundCopies {
  /** Volumes that are there, with or without copies. */
  readonly volumes: ReadonlySet<string>;
  /** By domain and name of the session. */
  readonly domains: ReadonlyMap<string, ReadonlyMap<string, CopiedSession>>;
}

/** Copies that are durable and get their names when the session is committed. */
export interface PreparedCopies {
  /** Gives them their names. */
  name(): Promise<void>;
  /** Makes the names durable. */
  sync(): Promise<void>;
  /** Removes them. Never rejects. */
  discard(): Promise<void>;
}

/**
 * Second copies of sessions' references, one in the directory of each Volume that the session is on:
 * `<Archive Device>/<Volume>/sessions/<time>-<id>.<domain>.refs`, byte for byte what the store has. They are bytes of their own, never
 * shared extents of the file system: damage to the one must not be damage to the other.
 */
export class VolumeCopies {
  readonly #root: string;
  #last: { readonly atMs: number; readonly found: FoundCopies } | undefined;

  /** `root`: the Archive Device. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Looks through all Volumes; an answer that is not older than `ageMs` is given again. Throws what the system says. */
  async look(ageMs = 0): Promise<FoundCopies> {
    if (this.#last !== undefined && performance.now() - this.#last.atMs < ageMs) return this.#last.found;
    const volumes = new Set<string>();
    const domains = new Map<string, Map<string, { session: SessionKey; volumes: string[] }>>();
    for (const volume of await this.#volumes()) {
      volumes.add(volume);
      for (const name of await namesIn(join(this.#root, volume, COPIES_FOLDER))) {
        const copy = copyOfName(name);
        if (copy === undefined) continue;
        const sessions = domains.get(copy.domain) ?? new Map<string, { session: SessionKey; volumes: string[] }>();
        domains.set(copy.domain, sessions);
        const found = sessions.get(sessionName(copy.session)) ?? { session: copy.session, volumes: [] };
        sessions.set(sessionName(copy.session), found);
        found.volumes.push(volume);
      }
    }
    const found = { volumes, domains };
    this.#last = { atMs: performance.now(), found };
    return found;
  }

  /** Those of these Volumes that are there: a directory alone may be where one is mounted. What is no name of a Volume is none. */
  async present(volumes: Iterable<string>): Promise<Set<string>> {
    const found = new Set<string>();
    const isThere = async (volume: string): Promise<boolean> => {
      try {
        await access(join(this.#root, checkedVolumeName(volume), RECORDS_FILE));
        return true;
      } catch {
        return false;
      }
    };
    for (const volume of volumes) if (await isThere(volume)) found.add(volume);
    return found;
  }

  /** Removes copies that were being written at a crash, as far as that can be done: they mean nothing. Only while no job runs. */
  async clean(): Promise<void> {
    for (const volume of await this.#volumes()) {
      const folder = join(this.#root, volume, COPIES_FOLDER);
      for (const name of await namesIn(folder))
        if (name.endsWith(".refs.new") || name.endsWith(".refs.tmp")) await unlink(join(folder, name)).catch(() => {});
    }
  }

  /** Where a Volume has its copy of a session's references. */
  path(volume: string, domain: string, session: SessionKey): string {
    return join(this.#root, checkedVolumeName(volume), COPIES_FOLDER, `${sessionName(session)}.${domain}.refs`);
  }

  /** Copies a whole file to each of these Volumes that is there, durably but not yet under its name. STORE_FULL, DEVICE_IO_FAILED. */
  async prepare(
    copies: CopiedSession & { readonly domain: string },
    from: string,
    suffix: "new" | "tmp" = "new",
  ): Promise<PreparedCopies> {
    const written: { readonly aside: string; readonly path: string }[] = [];
    const discard = async (): Promise<void> => {
      for (const { aside } of written) await unlink(aside).catch(() => {});
    };
    for (const volume of copies.volumes) {
      const path = this.path(volume, copies.domain, copies.session);
      const aside = `${path}.${suffix}`;
      try {
        if (!(await makeCopiesFolder(join(this.#root, volume)))) continue;
        written.push({ aside, path });
        await copyBytes(from, aside);
      } catch (cause) {
        await discard();
        throw writeFailure(`copying references to ${path}`, cause);
      }
    }
    const name = async (): Promise<void> => {
      this.#last = undefined;
      for (const { aside, path } of written) await rename(aside, path);
    };
    const sync = async (): Promise<void> => {
      for (const { path } of written) await syncDirectory(dirname(path));
    };
    return { name, sync, discard };
  }

  /**
   * Removes the copies of a domain's sessions, durably; `volumesOf` tells which Volumes may have one. Answers by name of the session why some could
   * not be removed.
   */
  async remove(domain: string, wishes: readonly CopiedSession[]): Promise<Map<string, unknown>> {
    const failures = new Map<string, unknown>();
    const byVolume = Map.groupBy(
      wishes.flatMap(({ session, volumes }) => volumes.map((volume) => ({ session, volume }))),
      ({ volume }) => volume,
    );
    for (const [volume, wanted] of byVolume) {
      for (const { session } of wanted) {
        try {
          await unlink(this.path(volume, domain, session));
        } catch (cause) {
          if (!meansAbsent(cause)) failures.set(sessionName(session), cause);
        }
      }
      try {
        // Also where nothing was found: it may be gone and not yet durably so.
        await syncDirectory(join(this.#root, checkedVolumeName(volume), COPIES_FOLDER));
      } catch (cause) {
        if (!meansAbsent(cause)) for (const { session } of wanted) failures.set(sessionName(session), cause);
      }
    }
    return failures;
  }

  /** Directories beside the store that can be Volumes. */
  async #volumes(): Promise<string[]> {
    const entries = await readdir(this.#root, { withFileTypes: true });
    const isVolume = (name: string): boolean => /^[A-Za-z0-9:._-]+$/.test(name) && !/^\..*\.new$/.test(name);
    return entries.filter((entry) => !entry.isFile() && isVolume(entry.name)).map(({ name }) => name);
  }
}

/** The session and domain that a copy's name tells; undefined if it is none. */
function copyOfName(name: string): { readonly session: SessionKey; readonly domain: string } | undefined {
  const [, time, id, domain = ""] = /^(\d{1,10})-(\d{1,10})\.(.+)\.refs$/.exec(name) ?? [];
  if (!isDomainName(domain)) return undefined;
  return { session: { time: Number(time), id: Number(id) }, domain };
}

/** Whether an error says that there is no such file or Volume. */
export function meansAbsent(cause: unknown): boolean {
  if (cause instanceof OperatorError) return cause.code === "VOLUME_NAME_INVALID" || meansAbsent(cause.cause);
  const code = systemErrorCode(cause);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Names in a folder; none where there is none. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (meansAbsent(error)) return [];
    throw error;
  }
}

/** Makes the folder of copies in a Volume's directory, durably; false if that Volume is not there. */
async function makeCopiesFolder(volume: string): Promise<boolean> {
  try {
    await mkdir(join(volume, COPIES_FOLDER), { mode: STORE_FOLDER_MODE });
  } catch (error) {
    if (meansAbsent(error)) return false;
    if (systemErrorCode(error) !== "EEXIST") throw error;
    return true;
  }
  await syncDirectory(volume);
  return true;
}

/** Copies a file byte by byte, durably: what the kernel copies by itself may share its extents on disk. */
export async function copyBytes(from: string, to: string): Promise<void> {
  await using source = await open(from, "r");
  await using target = await open(to, "w", STORE_FILE_MODE);
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, COPY_BYTES, null);
    if (bytesRead === 0) break;
    for (let done = 0; done < bytesRead;) done += (await target.write(buffer, done, bytesRead - done, null)).bytesWritten;
  }
  await target.sync();
}
