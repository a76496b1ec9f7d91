/** What `nocturne help` prints. */
export const USAGE = `nocturne: sets up and runs a Nocturne site.

  nocturne init [DIR]               make certificates, passwords and a complete configuration in DIR (/etc/nocturne)
      --name NAME                   name of this site's first client; the host name if not given
      --address ADDRESS             where the daemons listen (127.0.0.1)
      --port PORT                   port of the Director; file and storage daemon take the next two (9101)
      --data DIR                    catalog, Volumes, logs (/var/lib/nocturne, or DIR/data)
      --path PATH                   what the first job saves; may be repeated (/)
  nocturne catalog create [-c FILE] create the catalog that FILE names (bacula-dir.conf)
  nocturne catalog upgrade|check    bring it to this version; say whether it is of this version
  nocturne catalog dump --to DIR    write a consistent copy of the catalog into DIR while jobs go on
  nocturne catalog load FILE        make the catalog from such a copy, where there is none
  nocturne catalog summary --job JOBID --bootstrap FILE --to FILE
                                    say where a catalog backup lies and how it comes back
      --copy COMMAND                then run this; %f is the file, which also is its input
      --catalog NAME                which Catalog resource, with each of the three (the first)
  nocturne start [-c DIR]           start the daemons whose configuration is in DIR; returns when they answer
  nocturne stop [-c DIR] [--kill]   stop them; waits
  nocturne restart [-c DIR]
  nocturne status [-c DIR]          exit status 0 if all of them answer
  nocturne quickstart [PATH]        a site in a scratch directory: save PATH, restore it, compare, stop
      --dedup                       save into the deduplicating store, twice
      --keep                        leave it running and say how to reach it
      --dir DIR                     where; must not exist yet
  nocturne config-coverage          every directive, and whether it is acted upon
  nocturne version
`;
