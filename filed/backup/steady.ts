import type { BigIntStats } from "node:fs";
import { fileType } from "#lib/streams/stream-type.ts";
import { statField } from "#filed/walk/entry.ts";
import type { EntryCursor } from "#filed/walk/entry.ts";
import { STEADY_NS } from "./remembered.ts";

/** Whether a change from now on is sure to give the entry another change time. */
export function isOldEnough(cursor: EntryCursor): boolean {
  return BigInt(Date.now()) * 1_000_000n - cursor.stat(statField.ctimeNs) >= STEADY_NS;
}

/** Whether the open file is the one that the walk met, as it was then. */
export function isAsWalked(cursor: EntryCursor, stat: BigIntStats): boolean {
  return (
    cursor.type === fileType.regular &&
    stat.ino === cursor.stat(statField.ino) &&
    stat.dev === cursor.stat(statField.dev) &&
    stat.size === cursor.stat(statField.size) &&
    stat.mtimeNs === cursor.stat(statField.mtimeNs) &&
    stat.ctimeNs === cursor.stat(statField.ctimeNs)
  );
}
