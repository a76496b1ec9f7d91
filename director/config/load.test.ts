import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, formatProblem } from "#lib/config/problem.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT as BASE } from "#lib/testing/director-text.ts";
import { parseDirectorConfig, type DirectorConfig } from "./load.ts";
import { isAutochanger } from "./storage.ts";

async function load(more = "", base = BASE): Promise<DirectorConfig> {
  return await parseDirectorConfig(`${base}${more}\n`, "f", { host: testHost() });
}

/** The lines of the error that the text gives. */
async function faults(more: string, base = BASE): Promise<string[]> {
  try {
    await load(more, base);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split("\n");
  }
}

test("references are the resources themselves, whatever the order of the file", async () => {
  const { jobs, clients, catalogs, pools } = await load(
    "Pool { Name = Q; Pool Type = Backup; NextPool = R }\nPool { Name = R; Pool Type = Backup }",
  );
  assert.equal(jobs.get("j")!.client, clients.get("c"));
  assert.equal(jobs.get("j")!.client.catalog, catalogs.get("C"));
  assert.equal(pools.get("Q")!.nextPool, pools.get("R"));
});

test("defaults are those of the manual", async () => {
  const { director, clients, pools, jobs, storages } = await load();
  assert.deepEqual([director.dirPort, director.maximumConcurrentJobs, director.fdConnectTimeout], [9101, 20, 180]);
  assert.deepEqual(
    [clients.get("c")!.fdPort, clients.get("c")!.maximumConcurrentJobs, clients.get("c")!.tlsVerifyPeer],
    [9102, 1, true],
  );
  assert.deepEqual([pools.get("P")!.volumeRetention, pools.get("P")!.recycle], [31_536_000, true]);
  assert.deepEqual([jobs.get("j")!.priority, jobs.get("j")!.replace, jobs.get("j")!.spoolAttributes], [10, "Always", true]);
  assert.deepEqual(storages.get("s")!.device, ["dev"]);
});

test("all mistakes are told at once, in the order of the file, with place, resource, directive and what was probably meant", async () => {
  const found = await faults(`Job {
  Name = k
  Type = Backpu
  Clyent = c
  Pool = p
  Priority = high
}`);
  assert.deepEqual(found, [
    'f:10:1: Job "k", directive Messages: it is required, but not found',
    'f:10:1: Job "k", directive Client: it is required, but not found',
    'f:10:1: Job "k", directive FileSet: it is required, but not found',
    'f:12:10: Job "k", directive Type: "Backpu" is not allowed here; use Backup, Admin, Verify, Restore, Migrate, Copy (did you mean "Backup"?)',
    'f:13:3: Job "k", directive Clyent: it is not a directive of Job (did you mean "Client"?)',
    'f:14:10: Job "k", directive Pool: there is no Pool named "p" (did you mean "P"?)',
    'f:15:14: Job "k", directive Priority: "high" is not a whole number',
  ]);
});

test("a second resource of the same type and name is refused", async () => {
  assert.match((await faults("Pool { Name = P; Pool Type = Backup }"))[0]!, /second Pool of this name; the first is at f:7/);
  assert.match(
    (await faults("Autochanger { Name = s; Address = a; Password = p; Device = d; Media Type = F }"))[0]!,
    /second Storage/,
  );
});

test("names, paths and references may stand once, numbers and yes-or-no may be repeated and the last counts", async () => {
  assert.match(
    (await faults("Pool { Name = Q; Pool Type = Backup; NextPool = P; Next Pool = P }"))[0]!,
    /written a second time/,
  );
  const { pools } = await load(
    "Pool { Name = Q; Pool Type = Backup; Maximum Volumes = 5; Recycle = no; Maximum Volumes = 6; Recycle = yes }",
  );
  assert.deepEqual([pools.get("Q")!.maximumVolumes, pools.get("Q")!.recycle], [6, true]);
});

test("resource names hold 1 to 127 letters, digits, blanks and : . - _", async () => {
  for (const name of ["a/b", "a\nb", "é", "", "x".repeat(128)])
    assert.match((await faults(`Pool { Name = "${name}"; Pool Type = Backup }`))[0]!, /name/, name);
  assert.ok((await load(`Pool { Name = "a:b.c-d_e f${"x".repeat(100)}"; Pool Type = Backup }`)).pools.size === 2);
});

test("lists take commas and repetition, and refuse a missing comma", async () => {
  const { consoles } = await load('Console { Name = k; Password = x; JobACL = a, "b c"; JobACL = *all* }');
  assert.deepEqual(consoles.get("k")!.jobAcl, ["a", "b c", "*all*"]);
  assert.match(
    (await faults("Pool { Name = Q; Pool Type = Backup; Storage = s t1 }"))[0]!,
    /there is no Storage named "st1"|comma/,
  );
  assert.match(
    (await faults('Pool { Name = Q; Pool Type = Backup; Storage = "s" "t" }'))[0]!,
    /a comma is expected before "t"/,
  );
});

test("passwords print nowhere, and give their text when asked", async () => {
  const { director, clients } = await load();
  assert.equal(director.password.reveal(), "pw");
  assert.equal(JSON.stringify(clients.get("c")!.password), '"****"');
});

