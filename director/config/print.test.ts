import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ResourceBase, ResourceTable } from "#lib/config/define-resource.ts";
import { jsonOfConfig, jsonOfResource, printResource, showResource } from "#lib/config/print.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { RICH_DIRECTOR_TEXT } from "#lib/testing/rich-director-text.ts";
import { parseDirectorConfig, type DirectorConfig } from "./load.ts";
import { directorTables } from "./resources.ts";

const load = (text: string) => parseDirectorConfig(text, "f", { host: testHost() });

function resources(config: DirectorConfig): { table: ResourceTable; resource: ResourceBase }[] {
  return directorTables.flatMap((table) =>
    [...config.resources.of(table.namespace).values()]
      .filter((resource) => resource.origin.resourceType === table.path)
      .map((resource) => ({ table: table as ResourceTable, resource })),
  );
}

function printAll(config: DirectorConfig): string {
  // Inheritance has happened: a job that is printed whole must not take from its JobDefs again.
  return resources(config)
    .map(({ table, resource }) => printResource(table, resource, { reveal: true }))
    .join("\n")
    .replaceAll(/^ {2}JobDefs = .*\n/gm, "");
}

test("every resource, printed and read again, is the same", async () => {
  const once = printAll(await load(RICH_DIRECTOR_TEXT));
  const twice = printAll(await load(once));
  assert.equal(twice, once);
});

test("any text, number and list survives printing and reading", async () => {
  const text = fc.string({ unit: "binary", maxLength: 30 }).map((value) => value.replaceAll(/[\0\r]/g, ""));
  const name = fc.stringMatching(/^[A-Za-z0-9:._ -]{1,20}$/);
  const made = fc.record({
    description: text,
    names: fc.array(name, { minLength: 1, maxLength: 4 }),
    files: fc.array(
      text.filter((value) => value !== ""),
      { maxLength: 4 },
    ),
    bytes: fc.maxSafeNat(),
    seconds: fc.nat(),
    speed: fc.nat(),
    password: text,
  });
  await fc.assert(
    fc.asyncProperty(made, async ({ description, names, files, bytes, seconds, speed, password }) => {
      const quoted = (value: string) => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
      const config = await load(`${DIRECTOR_TEXT}
        Pool { Name = X; Pool Type = Backup; Description = ${quoted(description)}; Maximum Volume Bytes = ${bytes}; Volume Retention = ${seconds} }
        Console { Name = X; Password = ${quoted(password)}; JobACL = ${names.map(quoted).join(",")} }
        FileSet { Name = X; Include { ${files.map((file) => `File = ${quoted(file)}\n`).join("")} } }
        Job { Name = X; Type = Backup; Client = c; FileSet = X; Storage = s; Pool = X; Messages = M; Maximum Bandwidth = ${speed}; RunBeforeJob = ${quoted(description.replaceAll("%", ""))} }`);
      const again = await load(printAll(config));
      assert.equal(again.pools.get("X")!.description, description);
      assert.equal(again.pools.get("X")!.maximumVolumeBytes, bytes);
      assert.equal(again.pools.get("X")!.volumeRetention, seconds);
      assert.equal(again.jobs.get("X")!.maximumBandwidth, speed);
      assert.deepEqual(again.consoles.get("X")!.jobAcl, names);
      assert.equal(again.consoles.get("X")!.password.reveal(), password);
      assert.deepEqual(again.fileSets.get("X")!.include[0]!.files, files);
      assert.equal(printAll(again), printAll(config));
    }),
    { numRuns: 60 },
  );
});

test("show prints the name, every value and where it comes from, and no password", async () => {
  const config = await load(RICH_DIRECTOR_TEXT);
  const table = directorTables.find((known) => known.path === "Job")! as ResourceTable;
  const shown = showResource(table, config.jobs.get("nightly save")!);
  const lines = shown.split("\n");
  assert.equal(lines[0], "Job: name=nightly save");
  assert.ok(lines.includes("  Priority = 11  # from JobDefs"));
  assert.ok(lines.includes("  RescheduleOnError = no  # default"));
  assert.ok(lines.includes('  WriteBootstrap = "/w/%n.bsr"'));
  for (const { table: any, resource } of resources(config)) assert.doesNotMatch(showResource(any, resource), /p"w|"pw"/);
});

test("JSON has names for references and stars for passwords", async () => {
  const { clients, jobs } = await load(RICH_DIRECTOR_TEXT);
  const table = (type: string) => directorTables.find((known) => known.path === type)! as ResourceTable;
  const client = jsonOfResource(table("Client"), clients.get("c")!);
  assert.deepEqual([client["Catalog"], client["Password"]], ["C", "****"]);
  assert.deepEqual(JSON.parse(JSON.stringify(jsonOfResource(table("Job"), jobs.get("nightly save")!)))["Storage"], ["s", "ch"]);
});

test("a whole configuration is a list of resources by type", async () => {
  const list = jsonOfConfig(directorTables, (await load(DIRECTOR_TEXT)).resources);
  assert.deepEqual(
    list.map((entry) => Object.keys(entry)[0]),
    ["Director", "Job", "Client", "Storage", "Pool", "FileSet", "Catalog", "Messages"],
  );
});
