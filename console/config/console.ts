import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, password, path, resourceName, text, time } from "#lib/config/directive-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";

/** The Console resource of bconsole: who it is, if not the console that may do everything. */
export const consoleTable = defineResource(
  "Console",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name that the console gives itself." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    rcFile: directive(path(), { keyword: "RCFile", acts: true, description: "File of commands that are given at the start." }),
    password: directive(password(), { required: true, acts: true, description: "Secret of this console." }),
    director: directive(text(), { acts: true, description: "Director that it connects to." }),
    heartbeatInterval: directive(time(), {
      default: 300,
      acts: false,
      description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
    }),
    commCompression: directive(bool(), { default: true, acts: false, description: "Compresses what goes over the network." }),
    historyFile: directive(path(), { acts: true, description: "File that typed lines are kept in." }),
    fipsRequire: directive(bool(), {
      default: false,
      acts: false,
      description: "Insists on a FIPS mode of the cryptographic library.",
    }),
    ...tlsDirectives,
  },
  { description: "Who the console is, if not the one that may do everything." },
);

export interface ConsoleResource extends ResourceOf<typeof consoleTable> {}
