import { Mutex } from "#lib/base/lock.ts";
import type { SessionKey } from "../volume/block.ts";
import type { ContainerWriter } from "./container-writer.ts";

/** A job that appends to a domain. */
export class RunningSession {
  readonly key: SessionKey;
  readonly jobId: number;
  /** The container that its new chunks go to. */
  writer: ContainerWriter | undefined;
  /** Containers that it began and that are not sealed yet. */
  readonly unsealed = new Set<ContainerWriter>();
  /** Full containers of it that are being made durable. */
  readonly sealing = new Set<Promise<void>>();
  /** Writes that are under way. */
  readonly writes = new Set<Promise<void>>();
  /** A container that is being made for it. */
  opening: Promise<void> | undefined;
  /** Commit and abandon wait for each other. */
  readonly turn = new Mutex();
  /** It is being committed or given up: nothing more is taken in. */
  isEnding = false;

  constructor(key: SessionKey, jobId: number) {
    this.key = key;
    this.jobId = jobId;
  }
}
