import { OperatorError } from "#lib/errors/operator-error.ts";
import { followJobHandler } from "#lib/job-log/serve.ts";
import type { JobLogStore } from "#lib/job-log/store.ts";
import type { CallContext, Handlers } from "#lib/rpc/call.ts";
import type { FileDaemonService } from "#proto/filed.ts";
import type { SetDebugRequest, StatusRequest } from "#proto/common.ts";
import { estimate } from "#filed/estimate/estimate.ts";
import type { FileJobs } from "#filed/job/file-jobs.ts";

/** What the service needs of the daemon. */
export interface FileServiceParts {
  readonly jobs: FileJobs;
  readonly store: JobLogStore;
  /** True if the Director of this name may only ask for the status. */
  readonly isMonitor: (director: string) => boolean;
  /** Bytes a second that the daemon allows a job of this Director; 0: no limit. */
  readonly bandwidthOf: (director: string) => number;
  readonly status: (request: StatusRequest) => string[];
  readonly setDebug: (request: SetDebugRequest) => void;
  /** Told whenever a Director calls. */
  readonly onCall: () => void;
}

/** The file daemon's service: unpacks, calls, packs. */
export function fileService(parts: FileServiceParts): Handlers<typeof FileDaemonService> {
  const { jobs, store } = parts;
  const follow = followJobHandler(store);
  const mayCommand = (call: CallContext): void => {
    parts.onCall();
    if (parts.isMonitor(call.peer.name))
      throw new OperatorError(
        "RPC_NOT_ALLOWED",
        `Director "${call.peer.name}" may only ask for the status here (Monitor = yes)`,
      );
  };
  return {
    startJob: async (request, call) => {
      mayCommand(call);
      const bandwidthBytesPerS = tightest([request.bandwidthBytesPerS, parts.bandwidthOf(call.peer.name)]);
      return { known: !(await jobs.start({ ...request, bandwidthBytesPerS }, call.peer.name)) };
    },
    sendAccurate: async (requests, call) => {
      mayCommand(call);
      for await (const { job, files } of requests) {
        if (job === undefined) throw new OperatorError("RPC_MESSAGE_INVALID", "an accurate list must name its job");
        jobs.addAccurate(job, files);
      }
      return {};
    },
    followJob: (requests, call) => {
      mayCommand(call);
      return follow(requests, call);
    },
    cancelJob: async (request, call) => {
      mayCommand(call);
      if (request.job !== undefined) jobs.cancel(request.job, request.incomplete);
      return {};
    },
    estimate: async function* (request, call) {
      mayCommand(call);
      if (request.work === undefined)
        throw new OperatorError("RPC_MESSAGE_INVALID", "an estimate must say what is to be saved");
      const accurate = request.job === undefined ? undefined : jobs.takeAccurate(request.job)?.table;
      yield* estimate({ work: request.work, listing: request.listing, accurate, signal: call.signal });
    },
    status: async (request) => {
      parts.onCall();
      return { lines: parts.status(request) };
    },
    setDebug: async (request, call) => {
      mayCommand(call);
      parts.setDebug(request);
      return {};
    },
  };
}

/** The lowest limit of several; 0 is none. */
export function tightest(limits: readonly number[]): number {
  const set = limits.filter((limit) => limit > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}
