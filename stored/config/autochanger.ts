import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { nameText, resourceName, text } from "#lib/config/directive-types.ts";
import { referenceList } from "#lib/config/reference-types.ts";
import type { StorageResources } from "./resources.ts";

/** The Autochanger resource: drives that share media. */
export const autochangerTable = defineResource(
  "Autochanger",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name that the Director's Storage refers to." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    device: directive(referenceList("Device"), { required: true, acts: true, description: "Drives of the autochanger." }),
    changerDevice: directive(nameText(), {
      required: true,
      acts: false,
      description: "Device node of the changer, or /dev/null if it has none.",
    }),
    changerCommand: directive(nameText(), {
      required: true,
      acts: false,
      description: "Program that moves media; empty for a changer of files.",
    }),
    lockCommand: directive(nameText(), { acts: false, description: "Program that locks the changer." }),
  },
  { description: "Drives that share media." },
);

export interface AutochangerResource extends ResourceOf<typeof autochangerTable, StorageResources> {}
