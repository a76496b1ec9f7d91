import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { JUDGING_DEBIAN } from "./programs.ts";
import { runCommand } from "./process.ts";

/** What two trees may differ in, because the reader that restored one of them does not know it. */
export interface CompareOptions {
  /** Leave out ACLs, xattrs and capabilities. */
  readonly ignoreAttributes?: boolean;
  /** Times count to the second only: all that the reader at hand knows. */
  readonly wholeSeconds?: boolean;
  /** Further options of rsync, e.g. --exclude. */
  readonly rsync?: readonly string[];
}

/**
 * Fails unless both trees are the same in names, types, contents, links, owners, modes, times, ACLs, xattrs and capabilities,
 * as rsync, getfacl, getfattr and getcap see them.
 */
export async function assertSameTree(source: string, restored: string, options: CompareOptions = {}): Promise<void> {
  const letters = options.ignoreAttributes === true ? "-aHSnc" : "-aHAXSnc";
  const rsync = await runCommand("rsync", [
    letters,
    "--delete",
    "--numeric-ids",
    "--itemize-changes",
    ...(options.wholeSeconds === true || JUDGING_DEBIAN ? [] : ["--modify-window=-1"]), // times to the nanosecond
    ...(options.rsync ?? []),
    `${source}/`,
    `${restored}/`,
  ]);
  assert.equal(rsync.output.slice(0, 2000), "", `rsync finds differences between ${source} and ${restored}`);
  assert.equal(rsync.status, 0);
  if (options.ignoreAttributes === true) return;
  for (const command of [
    ["getfacl", "-R", "-P", "-n", "-p", "."],
    ["getfattr", "-d", "-m", "-", "-e", "hex", "-R", "-P", "-h", "."],
    ["getcap", "-r", "."],
  ] as const) {
    const [program, ...args] = command;
    const [expected, found] = await Promise.all([source, restored].map((cwd) => sortedBlocks(program, args, cwd)));
    assert.deepEqual(
      firstDifferences(found ?? [], expected ?? []),
      [],
      `${program} finds differences between ${source} and ${restored}`,
    );
  }
}

/** Output of a lister of attributes, one block a file, in an order that does not depend on the directory's. */
async function sortedBlocks(program: string, args: readonly string[], cwd: string): Promise<string[]> {
  const { stdout } = await runCommand(program, args, { cwd });
  return stdout.split(program === "getcap" ? "\n" : "\n\n").toSorted();
}

/** The first few blocks that only one side has, shortened. */
function firstDifferences(found: readonly string[], expected: readonly string[]): string[] {
  const foundSet = new Set(found);
  const expectedSet = new Set(expected);
  const missing = expected.filter((block) => !foundSet.has(block)).map((block) => `missing: ${block.slice(0, 500)}`);
  const added = found.filter((block) => !expectedSet.has(block)).map((block) => `not in the source: ${block.slice(0, 500)}`);
  return [...missing.slice(0, 5), ...added.slice(0, 5)];
}

/** Fails if a file that has holes in the source takes much more room when restored. */
export function assertStillSparse(source: string, restored: string, files: readonly string[]): void {
  for (const file of files) {
    const before = statSync(join(source, file)).blocks;
    const after = statSync(join(restored, file)).blocks;
    assert.ok(after <= before + 256, `${file} took ${before} blocks of 512 bytes and takes ${after} when restored`);
  }
}
