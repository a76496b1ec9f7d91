import { defineResource, directive, type ResourceOf } from "./define-resource.ts";
import { bool, integer, oneOf, resourceName, text, textList, time } from "./directive-types.ts";

/** The Statistics resource, the same in every daemon: where collected figures go. */
export const statisticsTable = defineResource(
  "Statistics",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name of the collector." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    prefix: directive(text(), { acts: false, description: "Text before the name of each figure." }),
    metrics: directive(textList(), { acts: false, description: "Figures to collect, with wildcards; `!` leaves out." }),
    interval: directive(time(), { default: 300, acts: false, description: "Time between two collections." }),
    port: directive(integer({ max: 65_535 }), { default: 0, acts: false, description: "Port of the Graphite server." }),
    host: directive(text(), { acts: false, description: "Address of the Graphite server." }),
    type: directive(oneOf("CSV", "Graphite"), { required: true, acts: false, description: "Where the figures go." }),
    file: directive(text(), { acts: false, description: "File that CSV lines are appended to." }),
    mangleMetric: directive(bool(), {
      default: false,
      acts: false,
      description: "Replaces dots in names that become part of a figure's name.",
    }),
  },
  { description: "Collects figures of the daemon." },
);

export interface StatisticsResource extends ResourceOf<typeof statisticsTable> {}
