import { spawnSync } from "node:child_process";
import { existsSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { runCatalogVerb } from "../catalog.ts";
import { initSite } from "../init/init.ts";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { planSite, type SitePlan } from "../init/site-plan.ts";
import { BIN, localDaemons } from "../service/daemons.ts";
import { startDaemon, stopDaemon } from "../service/service.ts";
import { compareTrees } from "./compare-trees.ts";
import { ScriptedConsole } from "./console.ts";
import { freePortRun } from "./free-ports.ts";
import { ProgressLine } from "./progress.ts";

const SCRATCH = join(import.meta.dirname, "../../.quickstart");

export interface QuickstartOptions {
  /** What to save. */
  readonly source: string;
  /** Where to make the site; a new directory of the checkout's .quickstart if undefined. */
  readonly dir: string | undefined;
  readonly keep: boolean;
  /** Saves into the deduplicating store instead of File Volumes. */
  readonly dedup: boolean;
  readonly say: (line: string) => void;
}

/**
 * The whole way once: a site in a directory of its own, a backup of `source`, a restore to another directory, a comparison.
 * True if both jobs ended OK and the trees are the same. What it started is stopped again, unless `keep`.
 */
export async function quickstart({ source, dir, keep, dedup, say }: QuickstartOptions): Promise<boolean> {
  const from = realSource(source);
  const base = dir ?? join(SCRATCH, `run-${process.pid}`);
  if (existsSync(base))
    throw new OperatorError("SETUP_PARTIAL", `${base} exists already`, { hint: "name a directory that does not exist" });
  const plan = await makeSite(base, from, say);
  const configDir = plan.configDir;
  let ok = false;
  try {
    for (const daemon of await localDaemons(configDir)) {
      await startDaemon(daemon);
      say(`Started ${daemon.program} on ${daemon.host}:${daemon.port}.`);
    }
    ok = await saveRestoreCompare(plan, { source: from, storage: dedup ? " storage=Dedup1 pool=Dedup" : "" }, say);
    if (ok && dedup) ok = await saveAgain(plan, from, say);
    return ok;
  } finally {
    if (keep) sayHowToReach(configDir, say);
    else {
      for (const daemon of (await localDaemons(configDir)).toReversed()) await stopDaemon(daemon, { kill: false });
      if (ok) rmSync(base, { recursive: true, force: true });
      else say(`Everything of this run is kept in ${base}.`);
    }
  }
}

async function makeSite(base: string, source: string, say: (line: string) => void): Promise<SitePlan> {
  const director = await freePortRun(3);
  const plan = planSite({
    configDir: join(base, "etc"),
    dataDir: join(base, "data"),
    name: "quickstart",
    paths: [source],
    ports: { director, fileDaemon: director + 1, storage: director + 2 },
  });
  makeDirectory(base, 0o700);
  await initSite(plan);
  say(`Made keys, certificates and configuration in ${plan.configDir}.`);
  for (const line of await runCatalogVerb("create", join(plan.configDir, "bacula-dir.conf"))) say(`${line}.`);
  return plan;
}

/** What is saved, and the words of the run command that say where to. */
interface Save {
  readonly source: string;
  readonly storage: string;
}

async function saveRestoreCompare(plan: SitePlan, { source, storage }: Save, say: (line: string) => void): Promise<boolean> {
  const consoleFile = join(plan.configDir, "bconsole.conf");
  const restored = join(plan.dataDir, "restored");
  const beganMs = Date.now() - 1;
  say(`\nBacking up ${source} ...`);
  const saved = await runJob(consoleFile, `run job=Backup-${plan.site} level=Full${storage} yes`, "Saved", say);
  if (!/^ {2}Termination:\s+Backup OK/m.test(saved)) return false;
  say(`Restoring it to ${restored} ...`);
  const report = await runJob(
    consoleFile,
    `restore client=${plan.site}-fd where=${restored} select all done yes`,
    "Restored",
    say,
  );
  if (!/^ {2}Termination:\s+Restore OK/m.test(report)) return false;
  return compare(plan, source, restored + source, beganMs, say);
}

/** A second Full into the store: the report tells how little of it is new. */
async function saveAgain(plan: SitePlan, source: string, say: (line: string) => void): Promise<boolean> {
  const consoleFile = join(plan.configDir, "bconsole.conf");
  say(`\nBacking up ${source} a second time, wholly ...`);
  const saved = await runJob(consoleFile, `run job=Backup-${plan.site} level=Full storage=Dedup1 pool=Dedup yes`, "Saved", say);
  using console = new ScriptedConsole(consoleFile);
  const status = await console.type("dedup status storage=Dedup1");
  say(`\n${status.slice(status.indexOf("Connecting to Storage")).trim()}`);
  return /^ {2}Termination:\s+Backup OK/m.test(saved);
}

/** Queues a job, shows its progress, prints its messages; gives the messages. */
async function runJob(consoleFile: string, command: string, label: string, say: (line: string) => void): Promise<string> {
  using main = new ScriptedConsole(consoleFile);
  using watch = new ScriptedConsole(consoleFile);
  const queued = await main.type(command);
  const jobId = Number(/JobId=(\d+)/.exec(queued)?.[1]);
  if (!Number.isSafeInteger(jobId)) throw new OperatorError("SETUP_CONSOLE", `no job was queued:\n${queued.trim()}`);
  const progress = new ProgressLine();
  const following = progress.follow(watch, jobId, label);
  await main.type(`wait jobid=${jobId}`);
  progress.stop();
  await following;
  const messages = await main.type("messages");
  say(messages.trim());
  return messages;
}

function compare(plan: SitePlan, source: string, restored: string, beganMs: number, say: (line: string) => void): boolean {
  const owners = process.geteuid?.() === 0;
  const found = compareTrees({ source, restored, excluded: plan.excludes, beganMs, owners });
  say(
    `\nCompared ${found.entries.toLocaleString("en-US")} entries and ${found.bytes.toLocaleString("en-US")} bytes of contents.`,
  );
  if (!owners) say("Owners were not compared: only root can give files back to them.");
  if (found.changedMeanwhile > 0) say(`${found.changedMeanwhile} entries changed after the backup began.`);
  for (const difference of found.differences) say(`DIFFERENT  ${difference}`);
  if (found.differenceCount > 0) say(`${found.differenceCount} differences.`);
  const byRsync =
    found.changedMeanwhile > 0 ? true : rsyncAgrees({ excluded: plan.excludes, sockets: found.sockets, source, restored }, say);
  const same = found.differenceCount === 0 && byRsync;
  say(same ? "The restored tree is identical." : "The restored tree is NOT identical.");
  return same;
}

interface RsyncTrees {
  readonly source: string;
  readonly restored: string;
  /** Absolute paths that the FileSet left out. */
  readonly excluded: readonly string[];
  /** Paths under the source, with a leading slash. */
  readonly sockets: readonly string[];
}

/** A second opinion, on ACLs, xattrs and hard links too, where rsync is installed. */
function rsyncAgrees({ source, restored, excluded, sockets }: RsyncTrees, say: (line: string) => void): boolean {
  const left = [
    ...excluded.filter((path) => path.startsWith(`${source}/`)).map((path) => path.slice(source.length)),
    ...sockets,
  ];
  const excludes = left.map((path) => `--exclude=${path.replaceAll(/[*?[\\]/g, "\\$&")}`);
  const args = ["-aHAXSn", "--delete", "--numeric-ids", "--itemize-changes", ...excludes, `${source}/`, `${restored}/`];
  const run = spawnSync("rsync", args, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (run.error !== undefined) return true; // not installed: our own comparison stands alone
  if (run.stdout === "" && run.status === 0) {
    say("rsync -aHAXSn --delete --numeric-ids finds no difference.");
    return true;
  }
  say(`rsync finds differences:\n${run.stdout.slice(0, 4000)}${run.stderr.slice(0, 1000)}`);
  return false;
}

function realSource(source: string): string {
  try {
    return realpathSync(source);
  } catch (cause) {
    throw new OperatorError("SETUP_USAGE", `there is no ${source} to back up`, { cause, hint: "name a directory that exists" });
  }
}

function sayHowToReach(configDir: string, say: (line: string) => void): void {
  say(`\nThe site is left running. Talk to it:\n  ${join(BIN, "bconsole")} -c ${join(configDir, "bconsole.conf")}`);
  say(`Stop it:\n  ${join(BIN, "nocturne")} stop -c ${configDir}`);
}
