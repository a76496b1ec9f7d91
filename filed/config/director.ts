import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, password, port, resourceName, speed, text, textList, time } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";
import type { FileDaemonResources } from "./resources.ts";

/** The Director resource of the file daemon: a Director that may give orders. */
export const directorTable = defineResource(
  "Director",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name of the Director." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    password: directive(password(), { required: true, acts: true, description: "Secret shared with the Director." }),
    address: directive(text(), { acts: false, description: "Address of the Director, to dial it." }),
    dirPort: directive(port(), {
      synonyms: ["Port"],
      default: 9101,
      acts: false,
      description: "Port of the Director, to dial it.",
    }),
    monitor: directive(bool(), { default: false, acts: true, description: "Lets this Director ask for the status only." }),
    remote: directive(bool(), {
      default: false,
      acts: false,
      description: "Lets this Director be commanded from a console of the client.",
    }),
    maximumBandwidthPerJob: directive(speed(), {
      default: 0,
      acts: true,
      description: "Most bytes a second of each job of this Director; 0 is no limit.",
    }),
    disableCommand: directive(textList("list of commands"), {
      acts: false,
      description: "Orders of this Director that are refused.",
    }),
    console: directive(reference("Console"), { acts: false, description: "Console that reaches this Director." }),
    connectToDirector: directive(bool(), { default: false, acts: false, description: "Dials the Director." }),
    schedule: directive(reference("Schedule"), { acts: false, description: "When the Director is dialled." }),
    reconnectionTime: directive(time(), {
      default: 2700,
      acts: false,
      description: "How long one dialled connection is kept.",
    }),
    ...tlsDirectives,
  },
  { description: "A Director that may give orders to the file daemon." },
);

export interface DirectorResource extends ResourceOf<typeof directorTable, FileDaemonResources> {}
