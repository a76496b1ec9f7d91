import { DIRECTOR_TEXT } from "./director-text.ts";

/** A configuration that uses every type of resource and of value of the Director. */
export const RICH_DIRECTOR_TEXT = `${DIRECTOR_TEXT.replace(
  "Messages = M }",
  "Messages = M\n  DirAddresses = { ip = { addr = 127.0.0.1; port = 9101 }\n    ipv6 = { addr = ::1 } }\n  Statistics Retention = 5 years; Heartbeat Interval = 1 min }",
)}
# Everything that the tables know, in every way of writing.
Console { Name = restricted; Password = "p\\"w"; JobACL = *all*; ClientACL = c, "d e"; CommandACL = run, status, .help; TLS Enable = yes
  TLS Certificate = /x; TLS Key = /y; TLS Allowed CN = a.example.org, b }
Counter { Name = n; Minimum = 1; Maximum = 10; Catalog = C }
Statistics { Name = st; Type = CSV; File = /tmp/x; Metrics = "a.*", "!a.b"; Interval = 5 min }
Pool { Name = Full Pool; Pool Type = backup; Maximum Volume Bytes = 50 GB; Volume Retention = 1 month 3 days; Storage = s; NextPool = P
  Label Format = "Vol-\${Year}"; Maximum Pool Bytes = 5TiB; Action On Purge = Truncate; Label Type = ansi }
Autochanger { Name = ch; Address = h; Password = p; Device = a, b; Media Type = LTO; Autochanger = ch; Maximum Concurrent Jobs = 3 }
Schedule { Name = weekly
  Run = Full 1st sun at 23:05
  Run = Level=Differential FullPool=P 2nd-5th sun at 23:05
  Run = Incremental mon-sat at 1:05pm
  Run = lastday w01-w20 jan-mar hourly at 0:30
}
Messages { Name = all of them
  mailcommand = "/usr/sbin/bsmtp -h localhost -f \\"%r\\" -s \\"%t %e of %c %l\\" %r"
  mail on error = a@x.org, b@x.org = all, !skipped
  operatorcommand = "op %(JobId)"; operator = c@x.org = mount
  append = "/var/log/a b.log" = all, !restored; console = fatal, error; catalog = all, saved, events.x
}
FileSet { Name = "Rich"; Ignore FileSet Changes = yes
  Include {
    Options { compression = ZSTD9; signature = SHA256; onefs = no; accurate = mcs; strip path = 2; fstype = ext4, btrfs }
    Options { wild = "*.o"; wilddir = "/proc/*"; regex = "^/a[[:digit:]]+\\\\.b$"; exclude = yes }
    File = /a; File = "/b c"; File = "|ls %c"; File = "\\\\<list"; Plugin = "bpipe:/x:cat:cat"
    Exclude Dir Containing = .no
  }
  Exclude { File = /tmp; File = "*~" }
}
JobDefs { Name = D; Type = Backup; Level = Incremental; Client = c; FileSet = Rich; Schedule = weekly; Storage = s, ch; Pool = FullPool
  Messages = M; Priority = 11; RunAfterJob = "x %j"; Maximum Bandwidth = 5 mb/s }
Job { Name = "nightly save"; JobDefs = D; Write Bootstrap = "/w/%n.bsr"; Spool Size = 10G; Max Run Time = 3h; Client Run Before Job = "y"
  RunScript { Command = "one"; Command = "two"; Runs When = After; Runs On Failure = yes; Runs On Client = no }
  RunScript { Console = "status dir"; Runs When = Before } }
Job { Name = r; Type = Restore; Client = c; FileSet = F; Storage = s; Pool = P; Messages = M; Where = /tmp/r; Replace = ifnewer; Base = j }
Job { Name = v; Type = Verify; Level = VolumeToCatalog; Verify Job = j; Client = c; FileSet = F; Storage = s; Pool = P; Messages = M }
`;
