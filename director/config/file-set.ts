import { createHash } from "node:crypto";
import { encodeName } from "#lib/base/byte-name.ts";
import {
  appended,
  defineBlock,
  defineResource,
  directive,
  type BlockOf,
  type BlockTable,
  type DirectiveType,
  type PrintedDirective,
  type ResourceOf,
} from "#lib/config/define-resource.ts";
import { bool, onlyWord, quote, repeatedText, resourceName, text } from "#lib/config/directive-types.ts";
import { checkPercentCodes } from "#lib/config/percent-codes.ts";
import { ConfigMistake } from "#lib/config/problem.ts";
import { jsonOfBlock, printBlock } from "#lib/config/print.ts";
import { optionsTable, type FileSetOptions } from "./file-set-options.ts";

/** One File or Plugin line. `text` is as written: a path, `|command`, `<list`, `\\|client command`, `\\<client list`. */
export interface FileSetEntry {
  readonly kind: "file" | "plugin";
  readonly text: string;
}

/** What is saved: names, and the Options blocks that every file found below them goes through in order. */
export interface FileSetInclude {
  readonly options: readonly FileSetOptions[];
  /** File lines, in order. */
  readonly files: readonly string[];
  /** Plugin lines, in order. */
  readonly plugins: readonly string[];
  /** File and Plugin lines together, in the order written. */
  readonly entries: readonly FileSetEntry[];
  /** A directory that holds a file of one of these names is not entered. */
  readonly excludeDirContaining: readonly string[];
}

function entries(kind: FileSetEntry["kind"]): DirectiveType<readonly FileSetEntry[]> {
  return {
    label: kind === "file" ? "file name, or list of them" : "plugin and its arguments",
    repeats: "append",
    braces: "never",
    empty: [],
    parse(statement, context, before) {
      const token = onlyWord(statement, context);
      if (token.kind !== "quoted" && token.text.includes("\\")) {
        throw new ConfigMistake("a backslash is not allowed without quotes", {
          at: token.at,
          hint: "use forward slashes, or quotes and \\\\",
        });
      }
      if (/^\\?\|/.test(token.text)) checkPercentCodes(token.text);
      if (token.text === "") throw new ConfigMistake("the name is empty", { at: token.at });
      return appended(before, [{ kind, text: token.text }]);
    },
    print: (value) =>
      value.map((entry) => ({ keyword: entry.kind === "plugin" ? "Plugin" : "File", value: quote(entry.text) })),
    json: (value) => value,
  };
}

/** A block of options. */
function optionBlocks(): DirectiveType<readonly FileSetOptions[]> {
  return {
    label: "block",
    repeats: "append",
    braces: "bare",
    empty: [],
    parse: (statement, context, before) =>
      appended(before, [context.readBlock(optionsTable, statement.block ?? [], statement.at) as FileSetOptions]),
    print: (value, options) => value.map((block): PrintedDirective => ({ block: printBlock(optionsTable, block, options) })),
    json: (value) => value.map((block) => jsonOfBlock(optionsTable, block)),
  };
}

const includeTable = defineBlock("FileSet/Include", {
  options: directive(optionBlocks(), { acts: true, description: "How the files below are chosen and saved." }),
  entries: directive(entries("file"), {
    keyword: "File",
    acts: true,
    description: "A file, a directory, or a list of them.",
    forms: { Plugin: { type: entries("plugin"), acts: false, description: "A plugin of the client and its arguments." } },
  }),
  excludeDirContaining: directive(repeatedText("file name"), {
    acts: true,
    description: "Directories that hold a file of this name are left out.",
  }),
});

const excludeTable = defineBlock("FileSet/Exclude", {
  entries: directive(entries("file"), {
    keyword: "File",
    acts: true,
    description: "A file or directory that is left out, by name or wildcard.",
  }),
});

function includeBlocks(): DirectiveType<readonly FileSetInclude[]> {
  return {
    label: "block",
    repeats: "append",
    braces: "bare",
    empty: [],
    parse(statement, context, before) {
      const block = context.readBlock(includeTable, statement.block ?? [], statement.at) as BlockOf<typeof includeTable>;
      const texts = (kind: FileSetEntry["kind"]) =>
        block.entries.filter((entry) => entry.kind === kind).map((entry) => entry.text);
      return appended(before, [{ ...block, files: texts("file"), plugins: texts("plugin") }]);
    },
    print: (value, options) => value.map((block) => ({ block: printBlock(includeTable, block, options) })),
    json: (value) => value.map((block) => jsonOfBlock(includeTable, block)),
  };
}

/** `Exclude { File = ... }`; the value lists the names of all Exclude blocks. */
function excludeBlocks(): DirectiveType<readonly string[]> {
  return {
    label: "block",
    repeats: "append",
    braces: "bare",
    empty: [],
    parse(statement, context, before) {
      const block = context.readBlock(excludeTable, statement.block ?? [], statement.at) as BlockOf<typeof excludeTable>;
      return appended(
        before,
        block.entries.map((entry) => entry.text),
      );
    },
    print: (value) => (value.length === 0 ? [] : [{ block: value.map((name) => `File = ${quote(name)}`) }]),
    json: (value) => value,
  };
}

/** The FileSet resource: which files of a client are saved, and how. */
export const fileSetTable = defineResource(
  "FileSet",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which jobs refer to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    ignoreFileSetChanges: directive(bool(), {
      default: false,
      acts: true,
      description: "Keeps on with the same saves though the FileSet was changed.",
    }),
    enableVss: directive(bool(), { default: true, acts: false, description: "Saves Windows clients from a shadow copy." }),
    enableSnapshot: directive(bool(), {
      default: false,
      acts: false,
      description: "Saves from a snapshot of the file system.",
    }),
    include: directive(includeBlocks(), { acts: true, description: "What is saved." }),
    exclude: directive(excludeBlocks(), { acts: true, description: "What is left out." }),
  },
  { description: "Which files of a client are saved, and how." },
);

export interface FileSetResource extends ResourceOf<typeof fileSetTable> {}

/** Nested tables of the Director's resources, for the coverage table and the manual. */
export const fileSetBlockTables: readonly BlockTable[] = [includeTable, optionsTable, excludeTable];

/**
 * The digest by which the catalog knows one version of a FileSet: MD5 over the File and Plugin lines of all Include blocks and
 * the names of the Exclude blocks, written as Bacula writes it, so that a catalog of Bacula's knows the FileSet again.
 */
export function filesetMd5(fileSet: Pick<FileSetResource, "include" | "exclude">): string {
  const hash = createHash("md5");
  for (const include of fileSet.include) {
    for (const entry of include.entries) hash.update(encodeName(entry.text));
  }
  for (const name of fileSet.exclude) hash.update(encodeName(name));
  return legacyBase64(hash.digest());
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The base64 of FileSet digests in Bacula's catalogs. It is not the usual one: each byte is taken as a signed number, whose sign
 * overwrites the bits that wait for output, and the last digit holds the remaining bits in its low end.
 */
function legacyBase64(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let waiting = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | (byte >= 128 ? byte - 256 : byte);
    waiting += 8;
    for (; waiting >= 6; waiting -= 6) text += DIGITS[(bits >> (waiting - 6)) & 63];
  }
  return waiting === 0 ? text : text + DIGITS[bits & ((1 << waiting) - 1)];
}
