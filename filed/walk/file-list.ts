import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { NAME_BYTES_MAX } from "#lib/base/byte-name.ts";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";

/** A name out of a list. */
export interface ListedName {
  /** Byte string. */
  readonly text: string;
  /** The list separates by NUL (`find -print0`): it names exactly what is to be saved, directories are not walked. */
  readonly isExact: boolean;
}

/**
 * The names of "<file" or "|command" on this machine. Separated by NUL if the first part of the list holds one, else by newlines.
 * Throws OperatorError LIST_FAILED if the file cannot be read or the command ends with an error.
 */
export async function* readNameList(source: string): AsyncGenerator<ListedName> {
  const rest = source.slice(1).trim();
  if (source.startsWith("<")) {
    try {
      yield* splitNames(createReadStream(fsPath(rest)));
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      throw new OperatorError("LIST_FAILED", `the file list "${shown(rest)}" cannot be read: ${systemErrorText(error)}`, {
        cause: error,
      });
    }
  } else yield* commandNames(rest);
}

async function* commandNames(command: string): AsyncGenerator<ListedName> {
  const child = spawn("/bin/sh", ["-c", Buffer.from(command, "latin1").toString("utf8")], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (complaint.length < 4096) complaint += chunk.toString("utf8");
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(systemErrorText(error)));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? `status ${code}`}`));
  });
  try {
    yield* splitNames(child.stdout);
    const failure = await ended;
    if (failure !== undefined) {
      throw new OperatorError(
        "LIST_FAILED",
        `the list command "${shown(command)}" failed: ${failure}${complaint === "" ? "" : `: ${complaint.trim().slice(0, 1000)}`}`,
      );
    }
  } finally {
    if (child.exitCode === null) child.kill();
  }
}

async function* splitNames(chunks: AsyncIterable<unknown>): AsyncGenerator<ListedName> {
  let rest = "";
  let separator: string | undefined;
  for await (const chunk of chunks) {
    rest += (chunk as Buffer).toString("latin1");
    separator ??= rest.includes("\0") ? "\0" : "\n";
    const names = rest.split(separator);
    rest = names.pop() ?? "";
    if (rest.length > NAME_BYTES_MAX)
      throw new OperatorError("LIST_FAILED", `a name in a file list has more than ${NAME_BYTES_MAX} bytes`);
    for (const text of names) yield { text: trimmed(text, separator), isExact: separator === "\0" };
  }
  if (rest !== "") yield { text: trimmed(rest, separator ?? "\n"), isExact: separator === "\0" };
}

function trimmed(text: string, separator: string): string {
  return separator === "\n" ? text.replace(/\r$/, "") : text;
}
