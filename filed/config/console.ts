import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { password, port, resourceName, text } from "#lib/config/directive-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";

/** The Console resource of the file daemon: how a console of the client reaches its Director. */
export const consoleTable = defineResource(
  "Console",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name that the console gives itself." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    password: directive(password(), { required: true, acts: false, description: "Secret of this console." }),
    address: directive(text(), { acts: false, description: "Address of the Director." }),
    dirPort: directive(port(), { synonyms: ["Port"], default: 9101, acts: false, description: "Port of the Director." }),
    ...tlsDirectives,
  },
  { description: "How a console of the client reaches its Director." },
);

export interface ConsoleResource extends ResourceOf<typeof consoleTable> {}
