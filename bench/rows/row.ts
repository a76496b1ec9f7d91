import type { Place } from "../place.ts";

/** What values are counted in; decides how they are printed. */
export type Unit = "s" | "ms" | "bytes" | "rows/s" | "us/file" | "jobs";

/** One work of one subject, a value a round. */
export interface Series {
  readonly work: string;
  readonly subject: string;
  readonly unit: Unit;
  readonly values: readonly number[];
}

/** One line of the goals and what became of it. */
export interface Judgement {
  readonly goal: string;
  /** What was compared, in words and figures. */
  readonly figure: string;
  readonly bound: string;
  readonly isMet: boolean;
}

/** What a row measured. */
export interface RowResult {
  readonly series: readonly Series[];
  readonly judgements: readonly Judgement[];
  /** What a reader must know to compare: settings of the subjects. */
  readonly notes: readonly string[];
}

/** What a row works with. */
export interface BenchContext {
  readonly place: Place;
  readonly rounds: number;
  /** A smoke test: everything runs, on little data; the figures mean nothing. */
  readonly isQuick: boolean;
  /** Names of the subjects that are wanted. */
  readonly subjects: readonly string[];
  /** Tells the person who waits what has been measured. */
  readonly say: (text: string) => void;
}

/** One row, or family of rows, of the goals. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** Rounds if nothing else is said. */
  readonly rounds: number;
  run(context: BenchContext): Promise<RowResult>;
}
