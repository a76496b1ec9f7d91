import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { integer, resourceName, text } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import type { DirectorResources } from "./resources.ts";

/** The Counter resource: a number for Label Format that counts up. */
export const counterTable = defineResource(
  "Counter",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which Label Format refers to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    minimum: directive(integer({ min: -2_147_483_648, max: 2_147_483_647 }), {
      default: 0,
      acts: true,
      description: "First value.",
    }),
    maximum: directive(integer(), {
      default: 2_147_483_647,
      acts: true,
      description: "Last value; the next one is the first again.",
    }),
    wrapCounter: directive(reference("Counter"), {
      acts: true,
      description: "Counter that counts how often this one began again.",
    }),
    catalog: directive(reference("Catalog"), {
      acts: true,
      description: "Catalog in which the value is kept; if not set, each catalog keeps one of its own.",
    }),
  },
  { description: "A number for Label Format that counts up." },
);

export interface CounterResource extends ResourceOf<typeof counterTable, DirectorResources> {}
