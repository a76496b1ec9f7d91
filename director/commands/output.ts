/** One column of a table. Numbers are shown right-aligned with thousands commas. */
export interface OutputColumn {
  readonly name: string;
  readonly number: boolean;
}

/** What a table is, before its rows. */
export interface TableShape {
  /** What the rows are ("jobs", "volumes"), for machines. */
  readonly name: string;
  readonly columns: readonly OutputColumn[];
  /** One column a line (`llist`). */
  readonly vertical: boolean;
}

/** Rows of text, one value a column; NULL is the empty text. */
export type OutputRow = readonly string[];

/** A question to the operator. The console numbers the choices from 1. */
export interface OutputQuestion {
  readonly prompt: string;
  readonly choices?: readonly string[];
  readonly title?: string;
  /** Taken for an empty line. */
  readonly fallback?: string;
  readonly secret?: boolean;
}

/** Rendering mode of the console: for people, Bacula's old machine mode, JSON. */
export type ApiMode = 0 | 1 | 2;

/** Everything that a command may send. Typed, never formatted: rendering is the console's business. */
export type Output =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tableHead"; readonly shape: TableShape }
  | { readonly kind: "tableRows"; readonly rows: readonly OutputRow[] }
  | { readonly kind: "tableEnd" }
  | { readonly kind: "question"; readonly question: OutputQuestion }
  | { readonly kind: "progress"; readonly done: number; readonly total: number; readonly text: string }
  | { readonly kind: "api"; readonly mode: ApiMode }
  | { readonly kind: "messagesWaiting" }
  | { readonly kind: "ready"; readonly ok: boolean; readonly code: ExitCode }
  | { readonly kind: "bye" };

/** How a command went, for scripts: well, with warnings, failed, other. */
export type ExitCode = 0 | 1 | 2 | 3;
