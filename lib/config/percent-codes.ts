import { didYouMean } from "./did-you-mean.ts";
import { ConfigMistake } from "./problem.ts";

/** What a `%`-code can be replaced by. The names are those of the long form, `%(JobId)`. */
export const percentCodes = {
  JobBytes: "b", Client: "c", Daemon: "d", JobStatus: "e", JobErrors: "E", JobFiles: "F", JobId: "i", JobUniqueName: "j",
  Level: "l", JobName: "n", Priority: "o", Pid: "P", Recipients: "r", ReadBytes: "R", Since: "s", Type: "t", Volumes: "v",
  Cloned: "C", Director: "D", FileSet: "f", ClientAddress: "h", NewJobId: "I", PreviousJobId: "m", Pool: "p", PreviousJob: "S", Storage: "w", Spooling: "x",
} as const; // prettier-ignore
export type PercentCode = keyof typeof percentCodes;

/** Values for the codes; what is missing is printed as `*none*`. */
export type PercentValues = Partial<Readonly<Record<PercentCode, string | number>>>;

const CODE = /%(?:\(([^)]{0,64})\)|([\s\S]))/g;
const nameOfLetter = new Map<string, PercentCode>(
  Object.entries(percentCodes).map(([name, letter]) => [letter, name as PercentCode]),
);
const nameOfFolded = new Map<string, PercentCode>(
  Object.keys(percentCodes).map((name) => [name.toLowerCase(), name as PercentCode]),
);

/**
 * Replaces `%c` and `%(Client)` by the client's name, and so on; `%%` is a percent sign. An unknown letter stays as written. `transform`
 * is applied to each value (shell quoting).
 */
export function expandPercentCodes(
  template: string,
  values: PercentValues,
  transform: (value: string) => string = (value) => value,
): string {
  return template.replaceAll(CODE, (written: string, long: string | undefined, letter: string | undefined) => {
    if (letter === "%") return "%";
    const name = long === undefined ? nameOfLetter.get(letter!) : nameOfFolded.get(long.toLowerCase());
    return name === undefined ? written : transform(String(values[name] ?? "*none*"));
  });
}

/** Throws ConfigMistake if the text has a long code that does not exist. */
export function checkPercentCodes(template: string): void {
  for (const [, long] of template.matchAll(CODE)) {
    if (long === undefined || nameOfFolded.has(long.toLowerCase())) continue;
    throw new ConfigMistake(`%(${long}) is not a known code`, { hint: didYouMean(long, Object.keys(percentCodes)) });
  }
}
