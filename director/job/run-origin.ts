import type { RunRequest } from "./run-request.ts";

/** Says in the job's log who wanted it: a Schedule (Automatic), or somebody (Manual). */
export function originLine({ origin, reruns = 0 }: Pick<RunRequest, "origin" | "reruns">): string {
  const again = reruns === 0 ? "" : `, run again for the ${reruns}. time after it failed`;
  switch (origin.kind) {
    case "schedule":
      return `Origin: Automatic, Schedule "${origin.schedule}"${again}`;
    case "console":
      return `Origin: Manual, console "${origin.user}"${again}`;
    case "job":
      return `Origin: Automatic, JobId ${origin.jobId}${again}`;
  }
}
