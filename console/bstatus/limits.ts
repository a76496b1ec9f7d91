import { compileWildcard, type WildcardMatcher } from "#lib/base/text-match.ts";
import { parseDuration } from "#lib/base/duration.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** A limit, for all or for what a name fits; the last that fits counts. */
export interface Limit {
  /** Name with wildcards; "*" if it is for all. */
  readonly pattern: string;
  readonly fits: WildcardMatcher;
  /** 0: no limit. */
  readonly value: number;
}

/** Kinds of limits with what their values are, and the value that holds unless told otherwise. */
const KINDS = {
  "warn-age": { unit: "time", preset: 0 },
  "crit-age": { unit: "time", preset: 0 },
  "warn-missed": { unit: "count", preset: 1 },
  "crit-missed": { unit: "count", preset: 2 },
  "warn-failures": { unit: "count", preset: 1 },
  "crit-failures": { unit: "count", preset: 3 },
  "warn-running": { unit: "time", preset: 86_400 },
  "warn-days-left": { unit: "count", preset: 14 },
  "crit-days-left": { unit: "count", preset: 3 },
  "warn-free": { unit: "percent", preset: 0 },
  "crit-free": { unit: "percent", preset: 1 },
} as const;

/** Name of a kind of limit: the option without its dashes. */
export type LimitKind = keyof typeof KINDS;

/** All kinds, in the order of the help text. */
export const limitKinds = Object.keys(KINDS) as readonly LimitKind[];

/** What is too old, too many, too little. Times are seconds, room is percent. */
export type Limits = Readonly<Record<LimitKind, readonly Limit[]>>;

/** Reads `26h` or `laptop*:8 days`. Throws VALUE_REFUSED. */
export function parseLimit(kind: LimitKind, text: string): Limit {
  const colon = text.lastIndexOf(":");
  const pattern = colon < 0 ? "*" : text.slice(0, colon);
  const value = text.slice(colon + 1).trim();
  if (pattern === "") throw new OperatorError("VALUE_REFUSED", `--${kind}=${text}: a name is expected before the colon`);
  return { pattern, fits: compileWildcard(pattern), value: parseValue(kind, value, text) };
}

/** The limits of the options, given by kind in their order. Throws VALUE_REFUSED. */
export function parseLimits(given: (kind: LimitKind) => readonly string[]): Limits {
  const limits: Partial<Record<LimitKind, readonly Limit[]>> = {};
  for (const kind of limitKinds)
    limits[kind] = [
      { pattern: "*", fits: () => true, value: KINDS[kind].preset },
      ...given(kind).map((text) => parseLimit(kind, text)),
    ];
  return limits as Limits;
}

/** The limit for what has these names (client and client/job; storage and storage/device): the last that fits one of them. 0: none. */
export function limitFor(limits: Limits, kind: LimitKind, names: readonly string[]): number {
  return limits[kind].findLast((limit) => names.some((name) => limit.fits(name)))?.value ?? 0;
}

function parseValue(kind: LimitKind, value: string, text: string): number {
  const { unit } = KINDS[kind];
  if (unit === "time") {
    try {
      return parseDuration(value);
    } catch (error) {
      throw new OperatorError("VALUE_REFUSED", `--${kind}=${text}: ${error instanceof Error ? error.message : String(error)}`, {
        hint: "write for instance 26h, 8 days, or laptop*:8 days",
      });
    }
  }
  const digits = unit === "percent" ? value.replace(/%$/, "") : value;
  const number = Number(digits);
  if (
    !/^\d{1,6}(\.\d{1,3})?$/.test(digits) ||
    (unit === "count" && !Number.isInteger(number)) ||
    (unit === "percent" && number > 100)
  )
    throw new OperatorError(
      "VALUE_REFUSED",
      `--${kind}=${text}: a ${unit === "percent" ? "percentage" : "whole number"} is expected`,
    );
  return number;
}
