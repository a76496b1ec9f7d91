import { stat } from "node:fs/promises";
import { join } from "node:path";

/** Directories in which a configuration is looked for when `-c` names none, first found first. */
export const configDirectories = ["/etc/nocturne", "/etc/bacula"] as const;

/** True if the path exists and is what is asked for. */
async function isA(path: string, kind: "file" | "directory"): Promise<boolean> {
  try {
    const info = await stat(path);
    return kind === "directory" ? info.isDirectory() : !info.isDirectory();
  } catch {
    return false;
  }
}

/**
 * The configuration file that a program reads. `given` is the argument of `-c`: with a slash it is taken as it is (a directory: the
 * default file in it), a bare name is looked for in the configuration directories and then in the working directory. Where nothing
 * exists, the answer is the path to complain about.
 */
export async function configPath(
  fileName: string,
  given: string | undefined,
  directories: readonly string[] = configDirectories,
): Promise<string> {
  if (given !== undefined && (given.includes("/") || (await isA(given, "directory")))) {
    return (await isA(given, "directory")) ? join(given, fileName) : given;
  }
  const wanted = given ?? fileName;
  for (const directory of directories) {
    const path = join(directory, wanted);
    if (await isA(path, "file")) return path;
  }
  if (given !== undefined && (await isA(given, "file"))) return given;
  return join(directories[0] ?? "/etc/nocturne", wanted);
}
