/** A small seeded generator (mulberry32): the same numbers for the same seed, 0 <= n < 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A text with one to four places damaged: bytes changed, cut out, doubled, or replaced by one of the given pieces. */
export function mutateText(text: string, pieces: readonly string[], random: () => number): string {
  const upTo = (limit: number) => Math.floor(random() * limit);
  let mutated = text;
  for (let count = 1 + upTo(4); count > 0; count--) {
    const at = upTo(mutated.length + 1);
    const end = Math.min(mutated.length, at + upTo(20));
    const [before, middle, after] = [mutated.slice(0, at), mutated.slice(at, end), mutated.slice(end)];
    switch (upTo(6)) {
      case 0:
        mutated = before + after;
        break;
      case 1:
        mutated = before + middle + middle + after;
        break;
      case 2:
        mutated = before + String.fromCharCode(upTo(256)) + mutated.slice(at + 1);
        break;
      case 3:
        mutated = before;
        break;
      default:
        mutated = before + (pieces[upTo(pieces.length)] ?? "") + (random() < 0.5 ? middle : "") + after;
    }
  }
  return mutated;
}
