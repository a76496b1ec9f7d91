import type { CommandContext } from "./command.ts";
import { mayAccess } from "./authorize.ts";

/** Whether resources are switched on, by configuration and operators. */
export function isOn(
  context: CommandContext,
): (kind: "job" | "schedule" | "client" | "storage", name: string, configured: boolean) => boolean {
  return (kind, name, configured) => context.director.switches.enabled(kind, name, configured);
}

/** Names of the catalogs that clients use and the operator may see. */
export function catalogNames(context: CommandContext): string[] {
  const names = [...context.director.config().clients.values()].map((client) => client.catalog.name);
  return [...new Set(names)].filter((name) => mayAccess(context.operator, { kind: "catalog", name }));
}
