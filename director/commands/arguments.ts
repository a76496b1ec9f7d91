import { didYouMean } from "#lib/config/did-you-mean.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Longest command line, in characters. */
export const LINE_CHARS_MAX = 1024 * 1024;

/**
 * Keywords of a command, one text each: `yes` stands alone, `job=` needs a value, `jobid=?` may have one; `client|fd=` has two
 * spellings, the first being the name under which its value is found.
 */
export type KeywordSpec = string;

/** What a command accepts on its line. */
export interface ArgumentRules {
  readonly keywords: readonly KeywordSpec[];
  /** Words that are no keywords are allowed (`help list`, `query 2`). */
  readonly words?: boolean;
  /** What is not understood is kept in `Arguments.unknown` instead of refused: for commands that only show something. */
  readonly lenient?: boolean;
}

interface Keyword {
  readonly name: string;
  readonly spellings: readonly string[];
  readonly value: "none" | "needed" | "optional";
}

interface Given {
  readonly name: string;
  readonly value: string | undefined;
}

/** The parsed arguments of one command line. */
export class Arguments {
  readonly #given: readonly Given[];
  readonly words: readonly string[];
  /** Names of keywords that were not understood; only where the rules are lenient. */
  readonly unknown: readonly string[];

  constructor(given: readonly Given[], words: readonly string[], unknown: readonly string[] = []) {
    this.#given = given;
    this.words = words;
    this.unknown = unknown;
  }

  /** True if the keyword was given, with a value or without. */
  has(name: string): boolean {
    return this.#given.some((one) => one.name === name);
  }

  /** Value of the keyword; the last one if it was given often; undefined without value. */
  value(name: string): string | undefined {
    return this.#given.findLast((one) => one.name === name)?.value;
  }

  /** All values of the keyword, in the order given. */
  values(name: string): string[] {
    return this.#given.flatMap((one) => (one.name === name && one.value !== undefined ? [one.value] : []));
  }

  /** Names of the keywords given, in order. */
  names(): string[] {
    return this.#given.map((one) => one.name);
  }

  /** The value as a whole number of at least `min`; undefined if not given. Throws KEYWORD_VALUE. */
  integer(name: string, min = 0): number | undefined {
    const text = this.value(name);
    return text === undefined ? undefined : wholeNumber(text, name, min);
  }

  /** The value as yes or no; undefined if not given. Throws KEYWORD_VALUE. */
  flag(name: string): boolean | undefined {
    const text = this.value(name)?.toLowerCase();
    if (text === undefined) return undefined;
    if (["yes", "true", "on", "1"].includes(text)) return true;
    if (["no", "false", "off", "0"].includes(text)) return false;
    throw new OperatorError("KEYWORD_VALUE", `${name}=${text} is neither yes nor no`);
  }

  /** The value as JobIds: `3`, `1,2,5-8`; [] if not given. At most 100,000 of them. Throws KEYWORD_VALUE. */
  jobIds(name = "jobid"): number[] {
    return this.values(name).flatMap((text) => parseJobIds(text));
  }
}

/** JobIds of a list like `1,2,5-8`. Throws KEYWORD_VALUE. */
export function parseJobIds(text: string): number[] {
  const ids: number[] = [];
  for (const part of text.split(",").map((one) => one.trim())) {
    const range = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part);
    if (range === null)
      throw new OperatorError("KEYWORD_VALUE", `"${text}" is no list of JobIds`, { hint: "write e.g. 3 or 1,2,5-8" });
    const first = Number(range[1]);
    const last = range[2] === undefined ? first : Number(range[2]);
    if (first < 1 || last < first || ids.length + last - first >= 100_000) {
      throw new OperatorError("KEYWORD_VALUE", `"${part}" is no range of JobIds`, {
        hint: "the first id comes first, at most 100,000 of them",
      });
    }
    for (let id = first; id <= last; id++) ids.push(id);
  }
  return [...new Set(ids)];
}

/** The text as a whole number of at least `min`. Throws KEYWORD_VALUE that names the keyword. */
export function wholeNumber(text: string, name: string, min = 0): number {
  const value = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < min) {
    throw new OperatorError("KEYWORD_VALUE", `${name}=${text} is no whole number of at least ${min}`);
  }
  return value;
}

