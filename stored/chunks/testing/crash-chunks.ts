import { noise } from "./store-bench.ts";

/** The chunks that a job of the crash test saves: some of its own, some that many jobs have. */
export function chunksOfJob(id: number): Buffer[] {
  const own = Array.from({ length: 12 }, (_, i) => noise(id * 100 + i, 500 + ((id * 37 + i * 91) % 3000)));
  const shared = Array.from({ length: 12 }, (_, i) => noise(1 + ((id * 5 + i * 3) % 60), 1500));
  return [...own, ...shared];
}
