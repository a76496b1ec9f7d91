import { createRequire } from "node:module";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { invariant } from "#lib/base/assert.ts";

/** The calls of the system for pipes that Node has not; descriptors are of this process. */
export interface PipeCalls {
  /** A pipe whose ends do not block and are not inherited. Throws when the process has too many files open. */
  pipe(): { readonly readEnd: number; readonly writeEnd: number };
  /** Waits until something can be done with one of them, at most so long. Answers for each whether it can (or has ended). */
  poll(waits: readonly PipeWait[], ms: number): boolean[];
}

/** A descriptor and what is wanted of it. */
export interface PipeWait {
  readonly fd: number;
  readonly wants: "read" | "write";
}

const O_NONBLOCK_CLOEXEC = 0o2004000;
const POLLIN = 1;
const POLLOUT = 4;
const POLLFD_BYTES = 8;

interface Library {
  func(definition: string): (...values: unknown[]) => number;
}

let loaded: PipeCalls | undefined;

/** The calls; DEVICE_TYPE_UNSUPPORTED where this system's C library cannot be had. */
export function pipeCalls(): PipeCalls {
  loaded ??= load();
  return loaded;
}

function load(): PipeCalls {
  let library: Library;
  try {
    library = (createRequire(import.meta.url)("koffi") as { load(path: string): Library }).load("libc.so.6");
  } catch (cause) {
    throw new OperatorError(
      "DEVICE_TYPE_UNSUPPORTED",
      "Device Type = Fifo needs the C library of Linux, which cannot be loaded",
      {
        cause,
      },
    );
  }
  const pipe2 = library.func("int pipe2(void*, int)");
  const poll = library.func("int poll(void*, unsigned long, int)");
  return {
    pipe: () => {
      const ends = new Int32Array(2);
      if (pipe2(ends, O_NONBLOCK_CLOEXEC) !== 0)
        throw new OperatorError("DEVICE_OPEN_FAILED", "no pipe can be made: too many open files");
      return { readEnd: ends[0] ?? -1, writeEnd: ends[1] ?? -1 };
    },
    poll: (waits, ms) => {
      const list = Buffer.alloc(waits.length * POLLFD_BYTES);
      for (const [index, { fd, wants }] of waits.entries()) {
        invariant(fd >= 0, "an open descriptor");
        list.writeInt32LE(fd, index * POLLFD_BYTES);
        list.writeInt16LE(wants === "read" ? POLLIN : POLLOUT, index * POLLFD_BYTES + 4);
      }
      poll(list, waits.length, ms); // a signal that comes between looks like nothing having happened
      return waits.map((_wait, index) => list.readInt16LE(index * POLLFD_BYTES + 6) !== 0);
    },
  };
}
