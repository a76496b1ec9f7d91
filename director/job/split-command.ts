/**
 * A command line to program and arguments, as run scripts write it: blanks separate, quotes of both kinds hold together, a
 * backslash takes the next character as it is. No shell is involved; who wants one writes `sh -c "..."`.
 */
export function splitCommand(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (char === "\\" && at + 1 < line.length && quote !== "'") {
      word = (word ?? "") + line[++at]!;
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== null) words.push(word);
  return words;
}
