/** Columns that a text takes: its code points, wide East Asian ones counted twice, combining ones not at all. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char.codePointAt(0)!);
  return width;
}

function charWidth(code: number): number {
  if (code < 0x300) return 1;
  if (code <= 0x36f || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

/** The text in a field of `width` columns, at its left or right side. Longer text stays whole. */
export function pad(text: string, width: number, side: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "left" ? text + blanks : blanks + text;
}

/** A whole number with commas between thousands; any other text as it is. */
export function withCommas(text: string): string {
  return /^-?\d{4,}$/.test(text) ? text.replaceAll(/\B(?=(\d{3})+$)/g, ",") : text;
}

// oxlint-disable-next-line no-control-regex -- these are the characters that must not reach a terminal
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that cannot steer a terminal: control characters (escape sequences of file names, volume labels, messages) and marks
 * that turn the direction of writing are shown as `\x1b` or `\u202e`. Line ends and tabs stay.
 */
export function neutralize(text: string): string {
  return text.replaceAll(controls, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}
