import type { Mount } from "#lib/platform/mounts.ts";

/** What is known of the directory of a device. Paths are without links. */
export interface PlaceFacts {
  readonly directory: string;
  readonly isThere: boolean;
  readonly mayWrite: boolean;
  /** What it lies on; undefined where the system has no mount table. */
  readonly mount: Mount | undefined;
  /** Where the file system was mounted that it lay on when it was last written to; undefined: never, or on the root. */
  readonly lastPoint: string | undefined;
  /** Where a file system must be mounted, as the configuration says; undefined: nothing is said. */
  readonly mountPoint: string | undefined;
}

/** Why nothing may be written to the directory of a device; "" if it may. */
export function placeProblem(facts: PlaceFacts): string {
  const { directory, mount, mountPoint, lastPoint } = facts;
  if (mount !== undefined) {
    if (mountPoint !== undefined && mount.point !== mountPoint)
      return `${directory} is not mounted: nothing is mounted at ${mountPoint}, its Mount Point, but it lies on the file system of ${mount.point}`;
    if (lastPoint !== undefined && isAbove(mount.point, lastPoint))
      return `${directory} is not mounted: when it was last written to it lay on a file system that was mounted at ${lastPoint}, and now it lies on that of ${mount.point}`;
  }
  if (!facts.isThere) return `${directory} is not there, or is no directory`;
  if (mount?.isReadOnly === true) return `${directory} is mounted read-only (${mount.source} on ${mount.point})`;
  return facts.mayWrite ? "" : `${directory} is not writeable for the storage daemon`;
}

/** Whether one mount point lies above another. */
function isAbove(upper: string, lower: string): boolean {
  return upper !== lower && (upper === "/" || lower.startsWith(`${upper}/`));
}

/** Identifies a file system: those with the same value share their room. "" where the system has no mount table. */
export function fileSystemOf(mount: Mount | undefined): string {
  if (mount === undefined) return "";
  const isNamed = mount.source.startsWith("/") || mount.source.includes(":");
  return isNamed ? mount.source : `${mount.source} on ${mount.point}`;
}
