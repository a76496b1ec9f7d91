import { spawn } from "node:child_process";
import { useOf, type ProcessUse } from "./processes.ts";

const WATCH_MS = 20;

/** Runs a program to its end, watching what it uses: the last look is at most 20 ms before the end. A status other than 0 is an error. */
export async function watchedRun(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv },
): Promise<ProcessUse> {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let use: ProcessUse = { cpuSeconds: 0, peakBytes: 0, residentBytes: 0 };
  const look = (): void => {
    use = useOf(child.pid ?? 0) ?? use;
  };
  const timer = setInterval(look, WATCH_MS);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-4000)));
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: status ${status}\n${output}`);
    return use;
  } finally {
    clearInterval(timer);
  }
}
