import type { ResourceBase } from "./define-resource.ts";
import type { ProblemList } from "./problem.ts";
import type { StatisticsResource } from "./statistics-resource.ts";
import type { TlsDirectiveValues } from "./tls-directives.ts";
import type { ResourceSet } from "./resolve.ts";

/** Reports a type of resource of which there is none. */
export function requireSome(resources: ResourceSet, type: string, problems: ProblemList): void {
  if (resources.of(type).size === 0)
    problems.add({ severity: "error", at: undefined, message: `there is no ${type} resource` });
}

/** Reports a type of resource of which there is not exactly one. */
export function requireOne(resources: ResourceSet, type: string, problems: ProblemList): void {
  requireSome(resources, type, problems);
  for (const [name, resource] of [...resources.of(type)].slice(1)) {
    problems.add({
      severity: "error",
      at: resource.origin.at,
      resource: `${type} "${name}"`,
      message: `only one ${type} resource is permitted`,
    });
  }
}

/** The only resource of a type, which `requireOne` has checked. */
export function only<T extends ResourceBase>(resources: ReadonlyMap<string, T>): T {
  const [first] = resources.values();
  if (first === undefined) throw new RangeError("no resource of this type");
  return first;
}

/** Reports a daemon with both ways of saying where it listens. */
export function checkAddresses(
  resource: ResourceBase,
  keys: { readonly address: string; readonly addresses: string },
  problems: ProblemList,
): void {
  const { written, at, resourceType } = resource.origin;
  if (!written.has(keys.address) || !written.has(keys.addresses)) return;
  problems.add({
    severity: "error",
    at,
    resource: resourceType,
    message: `the single address and the block of addresses cannot both be given`,
  });
}

/** Reports a certificate without key, or a key without certificate. */
export function checkTls(resource: ResourceBase & { readonly name: string } & TlsDirectiveValues, problems: ProblemList): void {
  const { tlsCertificate, tlsKey, origin } = resource;
  if ((tlsCertificate === undefined) === (tlsKey === undefined)) return;
  const [directive, partner] = tlsKey === undefined ? ["TlsKey", "TlsCertificate"] : ["TlsCertificate", "TlsKey"];
  problems.add({
    severity: "error",
    at: origin.at,
    resource: `${origin.resourceType} "${resource.name}"`,
    directive,
    message: `it is required with ${partner}`,
  });
}

/** Reports a collector that does not say where its figures go. */
export function checkStatistics(statistics: StatisticsResource, problems: ProblemList): void {
  const { at } = statistics.origin;
  const resource = `Statistics "${statistics.name}"`;
  if (statistics.type === "CSV" && statistics.file === undefined) {
    problems.add({ severity: "error", at, resource, directive: "File", message: "it is required with Type = CSV" });
  }
  if (statistics.type === "Graphite" && (statistics.host === undefined || statistics.port === 0)) {
    problems.add({
      severity: "error",
      at,
      resource,
      directive: "Host",
      message: "Host and Port are required with Type = Graphite",
    });
  }
}
