import { OperatorError } from "#lib/errors/operator-error.ts";
import type { ConsoleResource } from "../config/console.ts";
import type { DirectorConfig } from "../config/load.ts";

/** Name under which a console logs in that knows the Director's own password: it may do everything. */
export const ROOT_CONSOLE = "*UserAgent*";

/** What an operator wants to see or use. */
export type AccessRequest =
  | { readonly kind: "command"; readonly command: string }
  | {
      readonly kind:
        | "job"
        | "run"
        | "client"
        | "storage"
        | "schedule"
        | "pool"
        | "fileSet"
        | "catalog"
        | "where"
        | "restoreClient"
        | "backupClient";
      readonly name: string;
    }
  | { readonly kind: "sql" }
  /** Files of any directory and owner. */
  | { readonly kind: "anyFile" };

/** Who sits at a console. */
export type Operator =
  | { readonly kind: "root"; readonly name: string }
  | { readonly kind: "restricted"; readonly console: ConsoleResource }
  | { readonly kind: "unknown"; readonly name: string };

/** The word by which an ACL allows everything. */
const EVERYTHING = "*all*";

/** The operator who logged in under this name. */
export function operatorOf(name: string, config: DirectorConfig): Operator {
  if (name === ROOT_CONSOLE) return { kind: "root", name };
  const console = config.consoles.get(name);
  return console === undefined ? { kind: "unknown", name } : { kind: "restricted", console };
}

/** Name of the operator for logs and jobs. */
export function operatorName(operator: Operator): string {
  return operator.kind === "restricted" ? operator.console.name : operator.name;
}

/** The one decision about what an operator may do: what no list allows is denied. */
export function mayAccess(operator: Operator, request: AccessRequest): boolean {
  if (operator.kind === "root") return true;
  if (operator.kind === "unknown") return false;
  const { console } = operator;
  if (request.kind === "command")
    return alwaysAllowed.has(request.command) || allows(console.commandAcl, request.command, foldedEqual);
  // Free SQL sees every row, so it takes the right to everything that rows tell of.
  if (request.kind === "sql") return sqlLists(console).every((list) => allows(list, EVERYTHING, exactEqual));
  // A choice of directories or owners is not made in this release: who is limited to some may restore none.
  if (request.kind === "anyFile")
    return [console.directoryAcl, console.userIdAcl].every((list) => list.length === 0 || allows(list, EVERYTHING, exactEqual));
  if (request.kind === "where") {
    const path = plainPath(request.name);
    return path !== undefined && allows(console.whereAcl, path, isBelow);
  }
  if (request.kind === "run")
    return allows(console.runAcl.length > 0 ? console.runAcl : console.jobAcl, request.name, exactEqual);
  if (request.kind === "restoreClient" || request.kind === "backupClient") {
    const own = request.kind === "restoreClient" ? console.restoreClientAcl : console.backupClientAcl;
    return allows(console.clientAcl, request.name, exactEqual) || allows(own, request.name, exactEqual);
  }
  return allows(listOf(console, request.kind), request.name, exactEqual);
}

/** Throws COMMAND_DENIED if the operator may not do it. The text does not tell whether the resource exists. */
export function requireAccess(operator: Operator, request: AccessRequest): void {
  if (mayAccess(operator, request)) return;
  const what =
    request.kind === "command"
      ? `command "${request.command}"`
      : request.kind === "sql"
        ? "SQL"
        : request.kind === "anyFile"
          ? "a restore of files that DirectoryACL or UserIdACL limit"
          : `${request.kind} "${request.name}"`;
  throw new OperatorError("COMMAND_DENIED", `${what} is not allowed on this console`);
}

/** Leaving and help need no right. */
const alwaysAllowed: ReadonlySet<string> = new Set([
  "quit",
  "exit",
  "help",
  ".quit",
  ".exit",
  ".help",
  ".api",
  "time",
  "version",
]);

type PlainKind = "job" | "client" | "storage" | "schedule" | "pool" | "fileSet" | "catalog";

function listOf(console: ConsoleResource, kind: PlainKind): readonly string[] {
  const lists: Record<PlainKind, readonly string[]> = {
    job: console.jobAcl,
    client: console.clientAcl,
    storage: console.storageAcl,
    schedule: console.scheduleAcl,
    pool: console.poolAcl,
    fileSet: console.fileSetAcl,
    catalog: console.catalogAcl,
  };
  return lists[kind];
}

function sqlLists(console: ConsoleResource): (readonly string[])[] {
  return [console.jobAcl, console.clientAcl, console.storageAcl, console.poolAcl, console.fileSetAcl, console.catalogAcl];
}

/** True if an entry of the list fits. An entry that begins with `!` denies, wherever it stands. */
function allows(list: readonly string[], name: string, fits: (entry: string, name: string) => boolean): boolean {
  if (list.some((entry) => entry.startsWith("!") && fits(entry.slice(1), name))) return false;
  return list.some((entry) => entry.toLowerCase() === EVERYTHING || fits(entry, name));
}

function exactEqual(entry: string, name: string): boolean {
  return entry === name;
}

function foldedEqual(entry: string, name: string): boolean {
  return entry.toLowerCase() === name.toLowerCase();
}

/** The path with one slash between its parts; undefined with `..` in it, which might lead past any list, also past what `!` denies. */
function plainPath(path: string): string | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : `/${parts.join("/")}`;
}

/** Whether the path is the directory of the entry or below it. */
function isBelow(directory: string, path: string): boolean {
  const base = directory.replace(/\/+$/, "");
  return path === base || path === `${base}/` || path.startsWith(`${base}/`);
}
