import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { splitCommand } from "#lib/base/split-command.ts";
import { expandPercentCodes, type PercentValues } from "#lib/config/percent-codes.ts";
import type { MessageRoute } from "#lib/config/message-routes.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Where mail goes when no MailCommand is configured: every mail system installs this program. */
const DEFAULT_COMMAND = "/usr/sbin/sendmail -F Nocturne %r";

/** Longest time for a mail program. */
const MAIL_MS_MAX = 5 * 60_000;

/** Bytes kept of what a failing program says. */
const STDERR_BYTES_MAX = 4096;

/** Program and arguments that mail a text to the route's addresses. Recipients and values stay one argument each, whatever they hold. */
export function mailArguments(route: MessageRoute, values: PercentValues): readonly string[] {
  const recipients = route.addresses.join(" ");
  return splitCommand(route.command ?? DEFAULT_COMMAND).flatMap((word) =>
    word === "%r" ? route.addresses : [expandPercentCodes(word, { ...values, Recipients: recipients })],
  );
}

/** Runs the route's mail command with the file on its standard input. Throws MESSAGE_DESTINATION_FAILED with exit status, command and what it said. */
export async function mailFile(route: MessageRoute, values: PercentValues, file: string): Promise<void> {
  const [program = "", ...args] = mailArguments(route, values);
  const command = [program, ...args].join(" ");
  const child = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"], timeout: MAIL_MS_MAX, killSignal: "SIGKILL" });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, STDERR_BYTES_MAX)));
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) =>
      resolve(code === 0 ? "" : signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`),
    );
  });
  // A program that does not read its input is judged by its status alone.
  const [failure] = await Promise.all([ended, pipeline(createReadStream(file), child.stdin).catch(() => {})]);
  if (failure === "") return;
  const words = said.trim().replaceAll(/\s*\n\s*/g, "; ");
  throw new OperatorError(
    "MESSAGE_DESTINATION_FAILED",
    `the mail command failed: ${failure}: ${command}${words === "" ? "" : `: ${words}`}`,
  );
}
