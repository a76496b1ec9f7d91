import { readFile, rename, writeFile } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { HandledMark } from "./due-runs.ts";

/**
 * Reads how far the Scheduler of an earlier Director had come; null if there was none. Throws SCHEDULE_MARK_DAMAGED for a file that is
 * not such a mark.
 */
export async function readMark(path: string): Promise<HandledMark | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw damaged(path, error);
  }
  const [handledMs, furthestMs] = text.split("\n", 2).map((line) => Date.parse(line));
  if (handledMs === undefined || furthestMs === undefined || Number.isNaN(handledMs) || Number.isNaN(furthestMs))
    throw damaged(path);
  return { handledMs, furthestMs };
}

/** Writes it in place of the one before, never half: two lines, ISO times in UTC. */
export async function writeMark(path: string, { handledMs, furthestMs }: HandledMark): Promise<void> {
  const text = `${new Date(handledMs).toISOString()}\n${new Date(furthestMs).toISOString()}\n`;
  await writeFile(`${path}.new`, text, { flush: true, mode: 0o600 });
  await rename(`${path}.new`, path);
}

function damaged(path: string, cause?: unknown): OperatorError {
  return new OperatorError("SCHEDULE_MARK_DAMAGED", `${path} does not say how far the Scheduler had come`, {
    hint: "runs that were missed before this start are not known",
    ...(cause === undefined ? {} : { cause }),
  });
}
