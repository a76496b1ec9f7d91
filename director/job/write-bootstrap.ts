import { spawn } from "node:child_process";
import { appendFile, writeFile } from "node:fs/promises";
import { splitCommand } from "#lib/base/split-command.ts";
import { bootstrapText } from "#lib/bootstrap/bootstrap-text.ts";
import { expandPercentCodes, type PercentValues } from "#lib/config/percent-codes.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { listJobRegions } from "#catalog/queries/job-media.ts";
import { makePlan } from "../restore/plan.ts";
import type { JobContext } from "./job-context.ts";
import type { SavedRun } from "./saved-run.ts";

/**
 * Writes what is needed to restore the job without a catalog to the file or command of WriteBootstrap. A Full begins the file anew,
 * other levels add to it. What fails is a warning: the save itself is good.
 */
export async function writeBootstrap(context: JobContext, run: SavedRun, values: PercentValues, files: number): Promise<void> {
  const { job, messages } = context;
  const target = job.effective.job.writeBootstrap;
  if (target === undefined || target === "") return;
  const expanded = expandPercentCodes(target, values);
  try {
    const text = await textOf(context, run, files);
    if (expanded.startsWith("|")) await pipeTo(expanded.slice(1), text);
    else await (job.level === "F" ? writeFile : appendFile)(expanded, text, { mode: 0o600 });
  } catch (error) {
    await messages.say("Warning", `Could not write the bootstrap to ${expanded}: ${describeError(error)}`);
  }
}

async function textOf(context: JobContext, run: SavedRun, files: number): Promise<string> {
  const { job, desk } = context;
  const storage = job.storage.resource;
  const regions = await listJobRegions(desk.catalog, [job.jobId]);
  const { volSessionId, volSessionTime } = run;
  const plan = makePlan([{ jobId: job.jobId, volSessionId, volSessionTime, indexes: null, files, regions }], () => ({
    storage: storage.name,
    device: storage.device[0] ?? "",
  }));
  return bootstrapText(plan.bootstrap, () => storage.name);
}

async function pipeTo(command: string, text: string): Promise<void> {
  const [program, ...args] = splitCommand(command);
  if (program === undefined) throw new OperatorError("BOOTSTRAP_COMMAND_FAILED", "the command is empty");
  const child = spawn(program, args, { stdio: ["pipe", "ignore", "inherit"] });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      code === 0
        ? resolve()
        : reject(new OperatorError("BOOTSTRAP_COMMAND_FAILED", `the command ended with ${signal ?? `status ${code}`}`)),
    );
  });
  child.stdin.on("error", () => {}); // a command that does not read to the end says so by its status
  child.stdin.end(text);
  await ended;
}
