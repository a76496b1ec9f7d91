import { findPool } from "#catalog/queries/pools.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { expandTemplate } from "../media/expand-template.ts";
import { parseTemplate } from "../media/parse-template.ts";
import { labelValues, type LabelFacts } from "../media/label-values.ts";
import { mayAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";

/** Shows what a text with the variables of Label Format expands to. Counters that it counts up move on, as for a Volume. */
export const varCommand: Command = {
  name: "var",
  help: "Show what a text of Label Format expands to",
  usage: "<text>",
  keywords: [],
  raw: true,
  async run(context) {
    const text = context.line.trim().replace(/^\S+\s*/, "");
    if (text === "")
      throw new OperatorError("KEYWORD_VALUE", "var: give a text to expand", { hint: "e.g. var ${Pool}-${Year}" });
    const catalog = await context.catalog();
    const facts = await factsOf(context);
    const values = labelValues(catalog, facts, { nowMs: context.director.now(), environment: process.env });
    await context.say(`${await expandTemplate(text, parseTemplate(text), values)}\n`);
  },
};

/** As for the first Job that the operator may see: a console runs none. */
async function factsOf(context: CommandContext): Promise<LabelFacts> {
  const config = context.director.config();
  const job = [...config.jobs.values()].find((one) => mayAccess(context.operator, { kind: "job", name: one.name }));
  const pool = job?.pool;
  const row = pool === undefined ? null : await findPool(await context.catalog(), pool.name);
  const storage = job?.storage[0] ?? pool?.storage[0];
  return {
    Job: job?.name ?? "",
    JobName: "-Console-",
    JobId: "0",
    Dir: config.director.name,
    Level: "",
    Type: "Console",
    Client: job?.client.name ?? "",
    NumVols: String(row?.NumVols ?? 0),
    Pool: pool?.name ?? "",
    Storage: storage?.name ?? "",
    Catalog: context.settings.catalog ?? [...config.catalogs.keys()][0] ?? "",
    MediaType: storage?.mediaType ?? "",
  };
}
