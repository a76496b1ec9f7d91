import type { DirectiveType, Lookup, ResourceBase } from "./define-resource.ts";
import { keywordOf } from "./define-resource.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { ProblemList } from "./problem.ts";
import { finishBlock, type RawResource } from "./read-resource.ts";

/** Finished resources by type and name, in the order of the file. */
export class ResourceSet {
  readonly #byType = new Map<string, Map<string, ResourceBase>>();

  add(type: string, name: string, resource: ResourceBase): void {
    const named = this.#byType.get(type) ?? new Map<string, ResourceBase>();
    this.#byType.set(type, named);
    named.set(name, resource);
  }

  /** The resources of a type. `T` is what the program's tables say of it. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the type that its table has
  of<T extends ResourceBase>(type: string): ReadonlyMap<string, T> {
    return (this.#byType.get(type) ?? new Map()) as ReadonlyMap<string, T>;
  }
}

/** Reports a second resource of one type and name; the first is kept. */
export function withoutDoubles(raws: readonly RawResource[], problems: ProblemList): readonly RawResource[] {
  const seen = new Map<string, RawResource>();
  for (const raw of raws) {
    const key = `${raw.table.namespace}\0${raw.name}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, raw);
    else {
      problems.add({
        severity: "error",
        at: raw.at,
        resource: nameOf(raw),
        message: `there is a second ${raw.table.namespace} of this name; the first is at ${first.at.file}:${first.at.line}`,
      });
    }
  }
  return [...seen.values()];
}

/** Fills in defaults, asks for what is required, and puts resources in the place of their names. */
export function resolveResources(raws: readonly RawResource[], problems: ProblemList): ResourceSet {
  const set = new ResourceSet();
  const finished = raws.map((raw) => {
    const values = finishBlock(raw.table, raw.values, (keyword) => {
      if (raw.table.partial || raw.places.has(keyOf(raw, keyword))) return;
      problems.add({
        severity: "error",
        at: raw.at,
        resource: nameOf(raw),
        directive: keyword,
        message: "it is required, but not found",
      });
    });
    const written = new Set([...raw.places.keys()].filter((key) => !raw.inherited.has(key)));
    const resource = Object.assign(raw.table.partial ? onlyWritten(raw) : values, {
      origin: { resourceType: raw.table.path, at: raw.at, written, inherited: raw.inherited },
    });
    set.add(raw.table.namespace, raw.name, resource as ResourceBase);
    return { raw, resource: resource as Record<string, unknown> };
  });
  for (const { raw, resource } of finished) resolveReferences(raw, resource, set, problems);
  return set;
}

/** `Job "Nightly"`, as messages name a resource. */
export function nameOf(raw: RawResource): string {
  return `${raw.table.path} "${raw.name}"`;
}

function keyOf(raw: RawResource, keyword: string): string {
  return Object.entries(raw.table.rows).find(([key, row]) => keywordOf(key, row) === keyword)?.[0] ?? keyword;
}

/** A partial resource has no defaults, only empty lists. */
function onlyWritten(raw: RawResource): Record<string, unknown> {
  const rows = Object.entries(raw.table.rows);
  return Object.fromEntries(rows.map(([key, row]) => [key, raw.values.get(key) ?? (row.type as DirectiveType<unknown>).empty]));
}

function resolveReferences(raw: RawResource, resource: Record<string, unknown>, set: ResourceSet, problems: ProblemList): void {
  for (const [key, row] of Object.entries(raw.table.rows)) {
    const type = row.type as DirectiveType<unknown>;
    const value = resource[key];
    if (type.resolve === undefined || value === undefined) continue;
    const lookup: Lookup = (reference) => {
      const known = set.of(reference.type);
      const found = known.get(reference.name);
      // A reference that was inherited is reported once, at the JobDefs that wrote it.
      if (found === undefined && !raw.inherited.has(key)) {
        problems.add({
          severity: "error",
          at: reference.at,
          resource: nameOf(raw),
          directive: keywordOf(key, row),
          message: `there is no ${reference.type} named "${reference.name}"`,
          hint: problems.isFull ? undefined : didYouMean(reference.name, known.keys()),
        });
      }
      return found;
    };
    resource[key] = type.resolve(value, lookup);
  }
}
