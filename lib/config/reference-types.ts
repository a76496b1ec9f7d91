import { appended, type DirectiveType, type Lookup, type Reference } from "./define-resource.ts";
import { listWords, nameFault, onlyWord, quote } from "./directive-types.ts";
import type { Token } from "./lexer.ts";
import { ConfigMistake } from "./problem.ts";

function referenceOf<N extends string>(type: N, token: Token): Reference<N> {
  const fault = nameFault(token.text);
  if (fault !== undefined) throw new ConfigMistake(fault, { at: token.at });
  return { type, name: token.text, at: token.at };
}

/** The name of another resource; the value becomes that resource. */
export function reference<const N extends string>(type: N): DirectiveType<Reference<N>> {
  return {
    label: `name of a ${type}`,
    repeats: "refuse",
    braces: "never",
    refersTo: type,
    parse: (statement, context) => referenceOf(type, onlyWord(statement, context)),
    print: (value) => [{ value: quote(value.name) }],
    json: (value) => value.name,
    resolve: (value, lookup) => lookup(value),
  };
}

/** Names of other resources, comma separated or on several lines; the value becomes those resources, in the order written. */
export function referenceList<const N extends string>(type: N): DirectiveType<readonly Reference<N>[]> {
  return {
    label: `names of ${type} resources`,
    repeats: "append",
    braces: "never",
    refersTo: type,
    empty: [],
    parse: (statement, _context, before) =>
      appended(
        before,
        listWords(statement).map((token) => referenceOf(type, token)),
      ),
    print: (value) => value.map((item) => ({ value: quote(item.name) })),
    json: (value) => value.map((item) => item.name),
    resolve: (value, lookup: Lookup) => value.map((item) => lookup(item)).filter((item) => item !== undefined),
  };
}

/** yes, no, or the name of another resource. */
export function boolOrReference<const N extends string>(type: N): DirectiveType<boolean | Reference<N>> {
  return {
    label: `yes, no, or name of a ${type}`,
    repeats: "refuse",
    braces: "never",
    refersTo: type,
    parse(statement, context) {
      const token = onlyWord(statement, context);
      const folded = token.text.toLowerCase();
      if (folded === "yes" || folded === "true") return true;
      if (folded === "no" || folded === "false") return false;
      return referenceOf(type, token);
    },
    print: (value) => [{ value: typeof value === "boolean" ? (value ? "yes" : "no") : quote(value.name) }],
    json: (value) => (typeof value === "boolean" ? value : value.name),
    resolve: (value, lookup) => (typeof value === "boolean" ? value : lookup(value)),
  };
}
