import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Programs } from "#regress/programs.ts";
import type { LoopReport } from "./event-loop-probe.ts";

/** The same programs, with a Director whose event loop is watched; `file` receives what is seen. */
export function withProbedDirector(programs: Programs, file: string): Programs {
  const probe = join(import.meta.dirname, "event-loop-probe.ts");
  return {
    ...programs,
    dir: ["/usr/bin/env", `NODE_OPTIONS=--import=${probe}`, `NOCTURNE_BENCH_PROBE=${file}`, ...programs.dir],
  };
}

/** What the probe has seen; undefined while it has not looked yet. */
export function readProbe(file: string): LoopReport | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as LoopReport) : undefined;
}
