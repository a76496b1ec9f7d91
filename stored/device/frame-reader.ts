import { closeSync, openSync, readvSync } from "node:fs";
import { must } from "#lib/base/assert.ts";
import { FRAME_HEADER_BYTES, FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import { containerPath } from "../chunks/container-name.ts";

/** A frame that is to be read from a container. */
export interface WantedFrame {
  /** Directory of the containers, number of the container, address of the frame in it. */
  readonly directory: string;
  readonly container: number;
  readonly offset: number;
  /** Room for the frame, as long as it is. */
  readonly into: Uint8Array;
  readonly id: Uint8Array;
}

/** A frame that could not be had. `what` completes a sentence about its chunk. */
export interface FailedFrame<Frame extends WantedFrame> {
  readonly frame: Frame;
  readonly what: string;
}

/** Containers kept open. */
const OPEN_MAX = 16;

/** Bytes between two wanted frames that are read along, because a read of its own would cost more. */
const GAP_BYTES_MAX = 64 * 1024;

/** Most bytes of one read, and most pieces: the kernel takes 1024. */
const READ_BYTES_MAX = 4 * 1024 * 1024;
const READ_PIECES_MAX = 500;

/** Reads frames from containers, straight to where they are wanted: in the order of the containers, neighbours in one read. Calls block. */
export class FrameReader implements Disposable {
  /** Open containers by path, the one that was used last at the end. */
  readonly #open = new Map<string, number>();
  readonly #gap = new Uint8Array(GAP_BYTES_MAX);

  /** Reads and checks these frames; answers those that could not be had. What failed has undefined bytes. */
  read<Frame extends WantedFrame>(wanted: readonly Frame[]): FailedFrame<Frame>[] {
    const sorted = wanted.toSorted((a, b) => a.container - b.container || a.offset - b.offset);
    const failed: FailedFrame<Frame>[] = [];
    for (let at = 0; at < sorted.length;) {
      const run = runFrom(sorted, at);
      at += run.length;
      const fault = this.#tryRun(run);
      if (fault !== undefined && run.length === 1) failed.push({ frame: must(run[0], "a frame"), what: fault });
      // One bad sector costs the frames that it lies in, not their neighbours.
      else if (fault !== undefined) for (const frame of run) failed.push(...this.#readAlone(frame));
      else
        for (const frame of run) {
          const what = faultOf(frame);
          if (what !== undefined) failed.push({ frame, what });
        }
    }
    return failed;
  }

  #readAlone<Frame extends WantedFrame>(frame: Frame): FailedFrame<Frame>[] {
    const what = this.#tryRun([frame]) ?? faultOf(frame);
    return what === undefined ? [] : [{ frame, what }];
  }

  /** Reads a run; answers why that could not be done. */
  #tryRun(run: readonly WantedFrame[]): string | undefined {
    try {
      this.#readRun(run);
      return undefined;
    } catch (error) {
      return `its container cannot be read (${systemErrorText(error)})`;
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  /** One read for the whole run, each frame to its place. Throws what the kernel says. */
  #readRun(run: readonly WantedFrame[]): void {
    const first = run[0];
    if (first === undefined) return;
    const pieces: Uint8Array[] = [];
    let at = first.offset;
    for (const { offset, into } of run) {
      if (offset > at) pieces.push(this.#gap.subarray(0, offset - at));
      // The same chunk twice in a window: read once, copied.
      if (offset >= at) pieces.push(into);
      at = Math.max(at, offset + into.byteLength);
    }
    readAll(this.#container(first), pieces, first.offset);
    for (const [index, frame] of run.entries()) {
      const before = run[index - 1];
      if (before !== undefined && before.offset === frame.offset)
        frame.into.set(before.into.subarray(0, frame.into.byteLength));
    }
  }

  #container({ directory, container }: WantedFrame): number {
    const path = containerPath(directory, container);
    const fd = this.#open.get(path) ?? openSync(path, "r");
    this.#open.delete(path);
    this.#open.set(path, fd);
    for (const [oldest, oldFd] of this.#open) {
      if (this.#open.size <= OPEN_MAX) break;
      this.#open.delete(oldest);
      closeSync(oldFd);
    }
    return fd;
  }
}

/** Fills the pieces one after the other; those behind the end of the file stay as they are. */
function readAll(fd: number, pieces: Uint8Array[], address: number): void {
  let left = pieces;
  for (let at = address; left.length > 0;) {
    let count = readvSync(fd, left, at);
    if (count === 0) {
      for (const piece of left) piece.fill(0);
      return;
    }
    at += count;
    const rest: Uint8Array[] = [];
    for (const piece of left) {
      const taken = Math.min(count, piece.byteLength);
      count -= taken;
      if (taken < piece.byteLength) rest.push(piece.subarray(taken));
    }
    left = rest;
  }
}

/** The frames from `from` on that one read fetches. */
function runFrom<Frame extends WantedFrame>(sorted: readonly Frame[], from: number): readonly Frame[] {
  const first = sorted[from];
  if (first === undefined) return [];
  let end = first.offset + first.into.byteLength;
  let to = from + 1;
  for (; to < sorted.length && to - from < READ_PIECES_MAX; to += 1) {
    const next = sorted[to];
    if (next === undefined || next.container !== first.container || next.directory !== first.directory) break;
    const isRepeat = next.offset === sorted[to - 1]?.offset && next.into.byteLength === sorted[to - 1]?.into.byteLength;
    const gap = next.offset - end;
    // Frames that overlap cannot both be sound; each gets a read of its own, and its check.
    if (!isRepeat && (gap < 0 || gap > GAP_BYTES_MAX)) break;
    const nextEnd = Math.max(end, next.offset + next.into.byteLength);
    if (nextEnd - first.offset > READ_BYTES_MAX) break;
    end = nextEnd;
  }
  return sorted.slice(from, to);
}

/** What is wrong with a frame that was read; undefined if it is the one that is wanted, and intact. */
function faultOf({ into, id }: WantedFrame): string | undefined {
  if (into.byteLength < FRAME_HEADER_BYTES) return "its entry in the index is broken";
  try {
    const frame = new FrameCursor(into);
    frame.next();
    if (Buffer.compare(frame.id, id) !== 0 || frame.end !== into.byteLength)
      return "its container holds something else in its place";
    return frame.isIntact ? undefined : "the checksum of its frame is wrong";
  } catch (error) {
    if (error instanceof OperatorError) return "its container holds something else in its place";
    throw error;
  }
}
