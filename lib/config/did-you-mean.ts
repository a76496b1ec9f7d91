/** Longest word that is compared; beyond it nobody made a slip of the finger. */
const WORD_CHARS_MAX = 64;

/** `did you mean "X"?` for the candidate nearest to the word, or undefined if none is near. Case and blanks do not count. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = normal(word);
  if (wanted.length > WORD_CHARS_MAX) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normal(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

function normal(word: string): string {
  return word.replaceAll(/[\s_-]/g, "").toLowerCase();
}

/** Levenshtein distance, given up at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const change = left[row - 1] === right[column - 1] ? 0 : 1;
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + change));
    }
    previous = current;
  }
  return previous[right.length]!;
}
