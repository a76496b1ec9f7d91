import { abortable } from "#lib/base/abort.ts";
import { compileWildcard } from "#lib/base/text-match.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { loadConsoleConfig } from "../config/load.ts";
import { connectionOf, findConsole, findDirectors } from "../target.ts";
import { askOverview } from "./ask-overview.ts";
import type { StatusFlags } from "./flags.ts";
import { judge, ofClients } from "./judge.ts";
import { readOverview, type Overview } from "./overview.ts";
import { EXIT_STATUS, type Report } from "./report.ts";
import { showJson } from "./show-json.ts";
import { showNagios } from "./show-nagios.ts";
import { showText } from "./show-text.ts";

/** Asks the Director once, judges, and answers what to print. Throws OperatorError if nothing can be said of the site. */
export async function checkSite(
  flags: StatusFlags,
  configFile: string,
): Promise<{ readonly text: string; readonly exitStatus: number }> {
  const report = judge(choose(flags, await ask(flags, configFile)), flags.limits);
  return { text: show(flags, report), exitStatus: EXIT_STATUS[report.state] };
}

async function ask(flags: StatusFlags, configFile: string): Promise<Overview> {
  const config = await loadConsoleConfig(configFile);
  const director = findDirectors(config, flags.director)[0]!;
  const options = await connectionOf({ director, console: findConsole(config, director, flags.console) }, undefined);
  const late = AbortSignal.timeout(flags.timeoutS * 1000);
  try {
    // Letting go of a Director that does not even answer the handshake takes longer than there is time.
    return readOverview(await abortable(askOverview(options, flags, late), late));
  } catch (error) {
    if (!late.aborted) throw error;
    const text = `Director "${director.name}" at ${director.address}:${director.dirPort} did not tell within ${flags.timeoutS} seconds`;
    throw new OperatorError("OVERVIEW_LATE", text);
  }
}

/** What the flags ask for. A check that watches nothing must not be OK. */
function choose(flags: StatusFlags, overview: Overview): Overview {
  const patterns = flags.clients.map((pattern) => compileWildcard(pattern));
  const chosen =
    patterns.length === 0 ? overview : ofClients(overview, (client) => patterns.some((pattern) => pattern(client)));
  if (chosen.clients.length > 0) return chosen;
  throw new OperatorError(
    "RESOURCE_UNKNOWN",
    flags.clients.length > 0 ? `no client fits ${flags.clients.join(", ")}` : "there is no client that this console may see",
  );
}

function show(flags: StatusFlags, report: Report): string {
  if (flags.format === "json") return showJson(report);
  return flags.format === "nagios" ? showNagios(report, flags.limits) : showText(report);
}
