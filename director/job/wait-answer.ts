import type { WaitTarget } from "./engine.ts";
import type { JobView } from "./job-view.ts";

/** What a wait ends with: the job's view, null where no single job was meant, undefined while it goes on. `terminated` is oldest first. */
export function waitAnswer(
  target: WaitTarget,
  live: readonly JobView[],
  terminated: readonly JobView[],
): JobView | null | undefined {
  switch (target.kind) {
    case "all":
      return live.length === 0 ? null : undefined;
    case "jobId": {
      const isLive = live.some((view) => view.jobId === target.jobId);
      return isLive ? undefined : (terminated.find((view) => view.jobId === target.jobId) ?? null);
    }
    case "job": {
      const isMeant = (view: JobView) => view.job === target.job || view.name === target.job;
      return live.some(isMeant) ? undefined : (terminated.findLast(isMeant) ?? null);
    }
    case "mount": {
      const needy = live.find((view) => view.status === "M" || view.status === "m");
      return needy ?? (live.length === 0 ? null : undefined);
    }
  }
}
