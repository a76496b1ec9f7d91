import { arch, platform } from "node:os";
import { RELEASE } from "#lib/rpc/versions.ts";
import type { ReportHead } from "./job/report.ts";

/** Day of the release. */
export const RELEASE_DAY = "21 November 2026";
const RELEASE_DATE = "21Nov26";

/** Version and system as `version` prints them. */
export const VERSION = `${RELEASE} (${RELEASE_DAY}) ${platform()} ${arch()}`;

/** Who reports, for the first lines of job reports. */
export function reportHead(director: string): ReportHead {
  return {
    director,
    version: RELEASE,
    date: RELEASE_DATE,
    buildOs: `${arch() === "x64" ? "x86_64" : arch()}-${platform()} node ${process.versions.node}`,
  };
}
