import { neutralize } from "../render/text.ts";
import { limitFor, type Limits } from "./limits.ts";
import type { ClientReport, Report, StorageReport } from "./report.ts";

/** Problems that the line names; it must stay readable in a short message. */
const PROBLEMS_SHOWN = 8;
/** Clients with perfdata of their own: more belong into the JSON. */
const CLIENTS_MEASURED = 10;
const DEVICES_MEASURED = 20;

/** One line for Nagios and its kin: state, problems, `|`, perfdata. */
export function showNagios(report: Report, limits: Limits): string {
  const { state, clients, problems } = report;
  const good = clients.filter((client) => client.state === "OK").length;
  const counts = `${good} of ${clients.length} ${clients.length === 1 ? "client" : "clients"} OK`;
  const shown = problems.slice(0, PROBLEMS_SHOWN).map((problem) => `${problem.subject}: ${problem.text}`);
  const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : [];
  return `${statusLine(`BACKUP ${state} - ${[counts, ...shown, ...more].join("; ")}`)} | ${perfdata(report, limits).join(" ")}\n`;
}

/** Text that is one line and has no perfdata in it. */
export function statusLine(text: string): string {
  return neutralize(text.replaceAll(/\s+/g, " ").replaceAll("|", "/").trim());
}

function perfdata({ clients, storages, volumes, waiting }: Report, limits: Limits): string[] {
  const count = (state: string): number => clients.filter((client) => client.state === state).length;
  const jobs = clients.flatMap((client) => client.jobs);
  const ages = jobs.filter((job) => job.facts.type === "B" && job.condition !== "disabled").map((job) => job.ageSeconds ?? 0);
  return [
    measure("clients", clients.length),
    measure("ok", count("OK")),
    measure("warning", count("WARNING")),
    measure("critical", count("CRITICAL")),
    measure("running", jobs.filter((job) => job.facts.running !== null).length),
    measure("waiting", waiting.length),
    measure("bad_volumes", volumes.length),
    measure("oldest_age", ages.reduce((most, age) => Math.max(most, age), 0), { unit: "s" }), // prettier-ignore
    measure("stored", clients.reduce((sum, client) => sum + client.facts.goodBytes, 0), { unit: "B" }), // prettier-ignore
    ...(clients.length <= CLIENTS_MEASURED ? clients.flatMap((client) => clientMeasures(client, limits)) : []),
    ...storages.slice(0, DEVICES_MEASURED).flatMap((storage) => storageMeasures(storage, limits)),
  ];
}

function clientMeasures({ facts, newest }: ClientReport, limits: Limits): string[] {
  if (newest?.ageSeconds === undefined || newest.ageSeconds === null) return [];
  const at = (kind: "warn-age" | "crit-age"): string => limitText(limitFor(limits, kind, [facts.client]));
  return [
    measure(`age ${facts.client}`, newest.ageSeconds, { unit: "s", warn: at("warn-age"), crit: at("crit-age") }),
    measure(`size ${facts.client}`, newest.facts.good?.bytes ?? 0, { unit: "B" }),
  ];
}

function storageMeasures({ facts }: StorageReport, limits: Limits): string[] {
  const { storage, device, freeBytes, totalBytes, fullInDays } = facts;
  if (freeBytes === null || totalBytes === null) return [];
  const name = `${storage}/${device}`;
  // A colon behind the number: it is bad when less is left.
  const at = (kind: "warn-days-left" | "crit-days-left"): string => {
    const text = limitText(limitFor(limits, kind, [storage, name]));
    return text === "" ? "" : `${text}:`;
  };
  return [
    measure(`free ${name}`, freeBytes, { unit: "B", max: totalBytes }),
    ...(fullInDays === null
      ? []
      : [measure(`days_left ${name}`, fullInDays, { warn: at("warn-days-left"), crit: at("crit-days-left") })]),
  ];
}

function limitText(limit: number): string {
  return limit === 0 ? "" : String(limit);
}

/** `'label'=value[unit];warn;crit;min;max`. */
function measure(
  label: string,
  value: number,
  more: { readonly unit?: string; readonly warn?: string; readonly crit?: string; readonly max?: number } = {},
): string {
  const name = neutralize(label.replaceAll(/[=|\s]/g, " ")).replaceAll("'", "''");
  const fields = [more.warn ?? "", more.crit ?? "", "0", String(more.max ?? "")].join(";").replace(/;+$/, "");
  return `'${name}'=${value}${more.unit ?? ""};${fields}`;
}
