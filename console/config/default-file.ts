import { existsSync } from "node:fs";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Where the configuration of consoles is looked for when -c does not say. */
const CONFIG_FILES = ["/etc/nocturne/bconsole.conf", "/etc/bacula/bconsole.conf", "bconsole.conf"];

/** The first of the usual files that exists. Throws CONFIG_UNREADABLE. */
export function defaultConfigFile(): string {
  const found = CONFIG_FILES.find((path) => existsSync(path));
  if (found === undefined)
    throw new OperatorError("CONFIG_UNREADABLE", `there is no configuration in ${CONFIG_FILES.join(", ")}`, {
      hint: "give it with -c",
    });
  return found;
}
