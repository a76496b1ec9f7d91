import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, oneOf, password, portOrZero, resourceName, text } from "#lib/config/directive-types.ts";

/** The Catalog resource: the database that the Director keeps its records in. */
export const catalogTable = defineResource(
  "Catalog",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which other resources refer to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    dbDriver: directive(oneOf("sqlite3", "mysql"), {
      default: "sqlite3",
      acts: true,
      description: "Kind of database: sqlite3 (a file in the working directory) or mysql (a MySQL or MariaDB server).",
    }),
    dbName: directive(text(), {
      required: true,
      acts: true,
      description: "Name of the database; with sqlite3 the file is <WorkingDirectory>/<DbName>.db.",
    }),
    dbUser: directive(text(), { synonyms: ["User"], acts: true, description: "User of the database server." }),
    dbPassword: directive(password(), { synonyms: ["Password"], acts: true, description: "Password of that user." }),
    dbAddress: directive(text(), { synonyms: ["Address"], acts: true, description: "Host of the database server." }),
    dbPort: directive(portOrZero(), { default: 0, acts: true, description: "Port of the database server; 0 is its default." }),
    dbSocket: directive(text(), { acts: true, description: "Unix socket of a database server on this machine." }),
    dbSslMode: directive(text(), { acts: false, description: "How TLS to the database server is used." }),
    dbSslKey: directive(text(), { acts: false, description: "File of the client key for the database server." }),
    dbSslCert: directive(text(), { acts: false, description: "File of the client certificate for the database server." }),
    dbSslCa: directive(text(), {
      acts: false,
      description: "File of the certificate authorities trusted for the database server.",
    }),
    dbSslCaPath: directive(text(), {
      acts: false,
      description: "Directory of the certificate authorities trusted for the database server.",
    }),
    multipleConnections: directive(bool(), { default: false, acts: false, description: "Opens a connection for each job." }),
    disableBatchInsert: directive(bool(), { default: false, acts: false, description: "Inserts file records one by one." }),
  },
  { description: "The database that the Director keeps its records in." },
);

export interface CatalogResource extends ResourceOf<typeof catalogTable> {}
