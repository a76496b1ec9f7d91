import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsIdentity } from "#lib/auth/identity.ts";
import { loadIdentity } from "#lib/auth/identity.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcClientOptions } from "#lib/rpc/client.ts";
import type { ConsoleResource } from "./config/console.ts";
import type { DirectorResource } from "./config/director.ts";
import type { ConsoleConfig } from "./config/load.ts";

/** Name of a console that logs in with the Director's own password and may do everything. */
const ROOT_CONSOLE = "*UserAgent*";

/** A Director to connect to, and as whom. */
export interface Target {
  readonly director: DirectorResource;
  /** Undefined: with the Director's own password. */
  readonly console: ConsoleResource | undefined;
}

/** The Director and Console resources that the flags mean, if no question has to be asked; several Directors otherwise. Throws DIRECTOR_UNKNOWN. */
export function findDirectors(config: ConsoleConfig, name: string | undefined): readonly DirectorResource[] {
  if (name === undefined) return [...config.directors.values()];
  const found = config.directors.get(name);
  if (found === undefined)
    throw new OperatorError("DIRECTOR_UNKNOWN", `Can't find ${name} in Director list`, {
      hint: "bconsole -l lists the Directors",
    });
  return [found];
}

/** The Console resource for a Director: the one named, else the first that is meant for it. */
export function findConsole(
  config: ConsoleConfig,
  director: DirectorResource,
  name: string | undefined,
): ConsoleResource | undefined {
  if (name !== undefined) {
    const found = config.consoles.get(name);
    if (found === undefined)
      throw new OperatorError("RESOURCE_UNKNOWN", `Can't find ${name} in Console list`, {
        hint: "bconsole -L lists the Consoles",
      });
    return found;
  }
  const consoles = [...config.consoles.values()];
  return consoles.find((one) => one.director === director.name) ?? consoles.find((one) => one.director === undefined);
}

/** How to reach a Director. `debug`: says what is tried. */
export async function connectionOf(target: Target, debug: ((text: string) => void) | undefined): Promise<RpcClientOptions> {
  const { director, console } = target;
  const tls = tlsSettings(director);
  const own = console === undefined ? tls : tlsSettings(console);
  const name = console?.name ?? ROOT_CONSOLE;
  const resource = console ?? director;
  return {
    self: { role: "console", name, identity: await consoleIdentity(own, name) },
    server: { role: "director", name: director.name },
    address: director.address,
    port: director.dirPort,
    login: {
      kind: "password",
      password: resource.password,
      where: `${resource.origin.resourceType} "${resource.name}" in ${resource.origin.at.file}:${resource.origin.at.line}`,
    },
    tls: own.caCertificateFile === undefined && own.caCertificateDir === undefined ? tls : own,
    ...(debug === undefined ? {} : { log: { info: debug, security: debug, error: (text) => debug(text) } }),
  };
}

/** The configured certificate, or one of this user's own, kept for the next time where the user has a home that can be written to. */
async function consoleIdentity(settings: ReturnType<typeof tlsSettings>, name: string): Promise<TlsIdentity> {
  const state = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  const place = { settings: [settings], name: name === ROOT_CONSOLE ? "bconsole" : name };
  try {
    return await loadIdentity({ ...place, base: join(state, "nocturne", "bconsole") });
  } catch (error) {
    if (settings.certificate !== undefined || settings.key !== undefined) throw error;
    const directory = await mkdtemp(join(tmpdir(), "bconsole-"));
    try {
      return await loadIdentity({ ...place, base: join(directory, "bconsole") });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}
