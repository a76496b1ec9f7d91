import { access, constants, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { mountOf, readMounts } from "#lib/platform/mounts.ts";
import { fileSystemOf, placeProblem } from "./place.ts";
import type { Mount } from "#lib/platform/mounts.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** Device Types whose Archive Device is a directory. */
const WITH_DIRECTORY: ReadonlySet<string> = new Set(["file", "dedup", "btrfs"]);

/** Whether the device keeps its Volumes in a directory. */
export function hasDirectory(host: DeviceHost): boolean {
  return host.settings.isDrive !== true && WITH_DIRECTORY.has(host.settings.deviceType.toLowerCase());
}

/** What was found of the directory of a device. */
export interface FoundPlace {
  /** Why nothing may be written there; "": it may. */
  readonly problem: string;
  readonly fileSystem: string;
  readonly type: string;
}

/**
 * Whether the directories of disk devices are what they were: mounted, and writable. Where a file system was mounted when something was written is kept
 * in a small file, so that a directory from which it is missing is not taken for an empty one.
 */
export class Places {
  readonly #file: string;
  readonly #log: (text: string) => void;
  readonly #readMounts: () => readonly Mount[];
  /** Mount points by directory. */
  #points: ReadonlyMap<string, string>;

  private constructor(
    file: string,
    points: ReadonlyMap<string, string>,
    parts: { readonly log: (text: string) => void; readonly readMounts: () => readonly Mount[] },
  ) {
    this.#file = file;
    this.#points = points;
    this.#log = parts.log;
    this.#readMounts = parts.readMounts;
  }

  /** Reads what was kept; a file that is not there or cannot be read counts as empty, and is said. */
  static async open(
    file: string,
    parts: { readonly log: (text: string) => void; readonly readMounts?: () => readonly Mount[] },
  ): Promise<Places> {
    const own = { readMounts, ...parts };
    try {
      return new Places(file, parsePoints(await readFile(file, "utf8")), own);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") parts.log(`${file} cannot be read: ${describeError(error)}`);
      return new Places(file, new Map(), own);
    }
  }

  /** Looks at a device's directory. Waits while its file system hangs. */
  async find(host: DeviceHost): Promise<FoundPlace> {
    const { archiveDevice, mountPoint } = host.settings;
    const directory = await realpath(archiveDevice).catch(() => resolve(archiveDevice));
    const mount = mountOf(Buffer.from(directory).toString("latin1"), this.#readMounts());
    const isThere = await stat(directory).then(
      (facts) => facts.isDirectory(),
      () => false,
    );
    const mayWrite = await access(directory, constants.W_OK).then(
      () => true,
      () => false,
    );
    const wanted =
      mountPoint === "" || !isAbsolute(mountPoint) ? undefined : await realpath(mountPoint).catch(() => mountPoint);
    const problem = placeProblem({
      directory: archiveDevice,
      isThere,
      mayWrite,
      mount,
      lastPoint: this.#points.get(archiveDevice),
      mountPoint: wanted,
    });
    return { problem, fileSystem: fileSystemOf(mount), type: mount?.type ?? "" };
  }

  /** DEVICE_PLACE_UNUSABLE, saying why the device may not be written to; undefined: it may, or has no directory. */
  async problemOf(host: DeviceHost): Promise<OperatorError | undefined> {
    if (!hasDirectory(host)) return undefined;
    const { problem } = await this.find(host);
    if (problem === "") return undefined;
    const hint = hintFor(problem, this.#file);
    return new OperatorError("DEVICE_PLACE_UNUSABLE", `${host.title} cannot be used: ${problem}`, { hint });
  }

  /** Throws DEVICE_PLACE_UNUSABLE unless the device may be written to. */
  async require(host: DeviceHost): Promise<void> {
    const problem = await this.problemOf(host);
    if (problem !== undefined) throw problem;
  }

  /** Something was written to the device: what is mounted there now is what belongs there. */
  async wrote(host: DeviceHost): Promise<void> {
    if (!hasDirectory(host)) return;
    const { archiveDevice } = host.settings;
    const directory = await realpath(archiveDevice).catch(() => archiveDevice);
    const point = mountOf(Buffer.from(directory).toString("latin1"), this.#readMounts())?.point ?? "/";
    if ((this.#points.get(archiveDevice) ?? "/") === point) return;
    this.#points = new Map([...this.#points, [archiveDevice, point]]);
    try {
      const text = JSON.stringify(Object.fromEntries(this.#points), null, 2);
      await writeFile(`${this.#file}.new`, `${text}\n`, { mode: 0o640, flush: true });
      await rename(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#log(`${this.#file} cannot be written: ${describeError(error)}`);
    }
  }
}

function hintFor(problem: string, file: string): string {
  return problem.includes("when it was last written to")
    ? `mount it; if the directory was moved to another file system on purpose, remove its line from ${file} and restart the storage daemon`
    : "mount its file system, writable";
}

function parsePoints(text: string): ReadonlyMap<string, string> {
  const read: unknown = JSON.parse(text);
  if (typeof read !== "object" || read === null) throw new SyntaxError("it is no list of directories");
  return new Map(Object.entries(read).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}
