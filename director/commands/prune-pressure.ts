import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { StorageResource } from "../config/storage.ts";
import { formatLevel, levelsOf } from "../pressure/levels.ts";
import type { Foretold, Pressure } from "../pressure/pressure.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { named } from "./prompts.ts";

/** Steps that are foretold unless `limit=` says otherwise. */
const STEPS = 10;

/** Makes room now where a Storage's levels ask for it. Storages without levels are left alone, but one that is named is refused. */
export async function prunePressure(context: CommandContext, args: Arguments): Promise<void> {
  const pressure = pressureOf(context);
  for (const storage of storagesOf(context, args)) {
    if (levelsOf(storage) === undefined)
      throw new OperatorError("VALUE_REFUSED", `Storage "${storage.name}" has no Prune When Free Below`, {
        hint: "nothing is deleted by pressure where no level is set; see the manual, Space",
      });
    const problem = await pressure.keepLevels(storage, async (line) => await context.say(`${line}\n`), context.signal);
    if (problem !== undefined) throw new OperatorError("SPACE_EXHAUSTED", problem);
    await context.say(`Storage "${storage.name}": the levels hold.\n`);
  }
  context.director.engine.mediaChanged();
}

/** Shows what would be given up next, first to last. Nothing is changed. */
export async function foretellPressure(context: CommandContext, args: Arguments): Promise<void> {
  const pressure = pressureOf(context);
  const steps = args.integer("limit", 1) ?? STEPS;
  for (const storage of storagesOf(context, args))
    for (const told of await pressure.foretell(storage, steps, context.signal)) await showForetold(context, storage, told);
}

/** The same after a simulation of retention: storages that cannot be asked are named. */
export async function foretellAllPressure(context: CommandContext, args: Arguments): Promise<void> {
  const pressure = context.director.pressure(context.settings.catalog ?? "");
  if (pressure === undefined) return;
  for (const storage of storagesOf(context, args)) {
    if (levelsOf(storage) === undefined) continue;
    try {
      for (const told of await pressure.foretell(storage, STEPS, context.signal)) await showForetold(context, storage, told);
    } catch (error) {
      if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
      context.fail(1);
      await context.say(`\n${describeError(error)}\n`);
    }
  }
}

async function showForetold(context: CommandContext, storage: StorageResource, told: Foretold): Promise<void> {
  await context.say(`\nDisk pressure on Storage "${storage.name}" (${told.place}): ${told.room}\n`);
  await context.say(`${levelsText(told)}\n`);
  const list = told.short === undefined ? "Next to go when it is short:" : "Next to go, one at a time until there is room:";
  if (told.steps.length > 0) await context.say(`${list}\n`);
  for (const [at, { what, why }] of told.steps.entries()) await context.say(`${String(at + 1).padStart(4)}. ${what}: ${why}\n`);
  if (told.end !== undefined) await context.say(`Nothing ${told.steps.length > 0 ? "more " : ""}may be deleted: ${told.end}\n`);
}

function levelsText({ levels, short }: Foretold): string {
  if (levels === undefined) return "No Prune When Free Below is set: nothing is deleted by pressure.";
  const set = `Pruning begins below ${formatLevel(levels.below)} free and ends at ${formatLevel(levels.until)}`;
  return short === undefined ? `${set}; there is room now.` : `${set}. It is short: ${short}.`;
}

/** The Storage that is named, else all that the operator may see; those without levels only when named. */
function storagesOf(context: CommandContext, args: Arguments): readonly StorageResource[] {
  const name = args.value("storage");
  if (name !== undefined) return [named.storage(context, name)];
  return [...context.director.config().storages.values()].filter(
    (storage) =>
      storage.enabled &&
      levelsOf(storage) !== undefined &&
      mayAccess(context.operator, { kind: "storage", name: storage.name }),
  );
}

function pressureOf(context: CommandContext): Pressure {
  const pressure = context.director.pressure(context.settings.catalog ?? "");
  if (pressure === undefined) throw new OperatorError("VALUE_REFUSED", "this Director does not prune by pressure");
  return pressure;
}
