import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { encodeName } from "#lib/base/byte-name.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { FileSetOptions } from "#director/config/file-set-options.ts";
import type { FileSetInclude, FileSetResource } from "#director/config/file-set.ts";
import { PatternKind, type FileOptions, type FileSet, type IncludeBlock, type Pattern } from "#proto/fileset.ts";
import { splitCommand } from "#lib/base/split-command.ts";

/** Bytes of one list of names; more is taken for a mistake. */
const LIST_BYTES_MAX = 256 * 1024 * 1024;
/** Names of one list. */
const LIST_NAMES_MAX = 10_000_000;

/** How `|command` lines are changed before they run: %-codes. */
export type ExpandCommand = (command: string) => string;

/** A FileSet as the file daemon acts on it; lists of the Director's side are read here. Throws OperatorError if one cannot be read. */
export async function fileSetMessage(fileSet: FileSetResource, expand: ExpandCommand, signal: AbortSignal): Promise<FileSet> {
  const includes: IncludeBlock[] = [];
  for (const include of fileSet.include) includes.push(await includeBlock(include, expand, signal));
  const excludes: Buffer[] = [];
  for (const name of fileSet.exclude) excludes.push(...(await names(name, expand, signal)));
  return { name: fileSet.name, includes, excludes, enableSnapshot: fileSet.enableSnapshot, ownDirectories: [] };
}

async function includeBlock(include: FileSetInclude, expand: ExpandCommand, signal: AbortSignal): Promise<IncludeBlock> {
  const files: Buffer[] = [];
  for (const file of include.files) for (const name of await names(file, expand, signal)) files.push(name);
  return {
    options: include.options.map(optionsMessage),
    files,
    excludeDirContaining: include.excludeDirContaining.map((name) => encodeName(name)),
    plugins: [...include.plugins],
  };
}

/** One File line to names: itself, the lines of a list, or what a command prints. `\\<` and `\\|` are left to the client. */
async function names(line: string, expand: ExpandCommand, signal: AbortSignal): Promise<readonly Buffer[]> {
  if (line.startsWith("\\<") || line.startsWith("\\|")) return [encodeName(line.slice(1))];
  if (line.startsWith("<")) return await readList(createReadStream(encodeName(line.slice(1).trim())), line, signal);
  if (line.startsWith("|")) return await runList(expand(line.slice(1).trim()), line, signal);
  return [encodeName(line)];
}

async function runList(command: string, line: string, signal: AbortSignal): Promise<readonly Buffer[]> {
  const [program, ...args] = splitCommand(command);
  if (program === undefined) throw new OperatorError("FILESET_LIST_FAILED", `File = "${line}": the command is empty`);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], signal });
  const exited = new Promise<void>((resolve, reject) => {
    child.on("error", (cause) => reject(new OperatorError("FILESET_LIST_FAILED", `File = "${line}"`, { cause })));
    child.on("exit", (code, by) =>
      code === 0
        ? resolve()
        : reject(
            new OperatorError("FILESET_LIST_FAILED", `File = "${line}": the command ended with ${by ?? `status ${code}`}`),
          ),
    );
  });
  const [list] = await Promise.all([readList(child.stdout, line, signal), exited]);
  return list;
}

async function readList(stream: Readable, line: string, signal: AbortSignal): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (bytes > LIST_BYTES_MAX)
        throw new OperatorError("FILESET_LIST_FAILED", `File = "${line}": the list is longer than ${LIST_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError("FILESET_LIST_FAILED", `File = "${line}" cannot be read`, { cause });
  }
  const list = [...linesOf(Buffer.concat(chunks))];
  if (list.length > LIST_NAMES_MAX)
    throw new OperatorError("FILESET_LIST_FAILED", `File = "${line}": the list has more than ${LIST_NAMES_MAX} names`);
  return list;
}

/** Lines without their ends; empty ones are left out. */
function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(start, bytes[end - 1] === 0x0d && end > start ? end - 1 : end);
    if (line.length > 0) yield line;
    start = end + 1;
  }
}

function optionsMessage(options: FileSetOptions): FileOptions {
  const compression = options.compression;
  return {
    patterns: patterns(options),
    exclude: options.exclude,
    compression:
      compression === undefined
        ? ""
        : `${compression.algorithm.toUpperCase()}${compression.level === 0 ? "" : compression.level}`,
    signature: options.signature ?? "",
    oneFs: options.oneFs,
    recurse: options.recurse,
    sparse: options.sparse,
    hardLinks: options.hardLinks,
    readFifo: options.readFifo,
    portable: options.portable,
    mtimeOnly: options.mtimeOnly,
    keepAtime: options.keepAtime,
    noAtime: options.noAtime,
    checkFileChanges: options.checkFileChanges,
    honorNoDumpFlag: options.honorNoDumpFlag,
    aclSupport: options.aclSupport,
    xattrSupport: options.xattrSupport,
    ignoreCase: options.ignoreCase,
    stripPath: options.stripPath,
    fsTypes: [...options.fsType],
    accurate: options.accurate ?? "",
    verify: options.verify ?? "",
    baseJob: options.baseJob ?? "",
    replace: options.replace?.toLowerCase() ?? "",
    driveTypes: [...options.driveType],
    enhancedWild: options.enhancedWild,
    noDedup: options.dedup === "None",
  };
}

function patterns(options: FileSetOptions): Pattern[] {
  const kinds = [
    [PatternKind.PATTERN_KIND_WILD_DIR, options.wildDir],
    [PatternKind.PATTERN_KIND_WILD_FILE, options.wildFile],
    [PatternKind.PATTERN_KIND_WILD, options.wild],
    [PatternKind.PATTERN_KIND_REGEX_DIR, options.regexDir],
    [PatternKind.PATTERN_KIND_REGEX_FILE, options.regexFile],
    [PatternKind.PATTERN_KIND_REGEX, options.regex],
  ] as const;
  return kinds.flatMap(([kind, texts]) => texts.map((text) => ({ kind, text: encodeName(text) })));
}
