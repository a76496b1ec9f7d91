import type { Catalog } from "#catalog/catalog.ts";
import { findClient, renameClient } from "#catalog/queries/clients.ts";
import { listJobIdsOfClient } from "#catalog/queries/delete.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { counted } from "./format.ts";
import { askText, askYesNo } from "./prompts.ts";

/** A client whose machine has got another name keeps its history: the next Incremental stays one. */
export const rename: Command = {
  name: "rename",
  help: "Give a Client of the catalog another name",
  usage: "client=<old name> new=<new name> [yes]",
  keywords: ["client=", "new|newname|to=", "yes"],
  words: true,
  async run(context, args) {
    const catalog = await context.catalog();
    const from = args.value("client") ?? (await askText(context, "Enter the present name of the Client: "));
    const to = args.value("new") ?? args.words[0] ?? (await askText(context, "Enter the new name of the Client: "));
    for (const name of [from, to]) requireAccess(context.operator, { kind: "client", name });
    await renameTo(context, catalog, { from, to, isSure: args.has("yes") });
  },
};

async function renameTo(
  context: CommandContext,
  catalog: Catalog,
  { from, to, isSure }: { readonly from: string; readonly to: string; readonly isSure: boolean },
): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9 :._-]{0,126}$/.test(to))
    throw new OperatorError("VALUE_REFUSED", `"${to}" cannot be the name of a Client`, {
      hint: "letters, digits, blank and : . - _ are allowed",
    });
  if (from === to) throw new OperatorError("VALUE_REFUSED", `the Client is called "${to}" already`);
  const row = await findClient(catalog, from);
  if (row === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Client "${from}"`);
  requireIdle(context, [from, to]);
  const other = await findClient(catalog, to);
  const jobs = other === null ? 0 : (await listJobIdsOfClient(catalog, other.ClientId)).length;
  if (jobs > 0 && !isSure) {
    await context.say(
      `Client "${to}" has ${counted(jobs, "Job")} of its own; they will be put together with those of "${from}".\n`,
    );
    if (!(await askYesNo(context, `Rename Client "${from}" to "${to}"? (yes/no): `))) return;
  }
  using _turn = await context.director.retention(catalog).turn.acquire(context.signal);
  requireIdle(context, [from, to]);
  await renameClient(catalog, row.ClientId, to);
  await context.say(`Client "${from}" is now called "${to}".\n`);
  if (context.director.config().clients.has(from))
    await context.say(`The configuration still has Client "${from}": change its name there too, then type reload.\n`);
}

/** Jobs that run or wait have looked the name up already. */
function requireIdle({ director: { engine } }: CommandContext, names: readonly string[]): void {
  const busy = [...engine.running(), ...engine.waiting()].find((job) => names.includes(job.client));
  if (busy === undefined) return;
  throw new OperatorError("VALUE_REFUSED", `JobId ${busy.jobId} of Client "${busy.client}" has not ended`, {
    hint: `type: wait jobid=${busy.jobId}`,
  });
}
