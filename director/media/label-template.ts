import { OperatorError } from "#lib/errors/operator-error.ts";

/** A piece of a Label Format. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | VariablePart
  | { readonly kind: "loop"; readonly body: readonly TemplatePart[]; readonly limits: LoopLimits | null };

/** `$name`, `${name+[index]:operation...}` or the same as `%(...)`. */
export interface VariablePart {
  readonly kind: "variable";
  readonly name: string;
  /** `+`: a Counter moves on. */
  readonly increments: boolean;
  readonly index: IndexTerm | null;
  readonly operations: readonly Operation[];
}

/** `{start,step,stop}` behind a loop. */
export interface LoopLimits {
  readonly start: IndexTerm;
  readonly step: IndexTerm;
  readonly stop: IndexTerm;
}

/** Whole-number arithmetic of indexes. `#` is the number of the loop's turn. */
export type IndexTerm =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "turn" }
  | VariablePart
  | { readonly kind: "binary"; readonly operator: string; readonly left: IndexTerm; readonly right: IndexTerm };

/** What is done to the value of a variable. Texts may hold variables themselves. */
export type Operation =
  | { readonly kind: "lower" | "upper" | "length" }
  | { readonly kind: "ifEmpty" | "onlyIfEmpty" | "ifFilled"; readonly text: readonly TemplatePart[] }
  | { readonly kind: "cut"; readonly start: number; readonly end: number | null; readonly isCount: boolean }
  | { readonly kind: "pad"; readonly width: number; readonly fill: readonly TemplatePart[]; readonly side: "l" | "r" | "c" }
  | {
      readonly kind: "replace";
      readonly from: readonly TemplatePart[];
      readonly to: readonly TemplatePart[];
      readonly flags: string;
    }
  | { readonly kind: "translate"; readonly from: string; readonly to: string };

/** All variables of a template, those in operations and indexes included, in the order in which they stand. */
export function variablesOf(parts: readonly TemplatePart[]): readonly VariablePart[] {
  return parts.flatMap((part) => {
    if (part.kind === "text") return [];
    if (part.kind === "variable") return variablesOfVariable(part);
    const limits =
      part.limits === null ? [] : [part.limits.start, part.limits.step, part.limits.stop].flatMap(variablesOfIndex);
    return [...variablesOf(part.body), ...limits];
  });
}

/** The error for a Label Format. */
export function labelFormatError(format: string, fault: string): OperatorError {
  return new OperatorError("LABEL_FORMAT_INVALID", `Label Format "${format}": ${fault}`, {
    hint: "correct Label Format of the Pool; `var` in the console shows what a text expands to",
  });
}

function variablesOfVariable(part: VariablePart): readonly VariablePart[] {
  const inside = part.operations.flatMap((operation) => {
    if ("text" in operation) return variablesOf(operation.text);
    if (operation.kind === "pad") return variablesOf(operation.fill);
    return operation.kind === "replace" ? variablesOf([...operation.from, ...operation.to]) : [];
  });
  return [part, ...(part.index === null ? [] : variablesOfIndex(part.index)), ...inside];
}

function variablesOfIndex(term: IndexTerm): readonly VariablePart[] {
  if (term.kind === "variable") return variablesOfVariable(term);
  return term.kind === "binary" ? [...variablesOfIndex(term.left), ...variablesOfIndex(term.right)] : [];
}
