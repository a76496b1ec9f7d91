import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "#lib/config/problem.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { parseDirectorConfig } from "./load.ts";

const MORE = `
Client { Name = other-fd; Address = a; Password = b; Catalog = C }
FileSet { Name = Etc; Include { Options { Signature = MD5 } File = /etc } }
Storage { Name = Second; Address = a; Password = b; Device = D1, D2; Media Type = File }
`;

async function faults(text: string): Promise<string> {
  try {
    const { warnings } = await parseDirectorConfig(`${DIRECTOR_TEXT}${MORE}${text}`, "f", { host: testHost() });
    return warnings.map(formatProblem).join("\n");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function job(more: string): string {
  return `Job { Name = J; Type = Backup; Client = other-fd; FileSet = Etc; Storage = Second; Messages = M; ${more} }\n`;
}

function pool(more: string, name = "X"): string {
  return `Pool { Name = ${name}; Pool Type = Backup; ${more} }\n`;
}

test("a Pool that does not take the Job, Client, FileSet, Storage, device or type is refused when the configuration is read", async () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["Allowed Clients = c", /Pool "X" does not take Client "other-fd" \(Allowed Clients = c\)/],
    ["Allowed FileSets = F", /Pool "X" does not take FileSet "Etc"/],
    ["Allowed Storages = s", /Pool "X" does not take Storage "Second"/],
    ["Devices = D3", /Pool "X" is not written by any device of Storage "Second" \(Allowed Devices = D3\)/],
    ["Allowed Jobs = j", /Pool "X" does not take Job "J"/],
  ];
  for (const [directive, wanted] of refused) assert.match(await faults(job("Pool = X") + pool(directive)), wanted);
  assert.match(await faults(`${job("Pool = X")}Pool { Name = X; Pool Type = Copy }`), /Pool Type Copy, which takes no backups/);
  assert.match(
    await faults(job("Pool = X; Full Backup Pool = Q") + pool("") + pool("Levels = Incremental", "Q")),
    /FullBackupPool: Pool "Q" does not take Level "Full" \(Allowed Levels = Incremental\)/,
  );
  assert.doesNotMatch(await faults(job("Pool = X") + pool("Devices = D2; Clients = other-fd; Levels = Full")), /Pool "X"/);
});

test("a Job that names no Pool goes to the one for its Client; two of them are a mistake", async () => {
  const text = `${DIRECTOR_TEXT}${MORE}${job("")}${pool("Allowed Clients = other-fd")}`;
  const config = await parseDirectorConfig(text, "f", { host: testHost() });
  assert.equal(config.jobs.get("J")?.pool.name, "X");
  assert.match(await faults(job("")), /Job "J", directive Pool: it is required/);
  const two = pool("Clients = other-fd") + pool("Clients = other-fd", "Q");
  assert.match(await faults(job("") + two), /it names no Pool, and several are for Client "other-fd": X, Q/);
});

test("a Label Format that cannot name a Volume is refused, a Media Type that no Storage has is warned of", async () => {
  assert.match(await faults(pool('Label Format = "${Pool"')), /directive LabelFormat: a } is missing/);
  assert.match(await faults(pool('Label Format = "${Pol}-x"')), /directive LabelFormat: "Pol" is not a variable/);
  assert.match(await faults(pool('Label Format = "a b"')), /" b" cannot stand|"a b" cannot stand/);
  assert.doesNotMatch(await faults(pool('Label Format = "%(Pool)-%(Year)-%(Month:p/2/0)-%(Counter+:p/4/0)"')), /LabelFormat/);
  assert.match(
    await faults(job("Pool = X") + pool("Media Type = LTO")),
    /takes Media Type "LTO" only, but Storage "Second" has "File"/,
  );
});
