import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** The path of a daemon's pid file. */
export function pidFilePath(directory: string, program: string, port: number): string {
  return `${directory}/${program}.${port}.pid`;
}

/**
 * Claims the pid file for this process; disposing gives it up. A file whose process is gone, or is another program by now, is
 * replaced. Throws DAEMON_RUNNING when the daemon runs already, DAEMON_START_FAILED when the file cannot be written.
 */
export async function claimPidFile(path: string): Promise<AsyncDisposable> {
  const fresh = `${path}.${process.pid}`;
  try {
    await writeFile(fresh, `${process.pid}\n`, { mode: 0o644 });
    for (let tries = 0; ; tries++) {
      if (await linked(fresh, path)) break;
      const owner = await ownerOf(path);
      if (owner !== undefined)
        throw new OperatorError("DAEMON_RUNNING", `it runs already as process ${owner} (${path})`, {
          hint: "stop that one first",
        });
      if (tries === 3) throw new Error(`${path} changes hands all the time`);
      await rename(path, `${fresh}.stale`).catch(() => {}); // another process may have been quicker
      await rm(`${fresh}.stale`, { force: true });
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError("DAEMON_START_FAILED", `cannot write the pid file ${path}`, {
      cause: error,
      hint: "correct Pid Directory, or its permissions; -P does without",
    });
  } finally {
    await rm(fresh, { force: true });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      if ((await readFile(path, "utf8").catch(() => "")) === `${process.pid}\n`)
        await rm(path, { force: true }).catch(() => {});
    },
  };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The process that holds a pid file; undefined if there is none (any more). */
async function ownerOf(path: string): Promise<number | undefined> {
  const text = await readFile(path, "latin1").catch(() => "");
  const pid = /^[0-9]{1,10}\n?$/.test(text) ? Number(text) : 0;
  if (pid <= 1 || pid === process.pid || !isAlive(pid)) return undefined;
  return (await isThisProgram(pid)) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Pids are used again: a process that does not run our script is not the daemon, nor is one that has ended and was not fetched by its
 * parent yet (it has no command line any more). Where that cannot be seen, it counts as the daemon.
 */
async function isThisProgram(pid: number): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => undefined);
  const script = (process.argv[1] ?? "").split("/").slice(-2).join("/");
  return (
    commandLine === undefined ||
    (commandLine !== "" && (script === "" || commandLine.split("\0").some((word) => word.endsWith(script))))
  );
}
