import { DuplicateKeyError } from "./sqlite-client.ts";

/** Inserts a row that others may insert at the same moment: whoever comes second is content. */
export async function insertUnlessThere(isThere: () => Promise<boolean>, insert: () => Promise<unknown>): Promise<boolean> {
  if (await isThere()) return false;
  try {
    await insert();
    return true;
  } catch (error) {
    if (error instanceof DuplicateKeyError) return false;
    throw error;
  }
}
