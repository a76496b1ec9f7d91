import { compileWildcard } from "#lib/base/text-match.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import type { RestoreTree, TreeEntry } from "./tree.ts";
import { longLine } from "./long-line.ts";
import { commas, counted, displayName } from "../commands/format.ts";

/** What a tree command may do besides. */
export interface TreeTalk {
  say(text: string): Promise<void>;
  progress(text: string, done?: number, total?: number): Promise<void>;
  readonly signal: AbortSignal;
  /** Whether a mark brings the directories above with it. */
  readonly autoParent: boolean;
}

/** Where the shell stands. */
export interface TreePlace {
  readonly tree: RestoreTree;
  /** Path of the present directory, with "/" at the end. */
  directory: string;
}

/** How a tree command ends the shell, if it does. */
export type TreeEnd = "done" | "quit";

interface TreeCommand {
  readonly name: string;
  readonly help: string;
  run(place: TreePlace, words: readonly string[], talk: TreeTalk): Promise<TreeEnd | void>;
}

/** Names of one directory that are listed together. */
const LINES_PER_TEXT = 500;
/** Entries that `find` and `lsmark` go through between two signs of progress. */
const PROGRESS_ENTRIES = 200_000;

const markHelp = "mark files and directories with all below, wildcards allowed";
const unmarkHelp = "unmark files and directories with all below, wildcards allowed";
const endHelp = "end the selection and restore what is marked";

/** The commands of the tree, in the order in which abbreviations are resolved. */
export const treeCommands: readonly TreeCommand[] = [
  { name: "add", help: markHelp, run: (place, words, talk) => markCommand(place, words, talk, true) },
  { name: "cd", help: "go to a directory", run: cdCommand },
  { name: "count", help: "count the marked files", run: countCommand },
  { name: "delete", help: unmarkHelp, run: (place, words, talk) => markCommand(place, words, talk, false) },
  {
    name: "dir",
    help: "long list of the directory, wildcards allowed",
    run: (place, words, talk) => listCommand(place, words, talk, dirLine),
  },
  { name: "done", help: endHelp, run: async () => "done" },
  { name: "estimate", help: "count the marked files and their bytes", run: estimateCommand },
  { name: "exit", help: endHelp, run: async () => "done" },
  { name: "find", help: "find names in the tree, wildcards allowed", run: findCommand },
  { name: "help", help: "list these commands", run: helpCommand },
  {
    name: "ls",
    help: "list the directory, wildcards allowed",
    run: (place, words, talk) => listCommand(place, words, talk, lsLine),
  },
  { name: "lsmark", help: "list what is marked in the directory and below", run: lsmarkCommand },
  { name: "mark", help: markHelp, run: (place, words, talk) => markCommand(place, words, talk, true) },
  {
    name: "markdir",
    help: "mark a directory alone, without what is in it",
    run: (place, words, talk) => markDirectory(place, words, talk, true),
  },
  { name: "pwd", help: "show the directory", run: async (place, _words, talk) => talk.say(cwdLine(place)) },
  { name: "unmark", help: unmarkHelp, run: (place, words, talk) => markCommand(place, words, talk, false) },
  {
    name: "unmarkdir",
    help: "unmark a directory alone",
    run: (place, words, talk) => markDirectory(place, words, talk, false),
  },
  { name: "quit", help: "end the selection and restore nothing", run: async () => "quit" },
  { name: "?", help: "list these commands", run: helpCommand },
  { name: ".pwd", help: "", run: async (place, _words, talk) => talk.say(`${shownDirectory(place)}\n`) },
  { name: ".ls", help: "", run: (place, words, talk) => listCommand(place, words, talk, (entry) => `${nameOf(entry)}\n`) },
  {
    name: ".lsdir",
    help: "",
    run: (place, words, talk) => listCommand(place, words, talk, (entry) => (entry.isDirectory ? `${nameOf(entry)}\n` : "")),
  },
  { name: ".dir", help: "", run: (place, words, talk) => listCommand(place, words, talk, dirLine) },
  { name: ".lsmark", help: "", run: lsmarkCommand },
  {
    name: ".help",
    help: "",
    run: async (_place, _words, talk) =>
      talk.say(
        treeCommands
          .filter((command) => command.help !== "")
          .map((command) => `${command.name}\n`)
          .join(""),
      ),
  },
];

