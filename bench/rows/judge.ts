import { median } from "../measure/statistics.ts";
import type { Judgement, Series } from "./row.ts";

/** Median of one work of one subject; undefined if it was not measured. */
export function medianOf(series: readonly Series[], work: string, subject: string): number | undefined {
  const found = series.find((one) => one.work === work && one.subject === subject && one.values.length > 0);
  return found === undefined ? undefined : median(found.values);
}

/** Judges ours by the best (smallest) of the peers; nothing when either was not measured. */
export function judgeRatio(
  series: readonly Series[],
  goal: string,
  ours: { readonly work: string; readonly subject: string },
  theirs: { readonly work: string; readonly subjects: readonly string[] },
  atMost: number,
): Judgement[] {
  const mine = medianOf(series, ours.work, ours.subject);
  const peers = theirs.subjects
    .flatMap((subject) => {
      const value = medianOf(series, theirs.work, subject);
      return value === undefined ? [] : [{ subject, value }];
    })
    .toSorted((a, b) => a.value - b.value);
  const best = peers[0];
  if (mine === undefined || best === undefined) return [];
  const ratio = mine / best.value;
  const work = ours.work === theirs.work ? "" : `'s ${theirs.work}`;
  return [
    {
      goal,
      figure: `${ratio.toFixed(2)} of ${best.subject}${work}`,
      bound: `at most ${atMost.toFixed(2)}`,
      isMet: ratio <= atMost,
    },
  ];
}

/** Judges a figure by a bound that it must not pass. */
export function judgeMost(goal: string, value: number, most: number, print: (value: number) => string): Judgement {
  return { goal, figure: print(value), bound: `at most ${print(most)}`, isMet: value <= most };
}

/** Judges a figure by a bound that it must reach. */
export function judgeLeast(goal: string, value: number, least: number, print: (value: number) => string): Judgement {
  return { goal, figure: print(value), bound: `at least ${print(least)}`, isMet: value >= least };
}
