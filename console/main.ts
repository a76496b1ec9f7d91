import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeError } from "#lib/errors/operator-error.ts";
import { RELEASE, uname } from "#lib/rpc/versions.ts";
import { defaultConfigFile } from "./config/default-file.ts";
import { parseFlags, USAGE, type ConsoleFlags } from "./flags.ts";
import type { ConsoleConfig } from "./config/load.ts";

enableCompileCache();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bconsole: ${describeError(error)}\n`);
  process.exitCode = 1;
}

async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error; // a reader that has seen enough, such as head
  });
  const flags = parseFlags(argv);
  if (flags.help) return print(`bconsole ${RELEASE}\n${USAGE}`);
  if (flags.version) return print(`bconsole Version: ${versionText()}\n`);
  const { loadConsoleConfig } = await import("./config/load.ts");
  const config = await loadConsoleConfig(flags.configFile ?? defaultConfigFile());
  if (flags.testConfig) return 0;
  if (flags.listDirectors) return print([...config.directors.keys()].map((name) => `${name}\n`).join(""));
  if (flags.listConsoles) return print([...config.consoles.keys()].map((name) => `${name}\n`).join(""));
  return await converse(flags, config);
}

async function converse(flags: ConsoleFlags, config: ConsoleConfig): Promise<number> {
  const { runConsole } = await import("./shell/run-console.ts");
  return await runConsole({
    flags,
    config,
    version: versionText(),
    rcFile: [join(homedir(), ".bconsolerc")].find((path) => existsSync(path)),
    historyFile: join(homedir(), ".bconsole_history"),
  });
}

function versionText(): string {
  return `${RELEASE} ${uname()}`;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
