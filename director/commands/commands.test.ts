import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { insertJobMedia } from "#catalog/queries/job-media.ts";
import { updateJob } from "#catalog/queries/jobs.ts";
import { createMedia, findMedia } from "#catalog/queries/media.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { addFiles, addJob } from "#catalog/conformance/database-under-test.ts";
import { parseBootstrap } from "#lib/bootstrap/bootstrap-text.ts";
import { readFile } from "node:fs/promises";
import { ConsoleWorld, first } from "../testing/console-world.ts";

let world: ConsoleWorld;
/** LStat of a directory. */
const DIRECTORY = "P4A IUKk EHt B A A A BAA BAA I BrAUbb BrAUbb BrAUbb A A C";
/** LStat of a hard link whose data is under FileIndex 3. */
const LINK = "P4A IUKk IGk C A A A BAA BAA I BrAUbb BrAUbb BrAUbb D A C";

const restricted = `Console { Name = helpdesk; Password = "x"; CommandACL = restore, list, run, status, messages; JobACL = Save, Back; ClientACL = web; StorageACL = Disk
  PoolACL = Default; FileSetACL = Etc; CatalogACL = *all*; WhereACL = /tmp/back }
`;

before(async () => {
  world = await ConsoleWorld.open(restricted);
  const { catalog } = world;
  const client = (await findClient(catalog, "web"))!;
  const pool = (await findPool(catalog, "Default"))!;
  const storage = (await findStorage(catalog, "Disk"))!;
  const { fileSet } = await ensureFileSet(catalog, { FileSet: "Etc", MD5: "x", CreateTime: "2026-03-01 00:00:00" });
  const media = await createMedia(catalog, {
    VolumeName: "Vol-1",
    MediaType: "File",
    VolStatus: "Append",
    PoolId: pool.PoolId,
    StorageId: storage.StorageId,
  });
  const files = { ClientId: client.ClientId, PoolId: pool.PoolId, FileSetId: fileSet.FileSetId, Name: "Save" };
  const full = await addJob(catalog, { ...files, Level: "F", VolSessionId: 7, VolSessionTime: 1000 });
  await addFiles(catalog, full, [
    { fileIndex: 1, name: "/etc/", lstat: DIRECTORY },
    { fileIndex: 2, name: "/etc/hosts" },
    { fileIndex: 3, name: "/etc/data" },
    { fileIndex: 4, name: "/etc/link", lstat: LINK, linkName: "/etc/data" },
    { fileIndex: 5, name: "/etc/ssh/", lstat: DIRECTORY },
    { fileIndex: 6, name: "/etc/ssh/key" },
  ]);
  const incremental = await addJob(catalog, { ...files, Level: "I", VolSessionId: 8, VolSessionTime: 1000 });
  await addFiles(catalog, incremental, [{ fileIndex: 1, name: "/etc/hosts" }]);
  for (const [jobId, last, start] of [
    [full, 6, 200],
    [incremental, 1, 5000],
  ] as const) {
    await insertJobMedia(catalog, [
      {
        JobId: jobId,
        MediaId: media.MediaId,
        FirstIndex: 1,
        LastIndex: last,
        StartFile: 0,
        EndFile: 0,
        StartBlock: start,
        EndBlock: start + 999,
        VolIndex: 1,
      },
    ]);
    await updateJob(catalog, jobId, { JobFiles: last, JobBytes: 100 });
  }
});
after(async () => await world[Symbol.asyncDispose]());

/** Types lines and answers the restore that was queued. */
async function restored(...lines: string[]): Promise<{
  readonly text: string;
  readonly files: readonly (readonly [number, readonly (readonly [number, number])[]])[];
  readonly expected: number;
}> {
  world.engine.submitted.length = 0;
  const { text } = await world.type(lines);
  const plan = world.engine.submitted[0]?.restore?.plan;
  assert.ok(plan, text);
  const files = plan.bootstrap.entries.map(
    (entry) => [entry.volSessionId, entry.fileIndexes.map((range) => [range.first, range.last] as const)] as const,
  );
  return { text, files, expected: plan.filesExpected };
}

