import { addressBlock } from "#lib/config/address-types.ts";
import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, integer, path, port, resourceName, size, speed, text, time } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";
import type { StorageResources } from "./resources.ts";

/** The Storage resource: the storage daemon itself. */
export const storageDaemonTable = defineResource(
  "Storage",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name of the daemon in messages." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    messages: directive(reference("Messages"), { acts: false, description: "Where messages go that belong to no job." }),
    sdPort: directive(port(), { synonyms: ["Port"], default: 9103, acts: true, description: "Port to listen on." }),
    sdAddress: directive(text("address"), { synonyms: ["Address"], acts: true, description: "Address to listen on." }),
    sdAddresses: directive(addressBlock(), {
      synonyms: ["Addresses"],
      acts: true,
      description: "Several addresses to listen on.",
    }),
    workingDirectory: directive(path(), { required: true, acts: true, description: "Directory for the state of the daemon." }),
    pidDirectory: directive(path(), {
      acts: true,
      description: "Directory for the file with the process number; the working directory if absent.",
    }),
    subsysDirectory: directive(path(), {
      acts: false,
      description: "Directory for a lock file of former init systems.",
      deprecated: "leave it out",
    }),
    pluginDirectory: directive(path(), { acts: false, description: "Directory of plugins." }),
    scriptsDirectory: directive(path(), { acts: false, description: "Directory of scripts." }),
    ssdDirectory: directive(path(), { acts: false, description: "Directory on a fast disk." }),
    maximumConcurrentJobs: directive(integer(), { default: 20, acts: true, description: "Most jobs at once." }),
    clientConnectTimeout: directive(time(), {
      default: 1800,
      acts: false,
      description: "How long a dialled client may take to answer.",
    }),
    clientConnectWait: directive(time(), {
      default: 1800,
      acts: true,
      description: "How long to wait for a client that should call.",
    }),
    heartbeatInterval: directive(time(), {
      default: 300,
      acts: false,
      description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
    }),
    verId: directive(text(), { acts: false, description: "Text shown beside the version." }),
    commCompression: directive(bool(), { default: true, acts: false, description: "Compresses what goes over the network." }),
    fipsRequire: directive(bool(), {
      default: false,
      acts: false,
      description: "Insists on a FIPS mode of the cryptographic library.",
    }),
    dedupDirectory: directive(path(), { acts: false, description: "Directory of the deduplicating store." }),
    dedupIndexDirectory: directive(path(), { acts: false, description: "Directory of the index of the deduplicating store." }),
    dedupCheckHash: directive(bool(), {
      default: false,
      acts: false,
      description: "Computes the digest of each chunk again when it arrives.",
    }),
    dedupScrubMaximumBandwidth: directive(speed(), {
      default: 15_728_640,
      acts: false,
      description: "Most bytes a second that the scrub reads.",
    }),
    maximumContainerSize: directive(size(), {
      default: 0,
      acts: false,
      description: "Largest container file of the deduplicating store.",
    }),
    ...tlsDirectives,
  },
  { description: "The storage daemon itself." },
);

export interface StorageDaemonResource extends ResourceOf<typeof storageDaemonTable, StorageResources> {}
