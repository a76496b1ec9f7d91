import { compileRegex } from "#lib/base/regex.ts";
import { defineBlock, directive, type BlockOf, type DirectiveType } from "#lib/config/define-resource.ts";
import { bool, integer, oneOf, quote, repeatedText, scalar, text, textList } from "#lib/config/directive-types.ts";
import { ConfigMistake } from "#lib/config/problem.ts";

/** How file data is compressed on the client. */
export interface CompressionChoice {
  readonly algorithm: "gzip" | "zstd" | "lzo" | "lz4" | "lz4hc" | "lzfast";
  /** gzip: 1-9; zstd: 1-19; the others: 0. */
  readonly level: number;
}

/** What a name without a number means. */
const NAMED_COMPRESSIONS: readonly CompressionChoice[] = [
  { algorithm: "gzip", level: 6 },
  { algorithm: "zstd", level: 3 },
  { algorithm: "lzo", level: 0 },
  { algorithm: "lz4", level: 0 },
  { algorithm: "lz4hc", level: 0 },
  { algorithm: "lzfast", level: 0 },
];

function compression(): DirectiveType<CompressionChoice> {
  return scalar<CompressionChoice>({
    label: "GZIP, GZIP1 to GZIP9, ZSTD, ZSTD1 to ZSTD19, or LZO",
    repeats: "replace",
    parse(value) {
      const folded = value.toLowerCase();
      const named = NAMED_COMPRESSIONS.find((choice) => choice.algorithm === folded);
      if (named !== undefined) return named;
      const [, algorithm, digits] = /^(gzip|zstd)([0-9]{1,2})$/.exec(folded) ?? [];
      const level = Number(digits);
      if (algorithm === "gzip" && level >= 1 && level <= 9) return { algorithm, level };
      if (algorithm === "zstd" && level >= 1 && level <= 19) return { algorithm, level };
      throw new ConfigMistake(`"${value}" is not a compression`, {
        hint: "use GZIP, GZIP1 to GZIP9, ZSTD, ZSTD1 to ZSTD19, or LZO",
      });
    },
    print: (value) => `${value.algorithm.toUpperCase()}${value.level === 0 ? "" : value.level}`,
  });
}

const COMPARE_LETTERS = "oipnugsamMcdA5123";
const VERIFY_LETTERS = "ipnugsamcd5123";

/** Letters of what is compared. Bacula begins them with a letter of the option and a colon, which is dropped here. */
function letters(allowed: string, prefix: string): DirectiveType<string> {
  return scalar({
    label: `letters of ${allowed}`,
    repeats: "replace",
    parse(value) {
      const written = value.replace(new RegExp(`^${prefix}:`), "");
      const wrong = Array.from(written).find((letter) => !allowed.includes(letter));
      if (wrong !== undefined) throw new ConfigMistake(`"${wrong}" is not one of the letters ${allowed}`);
      return written;
    },
    print: quote,
  });
}

