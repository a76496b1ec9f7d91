/** What is known of an Archive Device's file system; times in milliseconds. */
export type WatchState =
  | { readonly kind: "answers"; readonly failure: string }
  /** A probe was sent and has not come back, but may yet in time. */
  | { readonly kind: "asked"; readonly number: number; readonly sinceMs: number; readonly failure: string }
  /** A probe is late. */
  | { readonly kind: "hung"; readonly number: number; readonly sinceMs: number };

/** What happens to it. */
export type WatchEvent =
  | { readonly kind: "sent"; readonly number: number; readonly atMs: number }
  | { readonly kind: "late"; readonly number: number }
  | { readonly kind: "result"; readonly number: number; readonly failure: string };

/** The only place where a watch changes its state. What comes of a probe that nobody waits for any more changes nothing. */
export function nextWatch(state: WatchState, event: WatchEvent): WatchState {
  switch (event.kind) {
    case "sent":
      return state.kind === "answers"
        ? { kind: "asked", number: event.number, sinceMs: event.atMs, failure: state.failure }
        : state;
    case "late":
      return state.kind === "asked" && state.number === event.number
        ? { kind: "hung", number: state.number, sinceMs: state.sinceMs }
        : state;
    case "result":
      return state.kind !== "answers" && state.number === event.number ? { kind: "answers", failure: event.failure } : state;
  }
}