test("one address and a block of addresses exclude each other", async () => {
  const block = "DirAddresses = { ip = { addr = 10.0.0.1; port = 1 } ipv6 = { port = 2 } }";
  const { director } = await load("", BASE.replace("Messages = M }", `Messages = M; ${block} }`));
  assert.deepEqual(director.dirAddresses, [
    { family: "ip", host: "10.0.0.1", port: 1 },
    { family: "ipv6", host: undefined, port: 2 },
  ]);
  assert.match(
    (await faults("", BASE.replace("Messages = M }", `Messages = M; DirAddress = x; ${block} }`)))[0]!,
    /cannot both be given/,
  );
  for (const bad of [
    "{ }",
    "{ ip = { } }",
    "{ ip = { port = 1; port = 2 } }",
    "{ ipx = { port = 1 } }",
    "{ ip = { port = 0 } }",
    "{ ip = 5 }",
  ]) {
    assert.notDeepEqual(await faults("", BASE.replace("Messages = M }", `Messages = M; DirAddresses = ${bad} }`)), [], bad);
  }
});

test("an Autochanger of the Director is a Storage", async () => {
  const { storages } = await load(
    "Autochanger { Name = t; Address = a; Password = p; Device = d; Media Type = F }\nStorage { Name = u; Address = a; Password = p; Device = d; Media Type = F; Autochanger = t }",
  );
  assert.deepEqual(
    [...storages].map(([name, storage]) => [name, isAutochanger(storage)]),
    [
      ["s", false],
      ["t", true],
      ["u", true],
    ],
  );
  assert.equal(storages.get("u")!.autochanger, storages.get("t"));
});

test("a Job needs a Storage, its own or its Pool's, and not the Scratch Pool", async () => {
  const job = "Type = Backup; Client = c; FileSet = F; Messages = M";
  assert.match((await faults(`Job { Name = k; ${job}; Pool = P }`))[0]!, /neither the Job nor its Pool "P" names a Storage/);
  assert.deepEqual(await faults(`Pool { Name = Q; Pool Type = Backup; Storage = s }\nJob { Name = k; ${job}; Pool = Q }`), []);
  assert.match(
    (await faults(`Pool { Name = Scratch; Pool Type = Scratch }\nJob { Name = k; ${job}; Storage = s; Pool = Scratch }`))[0]!,
    /Scratch/,
  );
  assert.match(
    (
      await faults("Pool { Name = Scratch; Pool Type = Backup }\nPool { Name = Q; Pool Type = Backup; NextPool = Scratch }")
    )[0]!,
    /Scratch/,
  );
});

test("a Client needs an Address unless it may call", async () => {
  assert.match((await faults("Client { Name = k; Password = p; Catalog = C }"))[0]!, /directive Address: it is required/);
  assert.deepEqual(await faults("Client { Name = k; Password = p; Catalog = C; Allow FD Connections = yes }"), []);
});

test("FdPassword and SdAddress are other words for Password and Address", async () => {
  const { clients, storages } = await load(
    "Client { Name = k; FDAddress = h; FDPassword = p; Catalog = C }\nStorage { Name = t; SDAddress = h; SDPassword = p; Device = d; MediaType = F }",
  );
  assert.deepEqual(
    [clients.get("k")!.address, storages.get("t")!.address, clients.get("k")!.password.reveal()],
    ["h", "h", "p"],
  );
});

test("a certificate without key is refused", async () => {
  assert.match(
    (await faults("", BASE.replace("Messages = M }", "Messages = M; TLS Certificate = /x }")))[0]!,
    /TlsKey: it is required with TlsCertificate/,
  );
});

test("what a file needs at least is asked for", async () => {
  assert.deepEqual(await faults("", ""), [
    "there is no Director resource",
    "there is no Messages resource",
    "there is no Catalog resource",
  ]);
  assert.match(
    (await faults("Director { Name = e; QueryFile = /q; WorkingDirectory = /w; Password = x }"))[0]!,
    /only one Director resource is permitted/,
  );
});

test("directives that are accepted but not acted upon are warned of, and garbage after a value too", async () => {
  const { warnings } = await load("Pool { Name = Q garbage1\n Pool Type = Backup; Recycle = yes; Maximum Volumes = 5 x }");
  const lines = warnings.map(formatProblem).filter((line) => line.includes('Pool "'));
  assert.ok(
    lines.some((line) => line.includes("directive MaximumVolumes: the rest of the line")),
    lines.join("\n"),
  );
});

test("a value that runs past the line is not taken from the next after a semicolon", async () => {
  assert.match(
    (await faults("Pool { Name = Q; Label Format = ; Pool Type = Backup }"))[0]!,
    /LabelFormat: a value is expected after "=", found nothing/,
  );
});

test("old words of Verify and Max Wait are the new ones", async () => {
  const { jobs } = await load(
    "Job { Name = k; Type = Verify; Level = Catalog; Client = c; FileSet = F; Storage = s; Pool = P; Messages = M; Verify Job = j; Full Max Wait Time = 2 hours }",
  );
  assert.equal(jobs.get("k")!.jobToVerify, jobs.get("j"));
  assert.equal(jobs.get("k")!.fullMaxRunTime, 7200);
});
