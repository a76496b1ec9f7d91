import { scenario, type ScenarioBody, type ScenarioOptions } from "./scenario.ts";

/** The databases on which scenarios run. */
export const CATALOGS = ["sqlite"] as const;
export type CatalogKind = (typeof CATALOGS)[number];

/** One fact that must hold on a database. */
export function scenarioOn(catalog: CatalogKind, fact: string, options: ScenarioOptions, body: ScenarioBody): void {
  scenario(`${fact} (${catalog})`, options, body);
}
