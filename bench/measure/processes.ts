import { readFileSync } from "node:fs";

/** The kernel's unit of process times (USER_HZ), the same on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** What a process has used so far. */
export interface ProcessUse {
  /** Seconds of processor time, all threads. */
  readonly cpuSeconds: number;
  /** Largest resident set so far, bytes. */
  readonly peakBytes: number;
  /** Resident set now, bytes. */
  readonly residentBytes: number;
}

/** What a process has used; undefined when it is gone. */
export function useOf(pid: number): ProcessUse | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before may hold blanks
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
      peakBytes: kilobytes(status, "VmHWM"),
      residentBytes: kilobytes(status, "VmRSS"),
    };
  } catch {
    return undefined;
  }
}

function kilobytes(status: string, label: string): number {
  return Number(new RegExp(`^${label}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
}
