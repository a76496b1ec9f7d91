import { didYouMean } from "./did-you-mean.ts";
import { appended, type DirectiveType, type ParseContext } from "./define-resource.ts";
import { onlyWord, quote } from "./directive-types.ts";
import type { Statement } from "./parser.ts";
import { ConfigMistake } from "./problem.ts";

/** One address to listen on. `family` limits what a host name may resolve to; without host: every address of the family. */
export interface AddressEntry {
  readonly family: "ip" | "ipv4" | "ipv6";
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** A place to listen on: host (name or number) and port. */
export interface ListenAddress {
  readonly family: "ip" | "ipv4" | "ipv6";
  readonly host: string;
  readonly port: number;
}

/** `{ ip = { addr = A; port = P } ipv6 = { ... } }`. */
export function addressBlock(): DirectiveType<readonly AddressEntry[]> {
  return {
    label: "block of addresses",
    repeats: "append",
    braces: "afterEquals",
    empty: [],
    parse(statement, context, before) {
      const entries = (statement.block ?? []).map((inner) => readEntry(inner, context));
      if (entries.length === 0) throw new ConfigMistake("the block of addresses is empty", { at: statement.valueAt });
      return appended(before, entries);
    },
    print: (value) => [{ block: value.map(printEntry) }],
    json: (value) => value,
  };
}

/** Where a daemon listens: the block if there is one, otherwise the single address and port. */
export function listenAddresses(from: {
  readonly addresses: readonly AddressEntry[];
  readonly address: string | undefined;
  readonly port: number;
}): readonly ListenAddress[] {
  if (from.addresses.length === 0) return [{ family: "ip", host: from.address ?? "0.0.0.0", port: from.port }];
  return from.addresses.map((entry) => ({
    family: entry.family,
    host: entry.host ?? (entry.family === "ipv6" ? "::" : "0.0.0.0"),
    port: entry.port ?? from.port,
  }));
}

function readEntry(statement: Statement, context: ParseContext): AddressEntry {
  const family = statement.name.toLowerCase();
  if (family !== "ip" && family !== "ipv4" && family !== "ipv6") {
    throw new ConfigMistake(`"${statement.name}" is not allowed in a block of addresses`, {
      at: statement.at,
      hint: didYouMean(family, ["ip", "ipv4", "ipv6"]),
    });
  }
  if (statement.block === undefined)
    throw new ConfigMistake(`${family} = { addr = ...; port = ... } is expected`, { at: statement.valueAt });
  let host: string | undefined;
  let port: number | undefined;
  for (const inner of statement.block) {
    const value = onlyWord(inner, context).text;
    const key = inner.name.toLowerCase();
    if (key === "addr") {
      if (host !== undefined) throw new ConfigMistake("only one addr is allowed in each inner block", { at: inner.at });
      host = value;
    } else if (key === "port") {
      if (port !== undefined) throw new ConfigMistake("only one port is allowed in each inner block", { at: inner.at });
      port = Number(value);
      if (!/^[0-9]{1,5}$/.test(value) || port < 1 || port > 65_535)
        throw new ConfigMistake(`"${value}" is not a port number`, { at: inner.valueAt });
    } else throw new ConfigMistake(`"${inner.name}" is not allowed here; use addr and port`, { at: inner.at });
  }
  if (host === undefined && port === undefined) throw new ConfigMistake(`the ${family} block is empty`, { at: statement.at });
  return { family, host, port };
}

function printEntry(entry: AddressEntry): string {
  const parts = [
    entry.host === undefined ? "" : `addr = ${quote(entry.host)}; `,
    entry.port === undefined ? "" : `port = ${entry.port}`,
  ];
  return `${entry.family} = { ${parts.join("").replace(/; $/, "")} }`;
}