/** `cwd is: /home/` with line end. */
export function cwdLine(place: TreePlace): string {
  return `cwd is: ${shownDirectory(place)}\n`;
}

function shownDirectory(place: TreePlace): string {
  return place.directory === "" ? "/" : displayName(place.directory);
}

/** Entries that the words mean: names or wildcards in the present directory, or below or above it with a path in front. Without words: all. */
async function entriesFor(place: TreePlace, words: readonly string[]): Promise<TreeEntry[]> {
  if (words.length === 0) return [...(await place.tree.list(place.directory))];
  const found = new Map<string, TreeEntry>();
  for (const word of words) for (const entry of await entriesOfWord(place, word)) found.set(entry.path, entry);
  return [...found.values()];
}

async function entriesOfWord(place: TreePlace, word: string): Promise<TreeEntry[]> {
  const trimmed = word.length > 1 ? word.replace(/\/+$/, "") : word;
  if (trimmed === "/" || trimmed === "") return [...(await place.tree.list(place.tree.root))];
  const slash = trimmed.lastIndexOf("/");
  const directory = slash < 0 ? place.directory : await place.tree.resolve(place.directory, trimmed.slice(0, slash + 1));
  if (directory === null) return [];
  const fits = compileWildcard(trimmed.slice(slash + 1));
  return (await place.tree.list(directory)).filter((entry) => fits(entry.name));
}

async function cdCommand(place: TreePlace, words: readonly string[], talk: TreeTalk): Promise<void> {
  const wanted = words.join(" ");
  const target = wanted === "" ? place.tree.root : await place.tree.resolve(place.directory, wanted);
  if (target === null) await talk.say("Invalid path given.\n");
  else place.directory = target;
  await talk.say(cwdLine(place));
}

async function markCommand(place: TreePlace, words: readonly string[], talk: TreeTalk, isMark: boolean): Promise<void> {
  const word = isMark ? "marked" : "unmarked";
  const entries = words.length === 0 ? [] : await entriesFor(place, words);
  const isEverything = place.directory === place.tree.root && words.length === 1 && words[0] === "*";
  let files = isEverything && entries.length > 0 ? await place.tree.countAll("", talk.signal) : 0;
  if (isEverything) place.tree.marks.set("", isMark);
  for (const entry of isEverything ? [] : entries) {
    files += await place.tree.countEntry(entry, talk.signal);
    place.tree.marks.set(entry.path, isMark);
    if (isMark && talk.autoParent) place.tree.marks.markParents(entry.path);
  }
  await talk.say(files === 0 ? `No files ${word}.\n` : `${counted(files, "file")} ${word}.\n`);
  const links = isMark ? entries.filter((entry) => isHardLink(entry)).length : 0;
  if (links > 0)
    await talk.say(`${counted(links, "hard link")} among them: the files that hold their data are restored too.\n`);
}

function isHardLink(entry: TreeEntry): boolean {
  const stat = entry.isDirectory || entry.saved === null ? undefined : decodeLStat(entry.saved.lstat);
  return stat !== undefined && stat.linkFileIndex > 0 && stat.linkFileIndex !== entry.saved?.fileIndex;
}

async function markDirectory(place: TreePlace, words: readonly string[], talk: TreeTalk, isMark: boolean): Promise<void> {
  const word = isMark ? "marked" : "unmarked";
  const directories = (words.length === 0 ? [] : await entriesFor(place, words)).filter((entry) => entry.isDirectory);
  for (const entry of directories) place.tree.marks.setOwn(entry.path, isMark);
  const noun = directories.length === 1 ? "directory" : "directories";
  await talk.say(directories.length === 0 ? `No directories ${word}.\n` : `${commas(directories.length)} ${noun} ${word}.\n`);
}

