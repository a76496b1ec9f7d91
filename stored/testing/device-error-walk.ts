/*
 * Runs a whole storage daemon on a disk that fails (failing-calls.ts), once for each place and each way of failing, and tells for each what came of it, a line of
 * JSON each: `node --import ./failing-calls.ts device-error-walk.ts <options>`.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { describeError } from "#lib/errors/operator-error.ts";
import { callCounts, callKinds, planFailure } from "./failing-calls.ts";
import { fileBatches } from "./file-batches.ts";
import { restoredRecords } from "./restored-records.ts";
import { StorageWorld } from "./storage-world.ts";
import type { CallKind, Failure, FaultPlan } from "./failing-calls.ts";
import type { SavedJob } from "./restored-records.ts";

/** What is walked through. */
export interface WalkOptions {
  readonly kinds: readonly CallKind[];
  readonly failures: readonly Failure[];
  readonly lasting: readonly boolean[];
  /** The first place, and how many from there to the next. */
  readonly first: number;
  readonly step: number;
  /** Further directives of the device. */
  readonly device: string;
}

/** What came of one run. */
export interface WalkedRun {
  readonly plan: FaultPlan;
  /** How often the failure was met; 0 ends the walk of its kind. */
  readonly failed: number;
  /** JobStatus of the two jobs. */
  readonly statuses: readonly string[];
  readonly warnings: number;
  /** VolStatus of all Volumes. */
  readonly volumes: readonly string[];
  readonly messages: readonly string[];
  /** What is wrong; "": nothing. */
  readonly fault: string;
}

/** A job longer than this hangs. */
const RUN_MS = 20_000;

const first = fileBatches(9, 130_000, 1);
const second = fileBatches(5, 90_000, 2);

/** One job that goes over several Volumes, one that appends behind it; then both are restored from a disk that is sound again. */
async function run(plan: FaultPlan, options: WalkOptions): Promise<WalkedRun> {
  await using world = await StorageWorld.start({ device: `Device Probe Limit = 0; ${options.device}` });
  world.catalog.maxBytes = 400_000;
  world.catalog.volumesMax = 12;
  const jobs: { readonly saved: SavedJob; readonly sent: Buffer }[] = [];
  let fault = "";
  planFailure(plan);
  const deadline = setTimeout(() => {
    throw new Error(`hangs: ${JSON.stringify(plan)}`);
  }, RUN_MS);
  try {
    for (const batches of [first, second]) {
      const saved = await world.append(batches, { maxWaitS: 1 });
      jobs.push({ saved, sent: Buffer.concat(batches) });
    }
    const { failed } = callCounts();
    planFailure(undefined);
    for (const { saved, sent } of jobs) fault ||= await judge(world, saved, sent);
    const all = jobs.flatMap(({ saved }) => saved.messages);
    fault ||= volumesOf(world).find(({ problem }) => problem !== "")?.problem ?? "";
    return {
      plan,
      failed,
      statuses: jobs.map(({ saved }) => saved.end.status),
      warnings: jobs.reduce((sum, { saved }) => sum + saved.end.warnings, 0),
      volumes: volumesOf(world).map(({ status }) => status),
      messages: all,
      fault,
    };
  } finally {
    planFailure(undefined);
    clearTimeout(deadline);
  }
}

/** What is wrong with how a job ended. */
async function judge(world: StorageWorld, saved: SavedJob, sent: Buffer): Promise<string> {
  if (saved.end.status !== "T") {
    return saved.messages.some((text) => /[A-Z]{4,}|No space|error|failed/i.test(text)) ? "" : "it failed without saying why";
  }
  try {
    const records = await restoredRecords(world, saved);
    assert.ok(records.equals(sent), `${records.byteLength} bytes came back of ${sent.byteLength}`);
    return "";
  } catch (error) {
    return `a job that ended well is not restored: ${describeError(error)}`;
  }
}

function volumesOf(world: StorageWorld) {
  return [...world.catalog.volumes.values()].map(({ volume, status, bytes }) => {
    const isThere = existsSync(`${world.volumes}/${volume}`);
    const problem = status === "Append" && bytes > 0 && !isThere ? `Volume ${volume} is not there, but may be appended to` : "";
    return { status, problem };
  });
}

/** All places of a kind of call, for one failure. */
async function* walk(options: WalkOptions): AsyncGenerator<WalkedRun> {
  for (const kind of options.kinds)
    for (const failure of options.failures) {
      if ((failure === "SHORT" || failure === "ZERO") && kind !== "write" && kind !== "read") continue;
      for (const isLasting of options.lasting)
        for (let at = options.first; ; at += options.step) {
          const walked = await run({ kind, at, failure, isLasting }, options);
          if (walked.failed === 0) break;
          yield walked;
        }
    }
}

const wish = JSON.parse(process.argv[2] ?? "{}") as Partial<WalkOptions>;
const options: WalkOptions = { kinds: callKinds, failures: ["EIO"], lasting: [false], first: 1, step: 1, device: "", ...wish };
for await (const walked of walk(options)) process.stdout.write(`${JSON.stringify(walked)}\n`);
await rm(process.env.NOCTURNE_FAILING_BELOW ?? "", { recursive: true, force: true });
