import { count, flag, name, serial, table, type RowOf } from "./table.ts";

/** Clients. */
export const clientTable = table(
  "Client",
  "clients",
  {
    ClientId: serial("row number"),
    Name: name("name of the Client resource"),
    Uname: name("version and operating system as the client states them"),
    AutoPrune: flag("1: its jobs and files are pruned"),
    FileRetention: count("seconds that File rows are kept"),
    JobRetention: count("seconds that Job rows are kept"),
  },
  { indices: [{ name: "client_name_idx", columns: ["Name"], isUnique: true, why: "one row a name" }] },
);
export type ClientRow = RowOf<typeof clientTable>;

/** Tags that operators give to clients. */
export const tagClientTable = table(
  "TagClient",
  "tags on clients",
  { ClientId: count("-> Client"), Tag: name("the tag") },
  { primaryKey: ["ClientId", "Tag"] },
);