test("a restore of everything takes each file from the newest job that has it", async () => {
  const { text, files, expected } = await restored("restore client=web select all done yes");
  assert.match(text, /Automatically selected FileSet: Etc/);
  assert.match(text, /You have selected the following JobIds: 1,2/);
  assert.match(text, /Job queued\. JobId=1/);
  assert.deepEqual(files, [
    [
      7,
      [
        [1, 1],
        [3, 6],
      ],
    ],
    [8, [[1, 1]]],
  ]);
  assert.equal(expected, 6);
});

test("marks in the tree choose what is restored, and a hard link brings the file with its data", async () => {
  const { text, files } = await restored("restore client=web select", "cd /etc", "mark link", "ls", "count", "done", "yes");
  assert.match(text, /\$ mark link\n1 file marked\.\n1 hard link among them/);
  assert.match(text, /\*link\nssh\//);
  assert.match(text, /1 file added, because marked hard links have their data there/);
  assert.deepEqual(files, [
    [
      7,
      [
        [1, 1],
        [3, 4],
      ],
    ],
  ]);
});

test("what is unmarked stays away, wildcards and paths mark too", async () => {
  const { text, files } = await restored(
    "restore jobid=1,2 all",
    "unmark /etc/ssh",
    "cd etc",
    "unmark h*",
    "estimate",
    "done",
    "yes",
  );
  assert.match(text, /2 files unmarked\.\n/);
  assert.match(text, /6 total files; 3 marked to be restored; 4,096 bytes/);
  assert.deepEqual(files, [
    [
      7,
      [
        [1, 1],
        [3, 4],
      ],
    ],
  ]);
});

test("file= takes the newest version wherever it is, and tells what no backup has", async () => {
  const { text, files } = await restored("restore client=web file=/etc/hosts file=/etc/nothing yes");
  assert.match(text, /No database record found for: \/etc\/nothing/);
  assert.deepEqual(files, [[8, [[1, 1]]]]);
});

test("file=<list and directory= choose by name without a tree", async () => {
  const list = `${world.directory}/list`;
  await import("node:fs/promises").then((fs) => fs.writeFile(list, "/etc/hosts\n/etc/ssh/key\n"));
  assert.deepEqual((await restored(`restore client=web file=<${list} yes`)).files, [
    [7, [[6, 6]]],
    [8, [[1, 1]]],
  ]);
  assert.deepEqual((await restored("restore client=web directory=/etc/ssh yes")).files, [[7, [[5, 6]]]]);
});

test("before= restores an earlier state, and says so when there is none", async () => {
  assert.match(
    (await world.type(['restore client=web before="2020-01-01 00:00:00" all done yes'])).text,
    /No Full backup before 2020-01-01 00:00:00 found\./,
  );
});

test("the Volumes are shown before the question, and the Bootstrap file says the same as the plan", async () => {
  const { text } = await world.type(["restore client=web select all done", "no"]);
  const file = /Bootstrap records written to (\S+)/.exec(text)![1]!;
  assert.match(text, /Vol-1 +Disk +Dev[\s\S]*6 files selected[\s\S]*OK to run\? \(yes\/mod\/no\): no\nJob not run\./);
  const { entries } = parseBootstrap(await readFile(file, "utf8"), file);
  assert.deepEqual(
    entries.map((entry) => [entry.volume, entry.volSessionId, entry.count, entry.addresses]),
    [
      ["Vol-1", 7, 5, [{ first: 200, last: 1199 }]],
      ["Vol-1", 8, 1, [{ first: 5000, last: 5999 }]],
    ],
  );
  assert.deepEqual((await restored(`restore bootstrap=${file} yes`)).expected, 6);
});

test("where, replace and another client reach the job", async () => {
  await restored("restore client=web restoreclient=db where=/else replace=never select all done yes");
  const { restore } = first(world.engine.submitted);
  assert.deepEqual([restore?.where, restore?.replace, restore?.restoreClient], ["/else", "never", "db"]);
});

test("mod changes the restore under its own numbers, a dot leaves the change alone", async () => {
  await restored(
    "restore client=web select all done",
    "mod",
    "9",
    "/new",
    "mod",
    "11",
    "4",
    "mod",
    ".",
    "mod",
    "5",
    "2",
    "yes",
  );
  const { restore } = first(world.engine.submitted);
  assert.deepEqual([restore?.where, restore?.replace, restore?.restoreClient], ["/new", "never", "db"]);
});

test("the menu finds jobs by its numbers and comes back from lists", async () => {
  const { text } = await restored("restore", "1", "9", "web", "1", "11", "/etc/ssh", "", "yes");
  assert.match(text, /2\|web\|/);
  assert.match(text, /You have already selected the following JobIds: 1,2/);
  assert.equal((await restored("restore", "3", "1", "mark *", "done", "yes")).expected, 6);
  assert.match((await world.type(["restore", "13"])).text, /13: Cancel\nSelect item: {2}\(1-13\): 13\n$/);
});

test("run takes its keywords and its menu, and a script that has nothing to say ends", async () => {
  world.engine.submitted.length = 0;
  const { text } = await world.type([
    "run job=Save level=full priority=3 client=db comment=why yes",
    "run job=Save",
    "mod",
    "1",
    "2",
    "mod",
    "7",
    "5",
    "yes",
  ]);
  assert.match(text, /Job queued\. JobId=2/);
  assert.deepEqual(
    world.engine.submitted.map(({ job, level, priority, client, comment }) => [job, level, priority, client, comment]),
    [
      ["Save", "F", 3, "db", "why"],
      ["Save", "I", 5, undefined, undefined],
    ],
  );
  const ended = await world.type(["run job=Save"]);
  assert.equal(ended.code, 2);
  assert.match(ended.text, /the input ended at the question "OK to run\? \(yes\/mod\/no\):"/);
});

test("a name that is given and not known is refused, not replaced by another", async () => {
  world.engine.submitted.length = 0;
  for (const [line, said] of [
    ["run job=Nope yes", /Job "Nope" not found/],
    ["run job=Save client=Nope yes", /"Nope"/],
    ["run job=Save fileset=Nope yes", /"Nope"/],
    ["run job=Save storage=Nope yes", /"Nope"/],
    ["run job=Save pool=Nope yes", /"Nope"/],
    ["run job=Save nextpool=Nope yes", /"Nope"/],
    ["run job=Save messages=Nope yes", /"Nope"/],
    ["run job=Save catalog=Nope yes", /"Nope"/],
    ["restore client=Nope select all done yes", /Client "Nope" not found/],
    ["restore client=Nope", /Client "Nope" not found/],
    ["restore client=Nope jobid=1 all done yes", /Client "Nope" not found/],
    ["restore client=web fileset=Nope select all done yes", /FileSet "Nope" not found for Client "web"/],
    ["restore client=web pool=Nope select all done yes", /Could not find Pool "Nope"/],
    ["restore client=web storage=Nope select all done yes", /"Nope"/],
    ["restore client=web restoreclient=Nope select all done yes", /"Nope"/],
    ["restore client=web restorejob=Nope select all done yes", /Job "Nope" not found/],
    ["estimate job=Nope", /Job "Nope" not found/],
    ["unmount storage=Nope", /Storage "Nope" not found/],
  ] as const) {
    const { text } = await world.type([line, "version"]);
    assert.match(text, said, line);
    assert.match(text, /dir Version: /, `${line}: back at the prompt`);
  }
  assert.deepEqual(world.engine.submitted, []);
});

test("list shows rows, and each thing is found under its name", async () => {
  const { text } = await world.type([
    "list jobs",
    "list jobid=2",
    "list files jobid=2",
    "list volumes jobid=1",
    "list joblog jobid=99",
    "list nextvol job=Save",
    "list xyz",
  ]);
  assert.match(
    (await world.type(["list jobs foo limit=1 bar=2"])).text,
    /2\|Save.*\nUnknown list keyword: foo\nUnknown list keyword: bar\n$/,
  );
  const part = (await world.type(["list files jobid=1 offset=1 limit=2"])).text;
  assert.equal(part.match(/\/etc\//g)?.length, 2, part);
  assert.match(text, /1\|Save\|[^|]+\|B\|F\|6\|100\|T/);
  assert.match(text, /\/etc\/hosts\n/);
  assert.match(text, /Jobid 1 used 1 Volume\(s\): Vol-1/);
  assert.match(text, /there is no job JobId=99/);
  assert.match(text, /The next Volume to be used by Job "Save" \(Pool=Default, Level=Incremental\) will be Vol-1/);
  assert.match(text, /Unknown list keyword: xyz/);
});

test("sqlquery runs statements until an empty line, query fills in answers", async () => {
  const { text } = await world.type([
    "sql",
    "SELECT Name",
    "FROM Job WHERE JobId = 1;",
    "nonsense;",
    "",
    "query",
    "1",
    "Save",
    "version",
  ]);
  assert.match(text, /Add to SQL query: FROM Job WHERE JobId = 1;\nName\nSave\n/);
  assert.match(text, /Query failed:/);
  assert.match(text, /End query mode\.\n/);
  assert.match(text, /Name Save\nJobId\n1\n2\n/);
  assert.match(text, /dir Version: 0 \(test\)/);
});

test("a restricted console sees and uses what its lists name, and nothing else", async () => {
  world.engine.submitted.length = 0;
  const { text } = await world.type(
    [
      "delete volume=Vol-1 yes",
      "sqlquery",
      "list jobs",
      "list clients",
      "run job=Save client=db yes",
      "run job=Save yes",
      "restore client=db select all done yes",
    ],
    "helpdesk",
  );
  assert.match(text, /command "delete" is not allowed/);
  assert.match(text, /command "sqlquery" is not allowed/);
  assert.match(text, /1\|Save\|/);
  assert.doesNotMatch(text, /\|db\|/);
  assert.match(text, /client "db" is not allowed/);
  assert.match(text, /backupClient "db" is not allowed/);
  assert.equal(world.engine.submitted.length, 1);
  assert.ok(await findMedia(world.catalog, "Vol-1"));
});

test("a restricted console cannot read files of the Director by way of a list", async () => {
  const { text } = await world.type(["restore client=web file=<" + world.directory + "/query.sql yes"], "helpdesk");
  assert.match(text, /SQL is not allowed/);
  assert.doesNotMatch(text, /SELECT/);
});

test("a restricted console restores only to the directories it was given", async () => {
  world.engine.submitted.length = 0;
  const { text } = await world.type(
    [
      "restore client=web where=/etc select all done yes",
      "restore client=web regexwhere=!a!b! select all done yes",
      "restore client=web select all done yes",
    ],
    "helpdesk",
  );
  assert.match(text, /where "\/etc" is not allowed/);
  assert.match(text, /where "\/" is not allowed/);
  assert.equal(world.engine.submitted.length, 1);
});

test("update changes a Volume's fields, all or none", async () => {
  const { text } = await world.type([
    "update volume=Vol-1 volstatus=Used maxvoljobs=5 volretention=30d",
    "update volume=Vol-1 maxvoljobs=9 volstatus=Bogus",
    "update volume=Vol-1",
    "1",
    "1",
    "19",
  ]);
  assert.match(text, /New Volume status is: Used/);
  assert.match(text, /Invalid VolStatus specified: Bogus/);
  const volume = (await findMedia(world.catalog, "Vol-1"))!;
  assert.deepEqual([volume.VolStatus, volume.MaxVolJobs, volume.VolRetention], ["Append", 5, 30 * 86_400]);
});

test("label refuses names that a Volume cannot have, and records what it labelled", async () => {
  const { text } = await world.type(["label storage=Disk volume=a/b pool=Default", "Vol-1", "Vol-2"]);
  assert.match(text, /Illegal character "\/" in a volume name\./);
  assert.match(text, /Media record for new Volume "Vol-1" already exists\./);
  assert.match(text, /Catalog record for Volume "Vol-2", Slot 0 {2}successfully created\./);
  assert.equal((await findMedia(world.catalog, "Vol-2"))?.MediaType, "File");
});

test("status all tells of every daemon, though one cannot be reached", async () => {
  world.daemons.reachable = false;
  const { text, code } = await world.type(["status all"]);
  world.daemons.reachable = true;
  assert.match(text, /No Jobs running\.\n====/);
  assert.match(text, /Disk cannot be reached[\s\S]*web cannot be reached[\s\S]*db cannot be reached/);
  assert.equal(code, 1);
});

test("abbreviations mean the first command of the table", async () => {
  const { text } = await world.type(["m", "est job=Save", "ver"]);
  assert.match(text, /You have no messages\./);
  assert.match(text, /2000 OK estimate files=3 bytes=4,096/);
  assert.match(text, /dir Version:/);
});

test("passwords typed on a line do not reach the log", async () => {
  await world.type(["use password=geheim"]);
  assert.ok(world.audited.every((line) => !line.includes("geheim")));
});