async function countCommand(place: TreePlace, _words: readonly string[], talk: TreeTalk): Promise<void> {
  const total = await place.tree.countAll("", talk.signal);
  let marked = 0;
  for await (const page of place.tree.marked(talk.signal)) marked += page.length;
  await talk.say(`${commas(total)} total files/dirs. ${commas(marked)} marked to be restored.\n`);
}

async function estimateCommand(place: TreePlace, _words: readonly string[], talk: TreeTalk): Promise<void> {
  const total = await place.tree.countAll("", talk.signal);
  let marked = 0;
  let bytes = 0;
  for await (const page of place.tree.marked(talk.signal)) {
    marked += page.length;
    for (const file of page) bytes += sizeOf(file.lstat);
  }
  await talk.say(`${commas(total)} total files; ${commas(marked)} marked to be restored; ${commas(bytes)} bytes.\n`);
}

/** Bytes of data that a file brings: regular files that are no second name of another. */
function sizeOf(lstat: string): number {
  const stat = decodeLStat(lstat);
  return stat === undefined || (stat.mode & 0o170000) !== 0o100000 || stat.linkFileIndex > 0 ? 0 : stat.size;
}

async function listCommand(
  place: TreePlace,
  words: readonly string[],
  talk: TreeTalk,
  line: (entry: TreeEntry, place: TreePlace) => string,
): Promise<void> {
  const entries = await entriesFor(place, words);
  for (let at = 0; at < entries.length; at += LINES_PER_TEXT) {
    talk.signal.throwIfAborted();
    await talk.say(
      entries
        .slice(at, at + LINES_PER_TEXT)
        .map((entry) => line(entry, place))
        .join(""),
    );
  }
}

function nameOf(entry: TreeEntry): string {
  return `${displayName(entry.name)}${entry.isDirectory && entry.name !== "/" ? "/" : ""}`;
}

/** `*` before what is marked wholly, `+` before a directory of which a part is. */
function markSign(entry: TreeEntry, place: TreePlace): string {
  return { all: "*", some: "+", none: "" }[place.tree.marks.stateOf(entry.path)];
}

function lsLine(entry: TreeEntry, place: TreePlace): string {
  return `${markSign(entry, place)}${nameOf(entry)}\n`;
}

function dirLine(entry: TreeEntry, place: TreePlace): string {
  return longLine(entry.saved?.lstat, displayName(entry.path), markSign(entry, place));
}

async function lsmarkCommand(place: TreePlace, words: readonly string[], talk: TreeTalk): Promise<void> {
  for (const entry of await entriesFor(place, words)) await tellMarked(place, entry, talk, 0);
}

async function tellMarked(place: TreePlace, entry: TreeEntry, talk: TreeTalk, depth: number): Promise<void> {
  talk.signal.throwIfAborted();
  const sign = markSign(entry, place);
  if (sign === "") return;
  await talk.say(`${"  ".repeat(depth)}${sign}${nameOf(entry)}\n`);
  if (!entry.isDirectory) return;
  for (const child of await place.tree.list(entry.path)) await tellMarked(place, child, talk, depth + 1);
}

async function findCommand(place: TreePlace, words: readonly string[], talk: TreeTalk): Promise<void> {
  if (words.length === 0) return await talk.say("No file specification given.\n");
  const matchers = words.map((word) => compileWildcard(word));
  let seen = 0;
  for await (const page of place.tree.walk(place.directory, talk.signal)) {
    const found = page
      .map((file) => file.path + file.filename)
      .filter((path) => matchers.some((fits) => fits(/([^/]*)\/?$/.exec(path)![1]!)));
    if (found.length > 0) await talk.say(found.map((path) => `${displayName(path)}\n`).join(""));
    if (Math.floor(seen / PROGRESS_ENTRIES) !== Math.floor((seen += page.length) / PROGRESS_ENTRIES))
      await talk.progress(`${commas(seen)} names looked at`);
  }
}

async function helpCommand(_place: TreePlace, _words: readonly string[], talk: TreeTalk): Promise<void> {
  const lines = treeCommands
    .filter((command) => command.help !== "")
    .map((command) => `  ${command.name.padEnd(10)} ${command.help}\n`);
  await talk.say(`  Command    Description\n  =======    ===========\n${lines.join("")}\n`);
}
