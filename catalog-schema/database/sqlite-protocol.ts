/** What the main thread and a SQLite worker say to each other. Rows travel as arrays: cheaper to clone than objects. */

/** A value as it goes into a statement or comes out of one. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** What a worker is started with. */
export interface WorkerStart {
  readonly file: string;
  readonly isReader: boolean;
}

export type WorkerRequest =
  | { readonly kind: "execute"; readonly sql: string; readonly params: readonly SqlValue[] }
  | {
      readonly kind: "openCursor";
      readonly sql: string;
      readonly params: readonly SqlValue[];
      readonly isExact: boolean;
      readonly rows: number;
    }
  | { readonly kind: "nextPage"; readonly cursor: number; readonly rows: number }
  | { readonly kind: "closeCursor"; readonly cursor: number }
  | { readonly kind: "attributes"; readonly jobId: number; readonly last: LastFile; readonly batches: readonly Uint8Array[] }
  | { readonly kind: "watchPaths"; readonly isOn: boolean }
  | { readonly kind: "removePaths"; readonly pathIds: readonly number[] }
  | { readonly kind: "rollback" }
  | { readonly kind: "close" };

/** The file row that the last attributes made: a digest may follow in the next batch. FileIndex 0: none. */
export interface LastFile {
  readonly fileIndex: number;
  readonly pathId: number;
  readonly filename: string;
}

/** What inserting attributes did. */
export interface AttributesInserted {
  readonly files: number;
  readonly last: LastFile;
}

/** Rows of a cursor; after the last page the cursor is closed. */
export interface CursorPage {
  readonly rows: readonly (readonly SqlValue[])[];
  readonly isLast: boolean;
}

export type WorkerAnswer =
  | { readonly kind: "rows"; readonly columns: readonly string[]; readonly rows: readonly (readonly SqlValue[])[] }
  | { readonly kind: "changed"; readonly changes: number; readonly insertId: number }
  | { readonly kind: "cursor"; readonly cursor: number; readonly columns: readonly string[]; readonly first: CursorPage }
  | { readonly kind: "page"; readonly page: CursorPage }
  | { readonly kind: "attributes"; readonly inserted: AttributesInserted }
  /** Paths that were removed; null: another program has written meanwhile. */
  | { readonly kind: "removed"; readonly pathIds: readonly number[] | null }
  | { readonly kind: "done" };

/** A failure, in parts that survive the way between threads. */
export interface WorkerFailure {
  readonly message: string;
  /** SQLite's extended result code; 0 when the failure is none of SQLite's. */
  readonly errcode: number;
  /** Our own error code, when it was an OperatorError. */
  readonly code: string | null;
}

export type WorkerReply =
  | { readonly id: number; readonly answer: WorkerAnswer }
  | { readonly id: number; readonly failure: WorkerFailure };
