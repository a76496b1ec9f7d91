import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { acl, password, resourceName, text } from "#lib/config/directive-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";

const acts = { acts: false } as const;

/** The Console resource: a console with its own password that may do only what its lists allow. */
export const consoleTable = defineResource(
  "Console",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name that the console gives itself." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    password: directive(password(), { required: true, acts: true, description: "Secret of this console." }),
    jobAcl: directive(acl(), { acts: true, description: "Jobs that the console may see and use." }),
    clientAcl: directive(acl(), { acts: true, description: "Clients that the console may see and use." }),
    storageAcl: directive(acl(), { acts: true, description: "Storages that the console may see and use." }),
    scheduleAcl: directive(acl(), { acts: true, description: "Schedules that the console may see and use." }),
    runAcl: directive(acl(), { acts: true, description: "Jobs that the console may run." }),
    poolAcl: directive(acl(), { acts: true, description: "Pools that the console may see and use." }),
    commandAcl: directive(acl(), { acts: true, description: "Commands that the console may give." }),
    fileSetAcl: directive(acl(), { acts: true, description: "FileSets that the console may see and use." }),
    catalogAcl: directive(acl(), { acts: true, description: "Catalogs that the console may see and use." }),
    whereAcl: directive(acl(), { acts: true, description: "Directories that the console may restore to." }),
    restoreClientAcl: directive(acl(), { acts: true, description: "Clients that the console may restore to." }),
    backupClientAcl: directive(acl(), { acts: true, description: "Clients whose saves the console may restore." }),
    pluginOptionsAcl: directive(acl(), { ...acts, description: "Plugin options that the console may give." }),
    userIdAcl: directive(acl(), { ...acts, description: "Owners whose files the console may restore." }),
    directoryAcl: directive(acl(), { ...acts, description: "Directories whose files the console may restore." }),
    authenticationPlugin: directive(text(), { ...acts, description: "Plugin that asks for more than the password." }),
    authorizationPlugin: directive(text(), { ...acts, description: "Plugin that decides what the console may do." }),
    ...tlsDirectives,
  },
  { description: "A console with its own password and limited rights." },
);

export interface ConsoleResource extends ResourceOf<typeof consoleTable> {}
