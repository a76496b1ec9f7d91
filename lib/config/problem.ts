import { OperatorError } from "../errors/operator-error.ts";
import { formatPosition, type Position } from "./position.ts";

/** Problems kept of one configuration; a file of noise gives this many and one line that says there are more. */
export const PROBLEMS_MAX = 100;

/** Characters of one message that are kept. */
const TEXT_CHARS_MAX = 1000;

/** One thing wrong (or doubtful) in a configuration, with the place and the names that an administrator needs. */
export interface ConfigProblem {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly at: Position | undefined;
  /** The resource it belongs to, as `Job "Nightly"`. */
  readonly resource?: string | undefined;
  /** The directive it belongs to, as written. */
  readonly directive?: string | undefined;
  /** What was probably meant, or what to do. */
  readonly hint?: string | undefined;
}

/** Thrown by the parser of one value; whoever knows resource and directive adds them and goes on with the next directive. */
export class ConfigMistake extends Error {
  readonly at: Position | undefined;
  readonly hint: string | undefined;

  constructor(message: string, options: { at?: Position | undefined; hint?: string | undefined } = {}) {
    super(message);
    this.at = options.at;
    this.hint = options.hint;
  }
}

/** A configuration that cannot be used. `problems` holds all errors and warnings found; the message lists the errors and the warnings of the same resources. */
export class ConfigError extends OperatorError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const errors = problems.filter((problem) => problem.severity === "error");
    const wrong = new Set(errors.map((problem) => problem.resource));
    // What is doubtful in a resource often explains what is wrong in it.
    const doubts = problems.filter(
      (problem) => problem.severity === "warning" && problem.resource !== undefined && wrong.has(problem.resource),
    );
    super(
      "CONFIG_INVALID",
      inFileOrder([...errors, ...doubts])
        .map(formatProblem)
        .join("\n"),
    );
    this.problems = problems;
  }
}

/** Sorts by file (in the order in which the files had problems), line and column; what has no place comes last. */
function inFileOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const files = [...new Set(problems.map((problem) => problem.at?.file))];
  const rank = ({ at }: ConfigProblem) => (at === undefined ? files.length : files.indexOf(at.file));
  return problems.toSorted(
    (left, right) =>
      rank(left) - rank(right) ||
      (left.at?.line ?? 0) - (right.at?.line ?? 0) ||
      (left.at?.column ?? 0) - (right.at?.column ?? 0),
  );
}

/** Collects problems, at most PROBLEMS_MAX of each severity. */
export class ProblemList {
  readonly #problems: ConfigProblem[] = [];
  #errors = 0;
  #warnings = 0;

  add(problem: ConfigProblem): void {
    const count = problem.severity === "error" ? ++this.#errors : ++this.#warnings;
    if (count <= PROBLEMS_MAX)
      this.#problems.push({
        ...problem,
        message: shortened(problem.message),
        hint: problem.hint === undefined ? undefined : shortened(problem.hint),
      });
    else if (count === PROBLEMS_MAX + 1) {
      this.#problems.push({
        severity: problem.severity,
        at: undefined,
        message: `more than ${PROBLEMS_MAX} of these; the others are not shown`,
      });
    }
  }

  /** True if another error would not be shown, so that a costly hint need not be found. */
  get isFull(): boolean {
    return this.#errors >= PROBLEMS_MAX;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  get all(): readonly ConfigProblem[] {
    return this.#problems;
  }

  /** Throws ConfigError if any error was added. */
  throwIfErrors(): void {
    if (this.hasErrors) throw new ConfigError(this.#problems);
  }
}

/** A value of a hostile file can be as large as the file. */
function shortened(text: string): string {
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}...`;
}

/** `file:line:column: Job "x", directive Client: message (hint)`: one line, without what is not known. */
export function formatProblem(problem: ConfigProblem): string {
  const where = [problem.resource, problem.directive === undefined ? undefined : `directive ${problem.directive}`];
  const named = where.filter((part) => part !== undefined).join(", ");
  const at = problem.at === undefined ? "" : `${formatPosition(problem.at)}: `;
  const kind = problem.severity === "warning" ? "warning: " : "";
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return `${at}${kind}${named === "" ? "" : `${named}: `}${problem.message}${hint}`;
}
