import { open } from "node:fs/promises";

/** Makes durable which names a directory holds. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}
