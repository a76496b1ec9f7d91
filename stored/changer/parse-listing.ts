import type { ChangerPlace } from "#proto/stored.ts";

/** Most places of one changer. */
export const PLACES_MAX = 10_000;

/** Longest barcode that is taken. */
const BARCODE_CHARS_MAX = 127;

/** Lines of `list`: `slot:barcode`. A slot without barcode is empty, or its medium has none. Other lines are passed over. */
export function parseList(output: string): ChangerPlace[] {
  return collect(output, /^\s*(?<number>\d+)\s*:\s*(?<barcode>[^\s:]*)\s*$/, (found) => ({
    kind: "slot",
    number: Number(found.number),
    full: (found.barcode ?? "") !== "",
    barcode: found.barcode ?? "",
    loadedFrom: 0,
  }));
}

/** Lines of `listall`: `D:drive:F:slot:barcode`, `S:slot:F:barcode`, `I:slot:F:barcode`; or `E` in the place of `F` and nothing behind. */
export function parseListAll(output: string): ChangerPlace[] {
  const pattern = /^\s*(?<kind>[DSI]):(?<number>\d+):(?:E(?::.*)?|F(?::(?<more>.*))?)\s*$/;
  return collect(output, pattern, (found, line) => {
    const isDrive = found.kind === "D";
    const [first = "", second = ""] = (found.more ?? "").split(":").map((part) => part.trim());
    return {
      kind: isDrive ? "drive" : found.kind === "S" ? "slot" : "import",
      number: Number(found.number),
      full: /^\s*[DSI]:\d+:F/.test(line),
      barcode: isDrive ? second : first,
      loadedFrom: isDrive && /^\d{1,6}$/.test(first) ? Number(first) : 0,
    };
  });
}

/** The number that `slots` and `loaded` answer; undefined if there is none. */
export function parseNumber(output: string): number | undefined {
  const word =
    output
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? "";
  return /^\d{1,6}$/.test(word) ? Number(word) : undefined;
}

function collect(
  output: string,
  pattern: RegExp,
  place: (groups: Readonly<Record<string, string | undefined>>, line: string) => ChangerPlace,
): ChangerPlace[] {
  const places: ChangerPlace[] = [];
  for (const line of output.split("\n")) {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined || (groups.number?.length ?? 0) > 6) continue;
    const found = place(groups, line);
    places.push({ ...found, barcode: found.barcode.slice(0, BARCODE_CHARS_MAX) });
    if (places.length >= PLACES_MAX) break;
  }
  return places;
}
