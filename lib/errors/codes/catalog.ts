/** Error codes of the area "catalog": cause and remedy, one line each. */
export const catalogCodes = {
  CATALOG_MISSING: {
    cause: "The catalog does not exist, or it is an empty database.",
    remedy: "Create it: nocturne catalog create -c FILE.",
  },
  CATALOG_EXISTS: {
    cause: "A catalog was to be created where there is one already.",
    remedy: "Use the one that is there, or name another database in the Catalog resource.",
  },
  CATALOG_VERSION: {
    cause: "The catalog was written by another version of this product.",
    remedy: "Upgrade it: nocturne catalog upgrade -c FILE. A newer catalog needs the newer programs.",
  },
  CATALOG_FOREIGN: {
    cause: "The database holds tables that are not a catalog of this product.",
    remedy: "Name an empty database or the right one in the Catalog resource.",
  },
  CATALOG_LOADING: {
    cause: "A dump is being loaded into the database, or the load was interrupted: what lies there is part of a catalog.",
    remedy: "Wait for the load to end; if it was interrupted, run it again: nocturne catalog load FILE.",
  },
  CATALOG_DUMP_CUT: {
    cause: "The dump of a catalog does not have its last line: it was cut off while it was written or copied.",
    remedy: "Load another dump; the restored file of a catalog backup should be as long as the backup says.",
  },
  CATALOG_UNREACHABLE: {
    cause: "The database server does not answer, refuses the user, or went away.",
    remedy: "Start the server; check dbaddress, dbport, dbsocket, dbuser and dbpassword of the Catalog resource.",
  },
  CATALOG_DAMAGED: {
    cause: "The database reports that its file is damaged or is no database.",
    remedy: "Restore the catalog from its last backup, or rebuild it from the Volumes with bscan.",
  },
  CATALOG_DISK_FULL: {
    cause: "The disk that holds the catalog is full.",
    remedy: "Free space there; the job goes on or can be run again.",
  },
  CATALOG_BUSY: {
    cause: "Another program holds the catalog locked.",
    remedy: "Wait for it to end, or stop it; then run the operation again.",
  },
  CATALOG_REFUSED: {
    cause: "The database refused a statement.",
    remedy: "Read the database's own words in the message; check the rights of the database user.",
  },
  CATALOG_CLOSED: {
    cause: "The catalog was used after it had been closed.",
    remedy: "The daemon is stopping; run the operation again when it is up.",
  },
  CATALOG_BATCH_INVALID: {
    cause: "A daemon sent file attributes that break the format or its bounds.",
    remedy: "Look at the named client and storage daemon: versions, and whether they are what they claim to be.",
  },
  CATALOG_STATEMENT: {
    cause: "The statement is not one that may be run here, or is not a single one.",
    remedy: "Type one SQL statement at a time; SELECT, INSERT, UPDATE and DELETE are accepted.",
  },
  CATALOG_LIST_EXPIRED: {
    cause: "A list was left unread for more than ten minutes and was closed, because open lists make the catalog's log grow.",
    remedy: "Run the command again.",
  },
  CATALOG_COUNTER: {
    cause: "A Counter is missing in the catalog, or its counters wrap in a circle.",
    remedy: "Check the Counter resources and their Wrap Counter directives.",
  },
  CATALOG_CLIENT_FAILED: {
    cause: "The database's own client program, which dumps or loads a catalog, is not installed or failed.",
    remedy: "Install the client of the database (Debian: mariadb-client), and read what it said.",
  },
  CATALOG_IN_USE: {
    cause: "The record cannot be deleted because others refer to it.",
    remedy: "Delete or move what the message names first.",
  },
} as const;