function checkRegex(pattern: string): void {
  try {
    compileRegex(pattern);
  } catch (error) {
    throw new ConfigMistake(
      `"${pattern}" is not a regular expression: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Twice the longest path of Linux. */
const WILDCARD_CHARS_MAX = 8192;

const DRIVE_TYPES = ["removable", "fixed", "remote", "cdrom", "ramdisk"];

function driveTypes(): DirectiveType<readonly string[]> {
  const type = textList("list of drive types");
  return {
    ...type,
    parse(statement, context, before) {
      const value = type.parse(statement, context, before);
      const wrong = value.find((word) => !DRIVE_TYPES.includes(word.toLowerCase()));
      if (wrong !== undefined) context.warn(`"${wrong}" is not a drive type; known are ${DRIVE_TYPES.join(", ")}`);
      return value;
    },
  };
}

function checkWildcard(pattern: string): void {
  if (pattern.length > WILDCARD_CHARS_MAX)
    throw new ConfigMistake(`a wildcard pattern has at most ${WILDCARD_CHARS_MAX} characters`);
}

const wildcards = () => repeatedText("wildcard pattern", checkWildcard);
const regexes = () => repeatedText("regular expression", checkRegex);

/** The directives of an Options block. */
export const optionsTable = defineBlock("FileSet/Include/Options", {
  compression: directive(compression(), { acts: true, description: "Compresses file data on the client." }),
  signature: directive(oneOf("MD5", "SHA1", "SHA256", "SHA512"), {
    acts: true,
    description: "Digest stored with each file.",
  }),
  dedup: directive(oneOf("Storage", "BothSides", "None"), {
    acts: true,
    description: "None keeps file data out of a store of chunks; anything else lets it in.",
  }),
  oneFs: directive(bool(), { default: true, acts: true, description: "Stays on the file system of the named directory." }),
  recurse: directive(bool(), { default: true, acts: true, description: "Enters directories." }),
  sparse: directive(bool(), { default: false, acts: true, description: "Leaves out the holes of sparse files." }),
  hardLinks: directive(bool(), { default: true, acts: true, description: "Saves a file with several names once." }),
  replace: directive(oneOf("Always", "IfNewer", "IfOlder", "Never"), {
    acts: false,
    description: "Which existing files a restore may replace.",
  }),
  portable: directive(bool(), {
    default: false,
    acts: false,
    description: "Saves files of Windows clients in a form that any client restores.",
  }),
  mtimeOnly: directive(bool(), {
    default: false,
    acts: true,
    description: "Takes a file for changed by its modification time alone.",
  }),
  keepAtime: directive(bool(), { default: false, acts: true, description: "Puts the access time back after reading." }),
  exclude: directive(bool(), { default: false, acts: true, description: "Leaves out what matches the patterns of the block." }),
  aclSupport: directive(bool(), { default: false, acts: true, description: "Saves access control lists." }),
  ignoreCase: directive(bool(), {
    default: false,
    acts: true,
    description: "Compares names with patterns without regard to case.",
  }),
  hfsPlusSupport: directive(bool(), { default: false, acts: false, description: "Saves resource forks of macOS clients." }),
  noAtime: directive(bool(), {
    default: false,
    acts: true,
    description: "Reads without changing the access time where the system allows.",
  }),
  enhancedWild: directive(bool(), { default: false, acts: true, description: "Wildcards do not match a slash." }),
  checkFileChanges: directive(bool(), {
    default: true,
    acts: true,
    description: "Reports a file that changed while it was read.",
  }),
  honorNoDumpFlag: directive(bool(), { default: false, acts: true, description: "Leaves out files with the no-dump flag." }),
  xattrSupport: directive(bool(), { default: false, acts: true, description: "Saves extended attributes." }),
  readFifo: directive(bool(), { default: false, acts: true, description: "Saves what comes out of a named pipe." }),
  baseJob: directive(letters(COMPARE_LETTERS, "J"), { acts: false, description: "What is compared with the Base job." }),
  accurate: directive(letters(COMPARE_LETTERS, "C"), {
    acts: true,
    description: "What an accurate job compares; mcs if absent.",
  }),
  verify: directive(letters(VERIFY_LETTERS, "V"), { acts: false, description: "What a Verify job compares." }),
  stripPath: directive(integer({ max: 1000 }), {
    default: 0,
    acts: true,
    description: "Leading components taken off stored names.",
  }),
  regex: directive(regexes(), { acts: true, description: "Pattern for files and directories." }),
  regexDir: directive(regexes(), { acts: true, description: "Pattern for directories." }),
  regexFile: directive(regexes(), { acts: true, description: "Pattern for all but directories." }),
  base: directive(repeatedText("name of a Job"), { acts: false, description: "Base job of the files of this block." }),
  wild: directive(wildcards(), { acts: true, description: "Wildcard for files and directories." }),
  wildDir: directive(wildcards(), { acts: true, description: "Wildcard for directories." }),
  wildFile: directive(wildcards(), {
    acts: true,
    description: "Wildcard for all but directories; without a slash for the last component.",
  }),
  plugin: directive(text(), { acts: false, description: "Plugin that reads the files of this block." }),
  fsType: directive(textList("list of file system types"), {
    acts: true,
    description: "Only these kinds of file system are entered.",
  }),
  driveType: directive(driveTypes(), { acts: false, description: "Only these kinds of drive are entered, on Windows." }),
});

/** One Options block. */
export interface FileSetOptions extends BlockOf<typeof optionsTable> {}
