import type { AccurateChunk, EstimateReply, EstimateRequest } from "#proto/filed.ts";
import type { SetDebugRequest } from "#proto/common.ts";
import type {
  AdmitReplicaRequest,
  ChangerReply,
  ChangerRequest,
  DedupRequest,
  DeviceReply,
  DeviceRequest,
  DeviceSpace,
  ForgetSessionsRequest,
  LabelRequest,
  MediumRequest,
  ReplicateRequest,
  SpaceRequest,
} from "#proto/stored.ts";

/** Lines of a daemon's answer to `status`. */
export interface StatusLines {
  readonly lines: readonly string[];
}

/** How a daemon is known to others that the Director introduces to it. */
export interface DaemonIdentity {
  readonly name: string;
  readonly certificateSha256: Buffer;
}

/**
 * What console commands ask of one file daemon. Every call dials if needed, is bounded in time, and throws an OperatorError
 * (RPC codes) that names the client and its address.
 */
export interface FileDaemonCalls {
  status(options: { readonly sections?: readonly string[]; readonly api?: boolean }, signal: AbortSignal): Promise<StatusLines>;
  /** Sends what an accurate estimate compares with, before it is asked for. */
  sendAccurate(chunks: AsyncIterable<AccurateChunk>, signal: AbortSignal): Promise<void>;
  estimate(request: EstimateRequest, signal: AbortSignal): AsyncIterable<EstimateReply>;
  setDebug(request: SetDebugRequest, signal: AbortSignal): Promise<void>;
}

/** What console commands ask of one storage daemon; likewise. */
export interface StorageDaemonCalls {
  status(options: { readonly sections?: readonly string[]; readonly api?: boolean }, signal: AbortSignal): Promise<StatusLines>;
  label(request: LabelRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  mount(request: DeviceRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  unmount(request: DeviceRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  release(request: DeviceRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  /** Shows the label of a medium, reads all of it, or formats it. */
  medium(request: MediumRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  changer(request: ChangerRequest, signal: AbortSignal): AsyncIterable<ChangerReply>;
  dedup(request: DedupRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  replicate(request: ReplicateRequest, signal: AbortSignal): AsyncIterable<DeviceReply>;
  admitReplica(request: AdmitReplicaRequest, signal: AbortSignal): Promise<void>;
  /** Resolves when the daemon has noted it: the space is freed later. */
  forgetSessions(request: ForgetSessionsRequest, signal: AbortSignal): Promise<void>;
  /** Room of disk devices; others are left out. */
  space(request: SpaceRequest, signal: AbortSignal): Promise<readonly DeviceSpace[]>;
  /** What the daemon calls itself, and SHA-256 of the certificate that it shows. */
  identify(signal: AbortSignal): Promise<DaemonIdentity>;
  setDebug(request: SetDebugRequest, signal: AbortSignal): Promise<void>;
}

/** Access to every daemon that the configuration names, by resource name. */
export interface DaemonDirectory {
  fileDaemon(client: string): FileDaemonCalls;
  storageDaemon(storage: string): StorageDaemonCalls;
}
