import { execFile, execFileSync } from "node:child_process";
import { glob, open, realpath } from "node:fs/promises";
import { decodeName } from "../base/byte-name.ts";
import { splitCommand } from "../base/split-command.ts";
import { configLimits } from "./limits.ts";

/** What reading a configuration needs of the machine. Tests give their own, so that a hostile file can run nothing. */
export interface ConfigHost {
  /** The bytes of a file, refusing one larger than `bytesMax`. */
  readFile(path: string, bytesMax: number): Promise<Buffer>;
  /** The path without symbolic links, to recognise a file that includes itself. */
  realPath(path: string): Promise<string>;
  /** Files that match a shell pattern, in any order. */
  matchFiles(pattern: string, countMax: number): Promise<string[]>;
  /** The standard output of a program (no shell); rejects if it fails, takes longer than `timeoutMs` or writes more than `bytesMax`. */
  runCommand(command: string, limits: { bytesMax: number; timeoutMs: number }): Promise<Buffer>;
  /** What the shell makes of a path with `~`, `$VAR` or wildcards. */
  expandPath(path: string): string;
}

/** The real machine. */
export const systemHost: ConfigHost = {
  async readFile(path, bytesMax) {
    await using file = await open(path, "r");
    const info = await file.stat();
    if (info.isDirectory()) throw new Error("is a directory");
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.allocUnsafe(Math.min(Math.max(info.size + 1, 4096), 1024 * 1024));
      const { bytesRead } = await file.read(part, 0, part.length, null);
      if (bytesRead === 0) return Buffer.concat(parts);
      total += bytesRead;
      if (total > bytesMax) throw new Error(`is larger than ${bytesMax} bytes`);
      parts.push(part.subarray(0, bytesRead));
    }
  },
  realPath: (path) => realpath(path),
  async matchFiles(pattern, countMax) {
    const found: string[] = [];
    for await (const path of glob(pattern)) {
      if (found.length >= countMax) throw new Error(`more than ${countMax} files match`);
      found.push(path);
    }
    return found;
  },
  runCommand(command, { bytesMax, timeoutMs }) {
    return new Promise((resolve, reject) => {
      const [program, ...args] = splitCommand(command);
      if (program === undefined) return reject(new Error("is empty"));
      const options = { encoding: "buffer", timeout: timeoutMs, maxBuffer: bytesMax, killSignal: "SIGKILL" } as const;
      execFile(program, args, options, (error, stdout) => {
        if (error === null) resolve(stdout);
        else if (error.killed === true) reject(new Error(`took longer than ${timeoutMs / 1000} s`));
        else
          reject(
            new Error(
              error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
                ? `wrote more than ${bytesMax} bytes`
                : `failed with status ${error.code}`,
            ),
          );
      });
    });
  },
  expandPath(path) {
    const shell = process.env["SHELL"] ?? "/bin/sh";
    const output = execFileSync(shell, ["-c", `echo ${path}`], {
      timeout: configLimits.commandMs,
      maxBuffer: 65_536,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return decodeName(output).replace(/\n+$/, "");
  },
};
