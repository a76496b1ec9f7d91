import { PatternKind } from "#proto/fileset.ts";
import type { FileOptions } from "#proto/fileset.ts";
import { compileRegex } from "#lib/base/regex.ts";
import { compileWildcard } from "#lib/base/text-match.ts";
import { decodeName } from "#lib/base/byte-name.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** True if the name (a decodeName string) matches. */
type Test = (name: string) => boolean;

/** One Options block, ready to be asked. Order of tests as in Bacula: wild directories or files, wild, regex directories or files, regex. */
export interface OptionsBlock {
  readonly options: FileOptions;
  readonly hasPatterns: boolean;
  /** True if a pattern of the block matches. */
  matches(path: string, base: string, isDirectory: boolean): boolean;
}

/** What holds where a FileSet says nothing. */
export const DEFAULT_OPTIONS: FileOptions = {
  patterns: [],
  exclude: false,
  compression: "",
  signature: "",
  oneFs: true,
  recurse: true,
  sparse: false,
  hardLinks: true,
  readFifo: false,
  portable: false,
  mtimeOnly: false,
  keepAtime: false,
  noAtime: false,
  checkFileChanges: false,
  honorNoDumpFlag: false,
  aclSupport: false,
  xattrSupport: false,
  ignoreCase: false,
  stripPath: 0,
  fsTypes: [],
  accurate: "",
  verify: "",
  baseJob: "",
  replace: "",
  driveTypes: [],
  enhancedWild: false,
  noDedup: false,
};

/** Makes an Options block ready. Throws OperatorError PATTERN_INVALID for a regular expression that is none. */
export function compileOptions(options: FileOptions): OptionsBlock {
  const wildOptions = { ignoreCase: options.ignoreCase, pathname: options.enhancedWild };
  const onDirectory: Test[] = [];
  const onFile: Test[] = [];
  const onBase: Test[] = [];
  const onAny: Test[] = [];
  for (const pattern of options.patterns) {
    const text = decodeName(pattern.text);
    switch (pattern.kind) {
      case PatternKind.PATTERN_KIND_WILD:
        onAny.push(compileWildcard(text, wildOptions));
        break;
      case PatternKind.PATTERN_KIND_WILD_DIR:
        onDirectory.push(compileWildcard(text, wildOptions));
        break;
      case PatternKind.PATTERN_KIND_WILD_FILE:
        (/[/\\]/.test(text) ? onFile : onBase).push(compileWildcard(text, wildOptions));
        break;
      case PatternKind.PATTERN_KIND_REGEX:
        onAny.push(regexTest(text, options.ignoreCase));
        break;
      case PatternKind.PATTERN_KIND_REGEX_DIR:
        onDirectory.push(regexTest(text, options.ignoreCase));
        break;
      case PatternKind.PATTERN_KIND_REGEX_FILE:
        onFile.push(regexTest(text, options.ignoreCase));
        break;
      default:
        throw new OperatorError("PATTERN_INVALID", `the FileSet holds a pattern of an unknown kind (${pattern.kind})`);
    }
  }
  return {
    options,
    hasPatterns: options.patterns.length > 0,
    matches: (path, base, isDirectory) =>
      (isDirectory
        ? onDirectory.some((test) => test(path))
        : onFile.some((test) => test(path)) || onBase.some((test) => test(base))) || onAny.some((test) => test(path)),
  };
}

function regexTest(text: string, ignoreCase: boolean): Test {
  try {
    const regex = compileRegex(text, { ignoreCase });
    return (name) => regex.test(name);
  } catch (error) {
    throw new OperatorError("PATTERN_INVALID", `the regular expression "${text}" of the FileSet cannot be understood`, {
      cause: error,
    });
  }
}

/** What holds for names that stand in the Include themselves: all flags of its Options blocks together, the last word of each. */
export function topLevelOptions(blocks: readonly FileOptions[]): FileOptions {
  if (blocks.length === 0) return DEFAULT_OPTIONS;
  const any = (flag: (options: FileOptions) => boolean): boolean => blocks.some(flag);
  const all = (flag: (options: FileOptions) => boolean): boolean => blocks.every(flag);
  const last = (text: (options: FileOptions) => string): string => blocks.map(text).findLast((value) => value !== "") ?? "";
  return {
    ...DEFAULT_OPTIONS,
    compression: last((options) => options.compression),
    signature: last((options) => options.signature),
    accurate: last((options) => options.accurate),
    verify: last((options) => options.verify),
    baseJob: last((options) => options.baseJob),
    replace: last((options) => options.replace),
    oneFs: all((options) => options.oneFs),
    recurse: all((options) => options.recurse),
    hardLinks: all((options) => options.hardLinks),
    sparse: any((options) => options.sparse),
    readFifo: any((options) => options.readFifo),
    portable: any((options) => options.portable),
    mtimeOnly: any((options) => options.mtimeOnly),
    keepAtime: any((options) => options.keepAtime),
    noAtime: any((options) => options.noAtime),
    checkFileChanges: any((options) => options.checkFileChanges),
    honorNoDumpFlag: any((options) => options.honorNoDumpFlag),
    aclSupport: any((options) => options.aclSupport),
    xattrSupport: any((options) => options.xattrSupport),
    ignoreCase: any((options) => options.ignoreCase),
    enhancedWild: any((options) => options.enhancedWild),
    stripPath: blocks.findLast((options) => options.stripPath > 0)?.stripPath ?? 0,
    fsTypes: blocks.flatMap((options) => options.fsTypes),
    driveTypes: blocks.flatMap((options) => options.driveTypes),
  };
}