/** Words of a line: split at blanks; double quotes keep blanks, a backslash takes the next character as it is. */
export function splitLine(line: string): string[] {
  if (line.length > LINE_CHARS_MAX)
    throw new OperatorError("LINE_INVALID", `the line is longer than ${LINE_CHARS_MAX} characters`);
  const words: string[] = [];
  let word = "";
  let started = false;
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (char === "\\" && at + 1 < line.length) {
      word += line[++at]!;
      started = true;
    } else if (char === '"') {
      quoted = !quoted;
      started = true;
    } else if (!quoted && (char === " " || char === "\t" || char === "\r" || char === "\n")) {
      if (started) words.push(word);
      word = "";
      started = false;
    } else {
      word += char;
      started = true;
    }
  }
  if (quoted) throw new OperatorError("LINE_INVALID", "a double quote is open at the end of the line");
  if (started) words.push(word);
  return words;
}

/** Arguments of a command from the words behind its name. Throws KEYWORD_UNKNOWN, KEYWORD_AMBIGUOUS or KEYWORD_VALUE. */
export function parseArguments(command: string, words: readonly string[], rules: ArgumentRules): Arguments {
  const keywords = rules.keywords.map((spec) => readSpec(spec));
  const given: Given[] = [];
  const free: string[] = [];
  const unknown: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    const key = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const keyword = findKeyword(command, key, keywords, rules);
    if (rules.lenient === true && (keyword === undefined || (keyword.value === "needed" && value === undefined))) {
      unknown.push(key);
    } else if (keyword === undefined) {
      if (rules.words === true) free.push(word);
      else throw unknownKeyword(command, key, keywords);
    } else {
      given.push({ name: keyword.name, value: checkedValue(keyword, value) });
    }
  }
  return new Arguments(given, free, unknown);
}

/** Names of all keywords of the rules, with `=` where a value follows: for completion and help. */
export function keywordNames(rules: ArgumentRules): string[] {
  return rules.keywords.map((spec) => {
    const keyword = readSpec(spec);
    return keyword.value === "none" ? keyword.name : `${keyword.name}=`;
  });
}

function readSpec(spec: KeywordSpec): Keyword {
  const match = /^([^=]+)(=\??)?$/.exec(spec)!;
  const spellings = match[1]!.split("|");
  const value = match[2] === undefined ? "none" : match[2] === "=" ? "needed" : "optional";
  return { name: spellings[0]!, spellings, value };
}

/** The keyword meant by the whole word, or by an abbreviation that only one keyword has. */
function findKeyword(command: string, key: string, keywords: readonly Keyword[], rules: ArgumentRules): Keyword | undefined {
  const wanted = key.toLowerCase();
  const exact = keywords.find((keyword) => keyword.spellings.includes(wanted));
  if (exact !== undefined || rules.words === true || wanted === "") return exact;
  const near = keywords.filter((keyword) => keyword.spellings.some((spelling) => spelling.startsWith(wanted)));
  if (near.length > 1) {
    if (rules.lenient === true) return undefined;
    const names = near.map((keyword) => keyword.name).join(", ");
    throw new OperatorError("KEYWORD_AMBIGUOUS", `${command}: keyword ${key} may mean ${names}`, { hint: "write more of it" });
  }
  return near[0];
}

function checkedValue(keyword: Keyword, value: string | undefined): string | undefined {
  if (value === undefined && keyword.value === "needed") {
    throw new OperatorError("KEYWORD_VALUE", `keyword ${keyword.name} needs a value`, { hint: `write ${keyword.name}=...` });
  }
  if (value !== undefined && value !== "" && keyword.value === "none") {
    throw new OperatorError("KEYWORD_VALUE", `keyword ${keyword.name} takes no value`, { hint: `write ${keyword.name} alone` });
  }
  return value;
}

function unknownKeyword(command: string, key: string, keywords: readonly Keyword[]): OperatorError {
  const near = didYouMean(
    key,
    keywords.flatMap((keyword) => keyword.spellings),
  );
  return new OperatorError("KEYWORD_UNKNOWN", `${command}: unknown keyword ${key}`, { hint: near ?? `type: help ${command}` });
}
