/**
 * `npm test`: system packages, static checks, regression scenarios, unit tests; one summary line at the end.
 * Usage: test.ts [--only=checks|unit|regress] [NAME...], where NAME is a part of the path of a test file.
 * With CI=true a test that cannot run for want of something counts as failed, and up to SECOND_TRIES_MAX files whose tests failed run once
 * more, alone: what holds then is named and counted as unsteady, so that one unlucky moment among 1,600 tests neither stops a release nor
 * goes unseen.
 */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { type CheckResult, runChecks } from "./checks.ts";
import { installSystemPackages } from "./system-packages.ts";

/** For all tests of a file. A machine that is five times slower than usual stays below it; what hangs does not. */
const FILE_TIMEOUT_MS = 900_000;
/** Begin of the paths of files that take longest. They go first, so that none is left to run alone in the end. */
const LONGEST = [
  "regress/tests/dedup",
  "regress/tests/retention",
  "regress/tests/btrfs",
  "regress/",
  "bench/smoke",
  "stored/d",
];
/** More failures than this are no accident. */
const SECOND_TRIES_MAX = 3;

interface Failure {
  readonly name: string;
  readonly detail: string;
  /** The test file whose output may explain it. */
  readonly file: string | undefined;
}

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const inCi = process.env.CI === "true";
/** Facts that failed once and held when their file ran alone. */
const unsteady: Failure[] = [];
/** The last lines that each test file printed. */
const outputs = new Map<string, string[]>();
const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
const failures: Failure[] = [];

process.chdir(new URL("..", import.meta.url).pathname);
const only = process.argv.find((word) => word.startsWith("--only="))?.slice("--only=".length);
const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const files = globSync("**/*.test.ts", { exclude: ["node_modules/**", ".cache/**", ".quickstart/**"] })
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .toSorted();
const wanted = files
  .filter((file) => only === undefined || only === (isScenario(file) ? "regress" : "unit"))
  .toSorted((a, b) => rank(a) - rank(b));
const started = performance.now();
// One more file at a time than there are cores: tests wait for disks and for each other's daemons, too.
const lanes = availableParallelism() + 1;
// What was compiled once serves all test processes, their worker threads and the daemons that they start.
process.env.NODE_COMPILE_CACHE ??= `${process.cwd()}/.cache/compile`;

if (only !== "checks") installSystemPackages(say);
const withChecks = (only === undefined && names.length === 0) || only === "checks";
await Promise.all([withChecks ? doChecks() : undefined, wanted.length > 0 ? doTests(wanted) : undefined]);

if (inCi) await tryAgain();
for (const failure of unsteady) showFailure("UNSTEADY", failure);
for (const failure of failures) showFailure("FAILED", failure);
say(`\n${((performance.now() - started) / 1000).toFixed(0)} seconds`);
say(
  `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped${unsteady.length === 0 ? "" : `, ${unsteady.length} of the passed unsteady`}`,
);
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function showFailure(word: string, { name, detail, file }: Failure): void {
  const output = (outputs.get(file ?? "") ?? []).join("");
  say(
    `\n${word} ${name}\n${indent(`${detail.trimEnd()}${output === "" ? "" : `\nOutput of the file:\n${output.trimEnd()}`}`)}`,
  );
}

/** Runs the files of failed tests once more, one at a time. A file in which anything fails again keeps all its failures. */
async function tryAgain(): Promise<void> {
  const again = new Set(failures.flatMap(({ file }) => (file === undefined ? [] : [file])));
  if (again.size === 0 || again.size > SECOND_TRIES_MAX) return;
  for (const file of again) {
    say(`once more: ${shortPath(file)}`);
    let held = true;
    for await (const event of run({ files: [file], concurrency: 1, timeout: FILE_TIMEOUT_MS })) {
      if (event.type === "test:fail") held = false;
    }
    if (held) takeBack(file);
  }
}

function takeBack(file: string): void {
  for (const failure of failures.filter((one) => one.file === file)) {
    failures.splice(failures.indexOf(failure), 1);
    unsteady.push(failure);
    tally.failed -= 1;
    tally.passed += 1;
  }
}

async function doChecks(): Promise<void> {
  for await (const result of runChecks()) recordCheck(result);
}

function recordCheck({ name, ok, output, seconds }: CheckResult): void {
  if (ok) tally.passed += 1;
  else fail(`check: ${name}`, output);
  say(`${ok ? "ok" : "NOT OK"}  ${name} (${seconds.toFixed(1)} s)`);
}

function fail(name: string, detail: string, file?: string): void {
  tally.failed += 1;
  failures.push({ name, detail, file });
}

function isScenario(file: string): boolean {
  return file.startsWith("regress/");
}

function rank(file: string): number {
  const found = LONGEST.findIndex((start) => file.startsWith(start));
  return found < 0 ? LONGEST.length : found;
}

/** Runs test files in processes of their own and counts every test in them. */
async function doTests(testFiles: readonly string[]): Promise<void> {
  const counts = { "regression scenarios": 0, "unit tests": 0 };
  const stream = run({ files: [...testFiles], concurrency: lanes, timeout: FILE_TIMEOUT_MS });
  for await (const event of stream) {
    if (event.type === "test:stderr" || event.type === "test:stdout") {
      const lines = outputs.get(event.data.file) ?? [];
      outputs.set(event.data.file, [...lines.slice(-200), event.data.message]);
    }
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, file, details, skip } = event.data;
    if (details.type === "suite" && event.type === "test:pass") continue;
    const label = testFiles.some((one) => file?.endsWith(one)) ? `${shortPath(file)}: ${name}` : name;
    const seconds = (details.duration_ms / 1000).toFixed(1);
    counts[isScenario(shortPath(file)) ? "regression scenarios" : "unit tests"] += 1;
    if (skip !== undefined && skip !== false) {
      say(`skipped  ${label}${typeof skip === "string" ? ` (${skip})` : ""}`);
      if (inCi) fail(label, `cannot run here, and nothing may be skipped with CI=true: ${skip}`);
      else tally.skipped += 1;
    } else if (event.type === "test:pass") {
      tally.passed += 1;
      if (details.duration_ms > 5000 || testFiles.length < 5) say(`ok  ${label} (${seconds} s)`);
    } else if (!isParentOfFailure(event.data.details.error)) {
      say(`NOT OK  ${label} (${seconds} s)`);
      fail(label, describe(event.data.details.error), file);
    }
  }
  for (const [title, count] of Object.entries(counts)) if (count > 0) say(`-- ${title}: ${count}`);
}

/** A suite or file that failed only because a test inside it did is not counted again. */
function isParentOfFailure(error: Error): boolean {
  return (error as { failureType?: string }).failureType === "subtestsFailed";
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

function shortPath(file: string | undefined): string {
  return file === undefined ? "" : file.replace(`${process.cwd()}/`, "");
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
