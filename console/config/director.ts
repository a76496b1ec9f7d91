import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, integer, password, path, port, resourceName, text, time } from "#lib/config/directive-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";

/** The Director resource of bconsole: a Director to connect to. */
export const directorTable = defineResource(
  "Director",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name of the Director." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    dirPort: directive(port(), { synonyms: ["Port"], default: 9101, acts: true, description: "Port of the Director." }),
    address: directive(text(), { required: true, acts: true, description: "Host name or address of the Director." }),
    password: directive(password(), {
      required: true,
      acts: true,
      description: "Secret of the consoles that may do everything.",
    }),
    heartbeatInterval: directive(time(), {
      default: 300,
      acts: false,
      description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
    }),
    historyFile: directive(path(), { acts: true, description: "File that typed lines are kept in." }),
    historyFileSize: directive(integer({ max: 2_147_483_647 }), {
      default: 100,
      acts: true,
      description: "Lines that are kept.",
    }),
    fipsRequire: directive(bool(), {
      default: false,
      acts: false,
      description: "Insists on a FIPS mode of the cryptographic library.",
    }),
    ...tlsDirectives,
  },
  { description: "A Director to connect to." },
);

export interface DirectorResource extends ResourceOf<typeof directorTable> {}
