import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun, runCommand } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import type { World } from "#regress/world.ts";

const DEBIAN = ["bdirjson", "bsdjson", "bfdjson", "bbconsjson"].map((name) => `/usr/sbin/${name}`);
const FILES = {
  bdirjson: "bacula-dir.conf",
  bsdjson: "bacula-sd.conf",
  bfdjson: "bacula-fd.conf",
  bbconsjson: "bconsole.conf",
};

type Resource = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** By type and name. Debian's programs keep ports of daemons for themselves, and have an order of their own for destinations. */
function byName(output: string): Readonly<Record<string, unknown>> {
  const list = JSON.parse(output) as readonly Resource[];
  return Object.fromEntries(
    list.map((entry) => {
      const [[type, values]] = Object.entries(entry) as [[string, Readonly<Record<string, unknown>>]];
      const kept = Object.entries(values).filter(([word]) => !/^(Sd|Fd|Dir)Port$/.test(word));
      const destinations = (values["Destinations"] ?? []) as readonly { readonly Type: string }[];
      const sorted = destinations.toSorted((left, right) => left.Type.localeCompare(right.Type));
      return [`${type} ${String(values["Name"])}`, { ...Object.fromEntries(kept), Destinations: sorted }];
    }),
  );
}

async function both(program: string, ...args: readonly string[]): Promise<readonly [ours: string, theirs: string]> {
  const ours = await mustRun(join(BIN, program), args);
  const theirs = await mustRun(join("/usr/sbin", program), args);
  return [ours.stdout, theirs.stdout];
}

/** A Director's file with one Schedule of these Run lines. */
function withRuns(world: World, runs: readonly string[]): string {
  const path = world.path("runs.conf");
  const schedule = `Schedule {\nName = S\n${runs.map((run) => `Run = ${run}\n`).join("")}}\n`;
  writeFileSync(path, `${schedule}Pool {\nName = P\nPool Type = Backup\n}\n@${world.path("bacula-dir.conf")}\n`);
  return path;
}

/** Debian's takes SHA256 for SHA1 in JSON. */
const FILESET = "Include {\nOptions {\nSignature = SHA1\nACL Support = yes\n}\nFile = /srv\n}";
const RESOURCES = `
  Schedule {
    Name = Weekly
    Run = Level=Full Pool=Files Priority=5 Accurate=yes MaxRunSchedTime="2 hours" 1st sun at 23:05
    Run = Incremental mon-sat at 23:05
    Enabled = no
  }
  JobDefs {
    Name = Defaults
    Type = Backup
    Client = client-fd
    FileSet = Trees
    Storage = Disks
    Pool = Files
    Messages = Mailed
    Priority = 11
  }
  Job {
    Name = Other
    JobDefs = Defaults
    Run Before Job = "/bin/true a"
    RunScript {
      Command = "echo x"
      RunsWhen = After
      RunsOnClient = no
    }
    Spool Data = yes
  }
  FileSet {
    Name = Trees
    Include {
      Options {
        Signature = MD5
        Compression = GZIP9
        WildDir = "/a*"
        Exclude = yes
      }
      Options {
        Sparse = yes
        OneFS = no
      }
      File = /etc
      File = "/home"
    }
    Exclude {
      File = /tmp
    }
  }
  Messages {
    Name = Mailed
    Mail Command = "/bin/mail %r"
    Mail = root@localhost = all, !skipped
    Catalog = all
  }
  Console {
    Name = Reader
    Password = "clear"
    CommandACL = status, .status
    JobACL = *all*
  }`;

scenario(
  "configurations as JSON are what Debian's programs make of them",
  { programs: DEBIAN, site: { resources: RESOURCES, fileset: FILESET } },
  async (world) => {
    for (const [program, file] of Object.entries(FILES)) {
      const [ours, theirs] = await both(program, "-c", world.path(file));
      assert.deepEqual(byName(ours), byName(theirs), program);
    }
    for (const args of [
      ["-r", "Job", "-n", "Other"],
      ["-r", "job", "-n", "Other", "-R"],
      ["-D", "-r", "pool", "-n", "Files"],
      ["-n", "Files"],
      ["-r", "nope"],
      ["-r", "pool", "-n", "nope"],
    ]) {
      const [ours, theirs] = await both("bdirjson", "-c", world.path("bacula-dir.conf"), ...args);
      assert.deepEqual(JSON.parse(ours), JSON.parse(theirs), args.join(" "));
    }
    const some = await mustRun(join(BIN, "bdirjson"), ["-c", world.path("bacula-dir.conf"), "-r", "job", "-l", "Name,Pool"]);
    assert.deepEqual((JSON.parse(some.stdout) as Resource)["Other"], { Name: "Other", Pool: "Files" });
    assert.equal((await mustRun(join(BIN, "bdirjson"), ["-t", "-c", world.path("bacula-dir.conf")])).output, "");
    const shown = await mustRun(join(BIN, "bdirjson"), ["-s", "-c", world.path("bacula-dir.conf")]);
    assert.match(shown.stdout, /^Job: name=Other$/m);
    world.edit("bacula-dir.conf", "Type = Backup", "Type = Bakup");
    const refused = await runCommand(join(BIN, "bdirjson"), ["-t", "-c", world.path("bacula-dir.conf")]);
    assert.equal(refused.status, 1);
    assert.match(refused.output, /bacula-dir\.conf:\d+:\d+: .*"Bakup" is not allowed here/);
  },
);

