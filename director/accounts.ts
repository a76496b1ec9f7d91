import type { Account } from "#lib/auth/account.ts";
import type { RoleName } from "#lib/auth/role.ts";
import type { TlsSettings } from "#lib/auth/tls-settings.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { ROOT_CONSOLE } from "./commands/authorize.ts";
import type { DirectorConfig } from "./config/load.ts";

/** Who may log in to the Director: consoles, by their own resource or with the Director's password. */
export function directorAccount(config: DirectorConfig, role: RoleName, name: string): Account | undefined {
  if (role !== "console") return undefined;
  const resource = name === ROOT_CONSOLE ? config.director : config.consoles.get(name);
  if (resource === undefined) return undefined;
  const { file, line } = resource.origin.at;
  return {
    password: resource.password,
    tls: tlsSettings(resource),
    where: `${resource.origin.resourceType} "${resource.name}" in ${file}:${line}`,
  };
}

/** TLS settings of all accounts: their CAs may vouch for callers. */
export function trustOfAccounts(config: DirectorConfig): readonly TlsSettings[] {
  return [config.director, ...config.consoles.values()].map((resource) => tlsSettings(resource));
}
