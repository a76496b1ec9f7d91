import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runPage, type KeptRun } from "./markdown.ts";

const RESULTS = join(import.meta.dirname, "../results");

/** Keeps a run as JSON, and as the page latest.md unless it was a smoke test. Gives the names of the files. */
export function keepRun(run: KeptRun): string[] {
  const dir = run.isQuick ? join(import.meta.dirname, "../../.cache/bench") : RESULTS;
  mkdirSync(dir, { recursive: true });
  const files = [
    { name: `${run.when.slice(0, 16).replaceAll(/[:T]/g, "-")}-${run.commit}.json`, text: `${JSON.stringify(run, null, 1)}\n` },
    { name: "latest.md", text: runPage(run) },
  ];
  return files.map(({ name, text }) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  });
}
