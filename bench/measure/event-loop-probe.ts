/**
 * Preloaded into a daemon under measurement (`node --import`): a tick every 5 ms in its main thread notes how late it came and how much
 * of that time this thread itself computed. What it saw is written to the file that NOCTURNE_BENCH_PROBE names, twice a second.
 */
import { rename, writeFile } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** What the probe saw since the daemon started. */
export interface LoopReport {
  readonly ticks: number;
  /** Longest time that the loop answered nobody, ms; other processes on the same processors add to it. */
  readonly longestMs: number;
  /** Most processor time of the thread within one such gap, ms: this part is the daemon's own doing. */
  readonly longestBusyMs: number;
  /** The gaps in which it computed most. */
  readonly gaps: readonly LoopGap[];
}

/** A time in which the loop answered nobody. */
export interface LoopGap {
  /** Seconds since the start of the program. */
  readonly at: number;
  readonly ms: number;
  readonly busyMs: number;
}

const TICK_MS = 5;
const WRITE_MS = 500;
const LONG_MS = 20;
const GAPS_KEPT = 10;

function start(file: string): void {
  let seen: LoopReport = { ticks: 0, longestMs: 0, longestBusyMs: 0, gaps: [] };
  let last = performance.now();
  let cpu = process.threadCpuUsage();
  const tick = (): void => {
    const now = performance.now();
    const { user, system } = process.threadCpuUsage(cpu);
    const [late, busy] = [now - last - TICK_MS, (user + system) / 1000];
    seen = {
      ticks: seen.ticks + 1,
      longestMs: Math.max(seen.longestMs, late),
      longestBusyMs: Math.max(seen.longestBusyMs, busy),
      gaps: busy < LONG_MS ? seen.gaps : most([...seen.gaps, { at: now / 1000, ms: late, busyMs: busy }]),
    };
    last = now;
    cpu = process.threadCpuUsage();
  };
  // Renamed into place: whoever reads meanwhile finds a whole report.
  const write = (): void => writeFile(`${file}.new`, JSON.stringify(seen), () => rename(`${file}.new`, file, () => {}));
  // The start of a program is one long gap, which is not asked about: the first second is left out.
  setTimeout(() => {
    last = performance.now();
    cpu = process.threadCpuUsage();
    setInterval(tick, TICK_MS).unref();
    setInterval(write, WRITE_MS).unref();
  }, 1000).unref();
}

function most(gaps: readonly LoopGap[]): LoopGap[] {
  return gaps.toSorted((a, b) => b.busyMs - a.busyMs).slice(0, GAPS_KEPT);
}

const wanted = process.env["NOCTURNE_BENCH_PROBE"];
if (isMainThread && wanted !== undefined) start(wanted);
