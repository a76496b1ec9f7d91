import { chmod, readFile, rename, writeFile } from "node:fs/promises";

/** Lines that must not be written to disk: they carry a secret. */
const secretLine = /\bpass(?:word|wd)?\s*=/i;

/** The lines of an earlier session, newest first as node:readline wants them; [] if there is no such file. */
export async function readHistory(path: string, lines: number): Promise<string[]> {
  try {
    const text = await readFile(path, "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .slice(-lines)
      .toReversed();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Replaces the history file, readable by its owner alone. `newestFirst` as node:readline gives it; lines with passwords are left out. */
export async function writeHistory(path: string, newestFirst: readonly string[], lines: number): Promise<void> {
  const kept = newestFirst.filter((line) => !secretLine.test(line)).slice(0, lines);
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(
    temporary,
    kept
      .toReversed()
      .map((line) => `${line}\n`)
      .join(""),
    { mode: 0o600 },
  );
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}
