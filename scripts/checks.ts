import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];

/** One static check of the repository: a command that must end with status 0. */
interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

/** What a check said. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

const CHECKS: readonly Check[] = [
  { name: "generated protocol code is fresh", command: [...NODE, "scripts/generate-proto.ts", "--check"] },
  { name: "generated reference pages are fresh", command: [...NODE, "scripts/generate-reference.ts", "--check"] },
  { name: "types and import directions", command: ["tsc", "-b"] },
  { name: "lint", command: ["oxlint", "--deny-warnings", "."] },
  { name: "format", command: ["oxfmt", "--check", "."] },
  { name: "no dead code or stray dependency", command: ["knip", "--no-progress"] },
];

/** Runs every static check in turn and yields each result as it is known. Needs the packages' tools on PATH. */
export async function* runChecks(): AsyncGenerator<CheckResult> {
  for (const check of CHECKS) yield await runCheck(check);
}

async function runCheck({ name, command }: Check): Promise<CheckResult> {
  const started = performance.now();
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => output.push(text));
  }
  const status = await new Promise<number>((resolve) => {
    child.once("error", (error) => {
      output.push(error.message);
      resolve(127);
    });
    child.once("close", (code) => resolve(code ?? 1));
  });
  return { name, ok: status === 0, output: output.join(""), seconds: (performance.now() - started) / 1000 };
}
