import type { Catalog } from "#catalog/catalog.ts";
import { currentCounter, ensureCounter, nextCounter } from "#catalog/queries/counters.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import type { TemplateValues } from "./expand-template.ts";
import { POOL_COUNTER } from "./label-format.ts";

/** Facts of the moment that a Label Format may name: Job, Client, Pool ... without the parts of the date. */
export type LabelFacts = Readonly<Record<string, string>>;

/** Values for a Label Format: what the Director knows, then Counters, then its environment. */
export function labelValues(
  catalog: Catalog,
  facts: LabelFacts,
  options: { readonly nowMs: number; readonly environment: Readonly<Record<string, string | undefined>> },
): TemplateValues {
  const own = { ...dateParts(options.nowMs), ...facts };
  const nameOf = async (counter: string) =>
    counter === POOL_COUNTER && (await currentCounter(catalog, counter)) === null ? await poolCounter(catalog, facts) : counter;
  return {
    value: async (name) => {
      if (Object.hasOwn(own, name)) return own[name];
      const counter = await currentCounter(catalog, await nameOf(name));
      return counter === null ? options.environment[name] : String(counter);
    },
    next: async (name) => {
      const counter = await nameOf(name);
      if ((await currentCounter(catalog, counter)) === null) return undefined;
      return String(await catalog.transaction(async (tx) => await nextCounter(tx, counter)));
    },
  };
}

/** The counter that every Pool has without a Counter resource. No resource name holds a slash, so none is meant by it. */
async function poolCounter(catalog: Catalog, facts: LabelFacts): Promise<string> {
  const counter = `Pool/${facts["Pool"] ?? ""}`;
  if ((await currentCounter(catalog, counter)) === null)
    await ensureCounter(catalog, { Counter: counter, MinValue: 1, MaxValue: 0, WrapCounter: "" });
  return counter;
}

/** Numbers without leading zeros, as Bacula gives them; WeekDay counts from Sunday, 0. */
function dateParts(nowMs: number): LabelFacts {
  const [Year, Month, Day, Hour, Minute, Second] = catalogTime(nowMs).split(/[- :]/).map((part) => String(Number(part))) as [
    string, string, string, string, string, string,
  ]; // prettier-ignore
  return { Year, Month, Day, Hour, Minute, Second, WeekDay: String(new Date(nowMs).getDay()) };
}
