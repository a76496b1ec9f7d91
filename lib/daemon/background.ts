import { spawn } from "node:child_process";

/** Set in the environment of the process that runs in the background; it reports to the one that started it. */
const MARK = "NOCTURNE_BACKGROUND";

/** What the background process says once to the one that started it. */
type Report = { readonly kind: "ready" } | { readonly kind: "failed"; readonly text: string };

/** Whether this process is the one in the background. */
export function isBackground(): boolean {
  return process.env[MARK] === "1" && process.send !== undefined;
}

/**
 * Starts this program again, detached from terminal and session, and waits until it says that it works. Answers "" then, else the
 * reason why it does not.
 */
export function startInBackground(): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, [MARK]: "1" },
      cwd: process.cwd(),
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-8192)));
    child.once("error", (error) => resolve(`cannot start the background process: ${error.message}`));
    child.once("message", (message) => {
      const report = message as Report;
      child.disconnect();
      child.stderr?.destroy();
      child.unref();
      resolve(report.kind === "ready" ? "" : report.text);
    });
    child.once("close", (code, signal) =>
      resolve(said.trim() || `the background process ended with ${signal ?? `code ${code}`}`),
    );
  });
}

/** Tells the starter that the daemon works, or why not. Afterwards this process stands alone. */
export async function reportToStarter(report: Report): Promise<void> {
  if (!isBackground()) return;
  await new Promise<void>((resolve) => process.send!(report, () => resolve()));
  delete process.env[MARK]; // programs that we start are not in that position
  process.disconnect?.();
  process.stderr.on("error", () => {}); // the starter read it, and is gone
}
