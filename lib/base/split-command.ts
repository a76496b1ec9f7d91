/**
 * Cuts a command line into program and arguments, without a shell, as Bacula does: blanks separate, single or double quotes keep
 * blanks together, and a backslash before a quote, a blank or a backslash takes away its meaning. An open quote ends at the end.
 */
export function splitCommand(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    const next = line[at + 1];
    if (char === "\\" && next !== undefined && /["'\\\s]/.test(next)) {
      word = (word ?? "") + next;
      at++;
    } else if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
