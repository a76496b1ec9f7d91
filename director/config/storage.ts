import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import {
  bool,
  integer,
  nameText,
  password,
  port,
  portOrZero,
  resourceName,
  text,
  textList,
  time,
} from "#lib/config/directive-types.ts";
import { boolOrReference } from "#lib/config/reference-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";
import { freeLevel, NO_LEVEL } from "../pressure/levels.ts";
import type { DirectorResources } from "./resources.ts";

const storageDirectives = {
  name: directive(resourceName(), { required: true, acts: true, description: "Name by which other resources refer to it." }),
  description: directive(text(), { acts: true, description: "Free text for people." }),
  address: directive(text(), {
    synonyms: ["SdAddress"],
    required: true,
    acts: true,
    description: "Host name or address of the storage daemon, as Director and clients reach it.",
  }),
  sdPort: directive(port(), {
    synonyms: ["Port"],
    default: 9103,
    acts: true,
    description: "Port that the storage daemon listens on.",
  }),
  password: directive(password(), {
    synonyms: ["SdPassword"],
    required: true,
    acts: true,
    description: "Secret shared with the storage daemon.",
  }),
  fdStorageAddress: directive(text(), { acts: true, description: "Address of the storage daemon as clients reach it." }),
  device: directive(textList("names of devices of the storage daemon"), {
    required: true,
    acts: true,
    description: "Devices or autochangers of the storage daemon to use.",
  }),
  mediaType: directive(nameText(), {
    required: true,
    acts: true,
    description: "Kind of medium, the same as in the storage daemon's Device.",
  }),
  autochanger: directive(boolOrReference("Storage"), {
    default: false,
    acts: true,
    description: "Says that the device is an autochanger, or names the Storage that stands for it.",
  }),
  sharedStorage: directive(boolOrReference("Storage"), {
    default: false,
    acts: false,
    description: "Says that the device is shared, or names the Storage that stands for it.",
  }),
  enabled: directive(bool(), { default: true, acts: true, description: "Lets jobs use this Storage." }),
  allowCompression: directive(bool(), {
    default: true,
    acts: true,
    description: "Lets clients compress what goes to this Storage.",
  }),
  heartbeatInterval: directive(time(), {
    default: 300,
    acts: false,
    description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
  }),
  pruneWhenFreeBelow: directive(freeLevel(), {
    default: NO_LEVEL,
    acts: true,
    description:
      "Free share (10%) or bytes of the file system of its disk devices below which the backups that are worth least are deleted, also before their retention is over; 0 is never.",
  }),
  pruneUntilFree: directive(freeLevel(), {
    default: NO_LEVEL,
    acts: true,
    description: "Free share or bytes at which that ends; 0 is one and a half times Prune When Free Below.",
  }),
  warnWhenFreeBelow: directive(freeLevel(), {
    default: NO_LEVEL,
    acts: true,
    description:
      "Free share or bytes of the file system of its disk devices below which a warning is given, once a day; 0 is never.",
  }),
  maximumConcurrentJobs: directive(integer(), { default: 1, acts: true, description: "Most jobs of this Storage at once." }),
  maximumConcurrentReadJobs: directive(integer(), {
    keyword: "MaximumConcurrentReadJobs",
    default: 0,
    acts: true,
    description: "Most Copy, Migration and VirtualFull jobs that read from it at once; 0 is no limit.",
  }),
  sddPort: directive(portOrZero(), {
    default: 0,
    acts: false,
    description: "A port of former versions.",
    deprecated: "leave it out",
  }),
  ...tlsDirectives,
};

/** The Storage resource: a device (or several) of a storage daemon. */
export const storageTable = defineResource("Storage", storageDirectives, {
  description: "A device, or several, of a storage daemon.",
});

/** The Autochanger resource of the Director: a Storage whose device is an autochanger. It is found among the storages. */
export const autochangerTable = defineResource("Autochanger", storageDirectives, {
  namespace: "Storage",
  description: "An autochanger of a storage daemon.",
});

export interface StorageResource extends ResourceOf<typeof storageTable, DirectorResources> {}

/** True if the Storage stands for an autochanger. */
export function isAutochanger(storage: StorageResource): boolean {
  return storage.origin.resourceType === "Autochanger" || storage.autochanger !== false;
}
