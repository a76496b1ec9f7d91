import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, integer, password, port, resourceName, speed, text, time } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";
import type { DirectorResources } from "./resources.ts";

/** The Client resource: a machine with a file daemon. */
export const clientTable = defineResource(
  "Client",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which other resources refer to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    address: directive(text(), {
      synonyms: ["FdAddress"],
      acts: true,
      description: "Host name or address of the file daemon.",
    }),
    fdPort: directive(port(), {
      synonyms: ["Port"],
      default: 9102,
      acts: true,
      description: "Port that the file daemon listens on.",
    }),
    password: directive(password(), {
      synonyms: ["FdPassword"],
      required: true,
      acts: true,
      description: "Secret shared with the file daemon.",
    }),
    fdStorageAddress: directive(text(), {
      acts: true,
      description: "Address of the storage daemon as this client reaches it.",
    }),
    catalog: directive(reference("Catalog"), {
      required: true,
      acts: true,
      description: "Catalog that the client's jobs are recorded in.",
    }),
    fileRetention: directive(time(), {
      default: 5_184_000,
      acts: true,
      description: "How long records of the client's files are kept.",
    }),
    jobRetention: directive(time(), {
      default: 15_552_000,
      acts: true,
      description: "How long records of the client's jobs are kept.",
    }),
    heartbeatInterval: directive(time(), {
      default: 300,
      acts: false,
      description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
    }),
    autoPrune: directive(bool(), {
      default: true,
      acts: true,
      description: "Prunes expired records of the client after each job.",
    }),
    sdCallsClient: directive(bool(), {
      keyword: "SDCallsClient",
      default: false,
      acts: false,
      description: "Lets the storage daemon dial the client.",
    }),
    allowFdConnections: directive(bool(), {
      keyword: "AllowFDConnections",
      default: false,
      acts: false,
      description: "Lets the client dial the Director.",
    }),
    snapshotRetention: directive(time(), {
      default: 0,
      acts: false,
      description: "How long snapshots made on the client are kept.",
    }),
    maximumConcurrentJobs: directive(integer(), { default: 1, acts: true, description: "Most jobs of this client at once." }),
    maximumBandwidthPerJob: directive(speed(), {
      default: 0,
      acts: true,
      description: "Most bytes a second of each backup; 0 is no limit.",
    }),
    enabled: directive(bool(), { default: true, acts: true, description: "Lets jobs of this client run." }),
    ...tlsDirectives,
  },
  { description: "A machine with a file daemon." },
);

export interface ClientResource extends ResourceOf<typeof clientTable, DirectorResources> {}
