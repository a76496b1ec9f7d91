/**
 * Generates proto/gen from proto/*.proto with buf and ts-proto (`npm run proto`), after buf's lint. With --check nothing is
 * written: the committed code must be what generation gives now.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROTO = fileURLToPath(new URL("../proto", import.meta.url));
const BUF = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));

function buf(args: readonly string[]): void {
  execFileSync(BUF, args, { cwd: PROTO, stdio: ["ignore", "inherit", "inherit"] });
}

/** Names of generated files whose committed text differs from what generation gives now. */
function staleFiles(): string[] {
  const scratch = mkdtempSync(join(tmpdir(), "nocturne-proto-"));
  try {
    buf(["generate", "--output", scratch]);
    const fresh = new Set(readdirSync(join(scratch, "gen")));
    const committed = new Set(readdirSync(join(PROTO, "gen")));
    return [...fresh.union(committed)].filter((name) => readText(scratch, name) !== readText(PROTO, name)).toSorted();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readText(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, "gen", name), "utf8");
  } catch {
    return undefined;
  }
}

buf(["lint"]);
if (process.argv.includes("--check")) {
  const stale = staleFiles();
  if (stale.length > 0) {
    console.error(`proto/gen is not what proto/*.proto generates now: ${stale.join(", ")}\nRun: npm run proto`);
    process.exitCode = 1;
  }
} else {
  const scratch = mkdtempSync(join(tmpdir(), "nocturne-proto-"));
  buf(["generate", "--output", scratch]);
  rmSync(join(PROTO, "gen"), { recursive: true, force: true });
  cpSync(join(scratch, "gen"), join(PROTO, "gen"), { recursive: true });
  rmSync(scratch, { recursive: true, force: true });
}
