import type { Catalog } from "#catalog/catalog.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { listJobsOnPrecious } from "#catalog/queries/retention.ts";
import { findPool } from "#catalog/queries/pools.ts";
import type { ClientRow } from "#catalog/schema/client.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { formatDuration, parseDuration } from "#lib/base/duration.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { RetentionParts } from "../retention/parts.ts";
import type { Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import { LeavePrompt, type CommandContext } from "./command.ts";
import { askText, selectClient } from "./prompts.ts";

/** What pruning works with, for a command. */
export function retentionParts(context: CommandContext, catalog: Catalog): RetentionParts {
  return context.director.retention(catalog);
}

/** The client of `client=`, which may be one whose resource is gone, or one that the operator chooses. Throws CATALOG_ROW_UNKNOWN. */
export async function clientOfCatalog(context: CommandContext, catalog: Catalog, args: Arguments): Promise<ClientRow> {
  const name = args.value("client") ?? "";
  if (name !== "") requireAccess(context.operator, { kind: "client", name });
  const row = await findClient(catalog, name === "" ? (await selectClient(context, args)).name : name);
  if (row === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Client "${name}"`);
  return row;
}

/** The pool of `pool=`; null if none was named. Throws CATALOG_ROW_UNKNOWN. */
export async function poolOfCatalog(context: CommandContext, catalog: Catalog, args: Arguments): Promise<PoolRow | null> {
  const name = args.value("pool");
  if (name === undefined) return null;
  requireAccess(context.operator, { kind: "pool", name });
  const row = await findPool(catalog, name);
  if (row === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${name}"`);
  return row;
}

/**
 * Shows a retention and lets the operator change it (`yes` on the line takes it as it is). Answers the seconds, or null where they were not
 * changed. "no" leaves the command.
 */
export async function confirmRetention(
  context: CommandContext,
  args: Arguments,
  what: string,
  configured: number,
): Promise<number | null> {
  let seconds = configured;
  for (;;) {
    const changed = seconds === configured ? null : seconds;
    if (args.has("yes")) return changed;
    await context.say(`The current ${what} retention period is: ${formatDuration(seconds)}\n`);
    const answer = (await askText(context, "Continue? (yes/mod/no): ")).toLowerCase();
    if (answer === "mod") {
      const text = await askText(context, "Enter new retention period: ");
      try {
        seconds = parseDuration(text);
      } catch {
        await context.say("Invalid period.\n");
      }
    } else if ("yes".startsWith(answer)) return changed;
    else if ("no".startsWith(answer)) throw new LeavePrompt();
  }
}

/** Throws VOLUME_PRECIOUS if one of the jobs lies on a precious Volume. `done`: "purged", "deleted". */
export async function requireNoneOnPrecious(catalog: Catalog, jobIds: readonly number[], done: string): Promise<void> {
  const precious = await listJobsOnPrecious(catalog);
  const jobId = jobIds.find((one) => precious.has(one));
  if (jobId !== undefined)
    throw new OperatorError(
      "VOLUME_PRECIOUS",
      `JobId=${jobId} lies on Volume "${precious.get(jobId)}", which is precious, and cannot be ${done}`,
    );
}

/** Keeps a Volume from all jobs until disposed. Throws VALUE_REFUSED while a running job has it. `done`: "purged", "truncated". */
export function withhold(context: CommandContext, catalog: Catalog, name: string, done: string): Disposable {
  const held = context.director.retention(catalog).claims.withhold(name);
  if (held !== undefined) return held;
  throw new OperatorError("VALUE_REFUSED", `Volume "${name}" is in use by a running job and cannot be ${done}`, {
    hint: "wait for it, or cancel it",
  });
}

/** Throws VOLUME_PRECIOUS if the Volume is precious. `done`: "purged", "truncated". */
export async function requireNotPrecious(
  catalog: Catalog,
  volume: { readonly MediaId: number; readonly VolumeName: string },
  done: string,
): Promise<void> {
  if (await isPrecious(catalog, volume.MediaId))
    throw new OperatorError("VOLUME_PRECIOUS", `Volume "${volume.VolumeName}" is precious and cannot be ${done}`);
}
