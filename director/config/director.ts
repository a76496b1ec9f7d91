import { addressBlock } from "#lib/config/address-types.ts";
import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, integer, password, path, port, resourceName, text, time } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";
import type { DirectorResources } from "./resources.ts";

/** The Director resource: the Director itself. */
export const directorTable = defineResource(
  "Director",
  {
    name: directive(resourceName(), {
      required: true,
      acts: true,
      description: "Name by which the other daemons and consoles know this Director.",
    }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    messages: directive(reference("Messages"), { acts: true, description: "Where messages go that belong to no job." }),
    catalog: directive(reference("Catalog"), { acts: false, description: "Catalog for what belongs to no client." }),
    dirPort: directive(port(), {
      synonyms: ["Port"],
      default: 9101,
      acts: true,
      description: "Port to listen on for consoles.",
    }),
    dirAddress: directive(text("address"), {
      synonyms: ["Address"],
      acts: true,
      description: "Address to listen on for consoles.",
    }),
    dirAddresses: directive(addressBlock(), {
      synonyms: ["Addresses"],
      acts: true,
      description: "Several addresses to listen on for consoles.",
    }),
    dirSourceAddress: directive(text("address"), {
      acts: false,
      description: "Address from which connections to the other daemons are made.",
    }),
    queryFile: directive(path(), {
      required: true,
      acts: true,
      description: "File with the statements of the console's query command.",
    }),
    workingDirectory: directive(path(), {
      required: true,
      acts: true,
      description: "Directory for the state of the Director.",
    }),
    pidDirectory: directive(path(), {
      acts: true,
      description: "Directory for the file with the process number; the working directory if absent.",
    }),
    pluginDirectory: directive(path(), { acts: false, description: "Directory of plugins." }),
    scriptsDirectory: directive(path(), { acts: false, description: "Directory of scripts." }),
    subsysDirectory: directive(path(), {
      acts: false,
      description: "Directory for a lock file of former init systems.",
      deprecated: "leave it out",
    }),
    maximumConcurrentJobs: directive(integer({ min: 1 }), { default: 20, acts: true, description: "Most jobs at once." }),
    maximumReloadRequests: directive(integer(), {
      default: 32,
      acts: false,
      description: "Most reloads while jobs of older configurations run.",
    }),
    maximumConsoleConnections: directive(integer(), { default: 20, acts: true, description: "Most consoles at once." }),
    password: directive(password(), {
      required: true,
      acts: true,
      description: "Secret of the consoles that may do everything.",
    }),
    fdConnectTimeout: directive(time(), { default: 180, acts: true, description: "How long to try to reach a client." }),
    sdConnectTimeout: directive(time(), {
      default: 1800,
      acts: true,
      description: "How long to try to reach a storage daemon.",
    }),
    heartbeatInterval: directive(time(), {
      default: 300,
      acts: false,
      description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
    }),
    autoPrune: directive(bool(), { default: true, acts: true, description: "Prunes expired records after jobs." }),
    eventsRetention: directive(time(), {
      default: 2_592_000,
      acts: true,
      description: "How long records of events are kept.",
    }),
    statisticsRetention: directive(time(), {
      default: 160_704_000,
      acts: true,
      description: "How long records for statistics are kept.",
    }),
    verId: directive(text(), { acts: false, description: "Text shown beside the version." }),
    commCompression: directive(bool(), { default: true, acts: false, description: "Compresses what goes over the network." }),
    fipsRequire: directive(bool(), {
      default: false,
      acts: false,
      description: "Insists on a FIPS mode of the cryptographic library.",
    }),
    ...tlsDirectives,
  },
  { description: "The Director itself." },
);

export interface DirectorResource extends ResourceOf<typeof directorTable, DirectorResources> {}
