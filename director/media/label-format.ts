import { OperatorError } from "#lib/errors/operator-error.ts";
import { variablesOf } from "./label-template.ts";
import { parseTemplate } from "./parse-template.ts";

const VOLUME_NAME_MAX = 127;
const NAME_CHARS = /^[A-Za-z0-9:._-]*$/;

/** Variables that the Director itself gives a value; Counters and its environment come beside them. */
export const LABEL_VARIABLES = [
  "Job", "JobName", "JobId", "Dir", "Level", "Type", "Client", "NumVols", "Pool", "Storage", "Catalog", "MediaType",
  "Year", "Month", "Day", "Hour", "Minute", "Second", "WeekDay",
] as const; // prettier-ignore

/** Counter of the Pool that a format may count up without a Counter resource of this name. */
export const POOL_COUNTER = "Counter";

/** True for a Label Format that only stands for a beginning, to which a number is added. */
export function isSimpleFormat(format: string): boolean {
  return NAME_CHARS.test(format);
}

/** True for a Label Format that forbids automatic Volumes. */
export function forbidsCreation(format: string): boolean {
  return format === "" || format.startsWith("*");
}

/** Name of the Volume number `number` in simple mode. */
export function simpleName(format: string, number: number): string {
  return checkVolumeName(`${format}${String(number).padStart(4, "0")}`);
}

/** The name itself if it may name a Volume; throws OperatorError if not. */
export function checkVolumeName(name: string): string {
  const isLegal = name !== "" && NAME_CHARS.test(name) && name.length <= VOLUME_NAME_MAX;
  if (isLegal) return name;
  throw new OperatorError("VOLUME_NAME_INVALID", `"${name}" cannot name a Volume`, {
    hint: "use letters, digits and : . - _ only, at most 127 of them",
  });
}

/** True if the format counts a Counter up, so that its next name is another one. */
export function countsUp(format: string): boolean {
  return variablesOf(parseTemplate(format)).some((variable) => variable.increments);
}

/** What is wrong with a Label Format that has variables, as far as it can be known before it is used; undefined: nothing. */
export function labelFormatFault(
  format: string,
  known: { readonly counters: ReadonlySet<string>; readonly environment: ReadonlySet<string> },
): string | undefined {
  try {
    const parts = parseTemplate(format);
    for (const { name, increments, operations } of variablesOf(parts)) {
      if (increments && !known.counters.has(name) && name !== POOL_COUNTER) return `there is no Counter "${name}" to count up`;
      const isKnown =
        increments || known.counters.has(name) || known.environment.has(name) || LABEL_VARIABLES.some((own) => own === name);
      if (!isKnown && !operations.some((operation) => operation.kind === "ifEmpty")) return `"${name}" is not a variable`;
    }
    const wrong = parts.find((part) => part.kind === "text" && !NAME_CHARS.test(part.text));
    return wrong?.kind === "text" ? `"${wrong.text}" cannot stand in the name of a Volume` : undefined;
  } catch (error) {
    if (error instanceof OperatorError) return error.message.replace(/^Label Format ".*?": /s, "");
    throw error;
  }
}
