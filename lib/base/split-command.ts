/**
 * Cuts a command line into program and arguments, without a shell, by Bacula's rule (observed of 9.6.7): blanks separate; a word that begins with a
 * single or double quote goes up to the next such quote, or to the line's end, whatever is in it. Quotes within a word and backslashes mean nothing:
 * a command that Bacula runs must get the same arguments here.
 */
export function splitCommand(line: string): string[] {
  const words: string[] = [];
  for (const [, double, single, bare] of line.matchAll(/[ \t]*(?:"([^"]*)"?|'([^']*)'?|([^ \t][^ ]*))/g))
    words.push(double ?? single ?? bare ?? "");
  return words;
}
