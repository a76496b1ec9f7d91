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
      acts: true,
      description: "What %c of the Changer Command stands for: node of the changer; /dev/null if media are moved by nobody.",
    }),
    changerCommand: directive(nameText(), {
      required: true,
      acts: true,
      description: "Program that moves media, with %-codes; empty for drives that are directories.",
    }),
    lockCommand: directive(nameText(), {
      acts: true,
      description: "Program that is run before (%o = lock) and after (%o = unlock) every Changer Command.",
    }),
  },
  { description: "Drives that share media." },
);

export interface AutochangerResource extends ResourceOf<typeof autochangerTable, StorageResources> {}
