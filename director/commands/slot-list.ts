import { OperatorError } from "#lib/errors/operator-error.ts";

/** Largest number of a slot. */
const SLOT_MAX = 10_000;

/** The slots of `slots=1-4,7`, ascending, each once. VALUE_REFUSED for what is no such list. */
export function parseSlots(text: string): number[] {
  const slots = new Set<number>();
  for (const part of text.split(",")) {
    const found = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part);
    const first = Number(found?.[1]);
    const last = Number(found?.[2] ?? found?.[1]);
    if (found === null || first < 1 || last < first || last > SLOT_MAX)
      throw new OperatorError("VALUE_REFUSED", `Invalid Slot number: "${part.trim().slice(0, 100)}"`, {
        hint: `slots are numbers from 1 to ${SLOT_MAX}, alone or as 1-4, with commas between them`,
      });
    for (let slot = first; slot <= last; slot++) slots.add(slot);
  }
  return [...slots].toSorted((a, b) => a - b);
}
