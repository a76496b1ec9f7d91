import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, password, resourceName, text } from "#lib/config/directive-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";

/** The Director resource of the storage daemon: a Director that may give orders. */
export const directorTable = defineResource(
  "Director",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name of the Director." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    password: directive(password(), { required: true, acts: true, description: "Secret shared with the Director." }),
    monitor: directive(bool(), { default: false, acts: true, description: "Lets this Director ask for the status only." }),
    ...tlsDirectives,
  },
  { description: "A Director that may give orders to the storage daemon." },
);

export interface DirectorResource extends ResourceOf<typeof directorTable> {}
