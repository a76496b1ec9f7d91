import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DeviceReply } from "#proto/stored.ts";
import type { CommandContext } from "./command.ts";
import type { OutputRow } from "./output.ts";

/**
 * Shows the lines of a long work of a storage daemon as they come: text, or after `.api 2` one table of the given name. Throws
 * DEVICE_COMMAND_FAILED if the last reply says that it went wrong, or does not say how it went.
 */
export async function showDeviceLines(
  context: CommandContext,
  replies: AsyncIterable<DeviceReply>,
  name: string,
): Promise<void> {
  const outcome = { isOk: false };
  const lines = linesOf(replies, outcome);
  if (context.settings.api === 2) {
    await context.table({ name, columns: [{ name: "Line", number: false }], vertical: false }, rowsOf(lines));
  } else {
    for await (const line of lines) await context.say(`${line}\n`);
  }
  if (!outcome.isOk)
    throw new OperatorError("DEVICE_COMMAND_FAILED", `${name}: the storage daemon could not do it, or found damage`);
}

async function* linesOf(replies: AsyncIterable<DeviceReply>, outcome: { isOk: boolean }): AsyncGenerator<string> {
  for await (const reply of replies) {
    if (reply.ok !== undefined) outcome.isOk = reply.ok;
    if (reply.line !== "") yield reply.line;
  }
}

async function* rowsOf(lines: AsyncIterable<string>): AsyncGenerator<OutputRow[]> {
  for await (const line of lines) yield [[line]];
}