/** Run lines that mean the same to Debian's Bacula. */
const RUNS = [
  "Full Pool=P 1st sun at 23:05",
  "Pool=P Full mon at 1:00",
  "Level=Full Level=Incremental at 1:00",
  "FullPool=P IncrementalPool=P DifferentialPool=P NextPool=P Storage=Disks Messages=Standard Priority=3 SpoolData=yes Accurate=no at 1:00",
  'MaxRunSchedTime="2 hours" at 1:00',
  "VirtualFull at 1:00",
  "at 1:05, 3:05",
  "at 1:05 3:05",
  "hourly at 12:15",
  "hourly",
  "at 0:15 hourly mon",
  "weekly mon at 2:00",
  "mon daily at 2:00",
  "mon 1st 3 weekly at 1:00",
  "jan monthly at 1:00",
  "on 1 at 2:00",
  "1-5,10-12 at 3:00",
  "25-5 at 3:00",
  "fri-mon at 3:00",
  "nov-feb 1 at 3:00",
  "3rd-1st sun at 3:00",
  "sixth at 3:00",
  "lastday at 3:00",
  "lastday mon 15 at 3:00",
  "w00 at 3:00",
  "w52-w02 mon at 3:00",
  "w03,w05 at 1:00",
  "sunday-tuesday january-march at 3:00am",
  "at 12:00am",
  "at 12:30pm",
  "at 0:30am",
  "at 0:30pm",
  "jan at 2:00 mon",
  "MON At 1:05PM",
  "Incremental mon 1st jan w03 lastday 7 at 5:55",
];
/** Refused by both. */
const WRONG = [
  "last-3rd at 1:00",
  "w54 at 3:00",
  "w5 at 3:00",
  "at 1pm",
  "at 13:00pm",
  "at 24:00",
  "at 1:5",
  "1:05",
  "every mon at 3:00",
  "mon-mon at 3:00",
  "1-mon at 1:00",
  "1st-3 at 1:00",
  "7th at 1:00",
  "Client=c at 1:00",
  "Priority=-1 at 1:00",
  "SpoolData=maybe at 1:00",
  "mon at 1:00 Pool=P",
  "Full mon at 1:00 Incremental",
];

scenario(
  "Run lines mean what they mean to Debian's Bacula, and what it refuses is refused with its place",
  { programs: DEBIAN },
  async (world) => {
    const [ours, theirs] = await both("bdirjson", "-c", withRuns(world, RUNS), "-r", "Schedule", "-n", "S");
    const runs = (output: string) => (JSON.parse(output) as { readonly Run: readonly unknown[] }).Run;
    for (const [index, run] of RUNS.entries()) assert.deepEqual(runs(ours)[index], runs(theirs)[index], `Run = ${run}`);
    for (const run of WRONG) {
      const path = withRuns(world, [run]);
      const refused = await runCommand(join(BIN, "bdirjson"), ["-t", "-c", path]);
      assert.match(refused.output, /runs\.conf:3:\d+: .*Schedule "S", directive Run: /, run);
      assert.equal((await runCommand("/usr/sbin/bdirjson", ["-t", "-c", path])).status, 1, `Debian's takes ${run}`);
    }
  },
);

scenario(
  "bwild and bregex say which lines of a file match, as Debian's do",
  { programs: ["/usr/sbin/bwild", "/usr/sbin/bregex"] },
  async (world) => {
    const data = world.path("data");
    writeFileSync(data, "/home/ann/a.o\n/home/ann/B.O\n/tmp\n\n/home/bob/ü\n/home/[x]\n");
    const trials = [
      ["bwild", [], "/home/*\n*.o\n/home/ann/?.[oO]\n\nnot asked any more\n"],
      ["bwild", ["-i", "-l"], "*.O\n"],
      ["bwild", ["-n"], "/home/*\n*\\[x\\]\n"],
      ["bregex", [], "^/home/[^/]*$\n\\.o$\n(ann|bob)/.\n\n"],
      ["bregex", ["-n", "-l"], "o\n"],
    ] as const;
    for (const [program, flags, input] of trials) {
      const [ours, theirs] = await Promise.all(
        [join(BIN, program), `/usr/sbin/${program}`].map((path) => runCommand(path, [...flags, "-f", data], { input })),
      );
      assert.deepEqual([ours!.stdout.trimEnd(), ours!.status], [theirs!.stdout.trimEnd(), 0], `${program} ${flags.join(" ")}`);
    }
    const wrong = await runCommand(join(BIN, "bregex"), ["-f", data], { input: "(\n/tmp\n" });
    assert.match(wrong.stdout, /Regex compile error: missing closing \)[\s\S]* 3: \/tmp/);
    for (const args of [[], ["-f", world.path("nothing")]])
      assert.equal((await runCommand(join(BIN, "bwild"), args)).status, 1);
  },
);
