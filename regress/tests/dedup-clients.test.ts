import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { assertStoreClean, containersOf, dedupSite, makeStore } from "#regress/dedup.ts";
import type { JobReport } from "#regress/report.ts";
import { freePorts } from "#lib/testing/ports.ts";
import { Daemon } from "#regress/process.ts";
import { numberIn } from "#regress/report.ts";
import { scenario } from "#regress/scenario.ts";
import { PASSWORDS, type SiteOptions } from "#regress/site.ts";
import { plainTree, randomFile } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const CLIENTS = 10;

const nameOf = (client: number): string => `client-${client}`;

/** A Client, a FileSet and a Job for each further file daemon. */
function clientResources(dir: string, ports: readonly number[]): string {
  return ports
    .map(
      (port, at) => `Client {
  Name = ${nameOf(at)}; Address = 127.0.0.1; FD Port = ${port}; Catalog = MyCatalog; Password = "${PASSWORDS.client}"
}
FileSet {
  Name = ${nameOf(at)}
  Include { Options { XAttr Support = yes }
    File = "${dir}/trees/${at}"
  }
}
Job {
  Name = ${nameOf(at)}; Type = Backup; Level = Full; Client = ${nameOf(at)}; FileSet = ${nameOf(at)}; Storage = Disks; Pool = Files; Messages = Standard
}
`,
    )
    .join("");
}

function site(more: SiteOptions = {}) {
  return async (dir: string): Promise<SiteOptions> => {
    const ports = await freePorts(CLIENTS);
    writeFileSync(`${dir}/client-ports`, JSON.stringify(ports));
    return dedupSite(dir, { resources: clientResources(dir, ports), ...more });
  };
}

/** Starts the storage daemon, the Director and so many file daemons. */
async function startClients(world: World, count: number): Promise<Daemon[]> {
  const ports = JSON.parse(readFileSync(world.path("client-ports"), "utf8")) as number[];
  const base = readFileSync(world.path("bacula-fd.conf"), "utf8");
  await makeStore(world);
  await world.start("sd", "dir");
  return await Promise.all(
    ports.slice(0, count).map(async (port, at) => {
      mkdirSync(world.path("work", nameOf(at)), { recursive: true });
      const file = world.path(`${nameOf(at)}.conf`);
      const text = base
        .replaceAll("work/fd", `work/${nameOf(at)}`)
        .replace("Name = client-fd", `Name = ${nameOf(at)}`)
        .replace(/FD Port = \d+/, `FD Port = ${port}`);
      writeFileSync(file, text, { mode: 0o600 });
      const command = [...world.programs.fd, "-f", "-c", file];
      return await Daemon.start(nameOf(at), command, { logFile: world.path("logs", `${nameOf(at)}.log`), port });
    }),
  );
}

/** A tree of each client: half of it all clients have, half is its own. */
function trees(world: World, count: number): void {
  for (let at = 0; at < count; at++) {
    const tree = world.path("trees", String(at));
    plainTree(`${tree}/same`, { files: 200, seed: "same" });
    plainTree(`${tree}/own`, { files: 200, seed: `own ${at}` });
    randomFile(`${tree}/big`, 10);
  }
}

/** Runs the job of a client, which must end well. */
async function saved(world: World, client: number): Promise<JobReport> {
  const report = await world.run(`job=${nameOf(client)}`);
  assert.equal(report.termination, "Backup OK", world.messages().slice(-2000));
  return report;
}

async function assertRestores(world: World, client: number, jobId: number): Promise<void> {
  const where = world.path(`restored-${client}`);
  const line = `restore client=${nameOf(client)} restoreclient=${nameOf(client)} where=${where} jobid=${jobId} all done yes`;
  const report = await world.report(await world.queue(line));
  assert.equal(report.termination, "Restore OK", report.text + world.messages().slice(-2000));
  const tree = world.path("trees", String(client));
  await assertSameTree(tree, where + tree, { ignoreAttributes: true });
}

scenario(
  `${CLIENTS} file daemons save into one store at once, and each restores what is its own`,
  { site: site() },
  async (world) => {
    trees(world, CLIENTS);
    const daemons = await startClients(world, CLIENTS);
    try {
      const lines = Array.from({ length: CLIENTS }, (_, at) => `run job=${nameOf(at)} yes`);
      const output = await world.console(...lines);
      const jobIds = [...output.matchAll(/JobId=(\d+)/g)].map((match) => Number(match[1]));
      assert.equal(jobIds.length, CLIENTS, output);
      for (const jobId of jobIds) {
        const report = await world.report(jobId);
        assert.equal(report.termination, "Backup OK", report.text + world.messages().slice(-2000));
      }
      await assertStoreClean(world);
      for (const client of [0, 4, 9]) await assertRestores(world, client, jobIds[client]!);
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
    }
  },
);

for (const domain of ["storage", "client"] as const) {
  scenario(
    domain === "storage"
      ? "the same tree of a second client adds under 1 %"
      : "Dedup Domain = client: the same tree of a second client is stored anew, apart from the first",
    { site: site({ device: `Dedup Domain = ${domain}` }) },
    async (world) => {
      for (const at of [0, 1]) plainTree(world.path("trees", String(at)), { files: 3000, seed: "twin" });
      const daemons = await startClients(world, 2);
      try {
        const first = await saved(world, 0);
        const before = containersOf(world.path("volumes")).bytes;
        const second = await saved(world, 1);
        const more = containersOf(world.path("volumes")).bytes - before;
        assert.equal(numberIn(second, "FD Files Written"), numberIn(first, "FD Files Written"));
        if (domain === "storage") assert.ok(more < before / 100, `${more} bytes more than ${before}`);
        else assert.ok(more > before * 0.9, `${more} bytes more than ${before}`);
        await assertRestores(world, 1, second.jobId);
      } finally {
        await Promise.all(daemons.map((daemon) => daemon.stop()));
      }
    },
  );
}
