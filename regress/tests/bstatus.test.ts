import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type Ended, runCommand } from "#regress/process.ts";
import { BIN } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { whyNoTestClock } from "#regress/test-clock.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

/** What runs into this is told at once: nothing listens there. */
const DEAD_PORT = 9;

const RESOURCES = `Schedule { Name = Nightly\nRun = at 23:05 }
Client { Name = other-fd\nAddress = 127.0.0.1\nFD Port = ${DEAD_PORT}\nCatalog = MyCatalog\nPassword = "x" }
Job { Name = Other\nType = Backup\nLevel = Full\nClient = other-fd\nFileSet = Tree\nStorage = Disks\nPool = Files\nMessages = Standard }
Console { Name = monitor\nPassword = "monitor-secret"\nCommandACL = .overview\nJobACL = *all*\nClientACL = client-fd\nCatalogACL = *all* }
`;

async function bstatus(world: World, ...args: readonly string[]): Promise<Ended> {
  const options = world.clock === undefined ? {} : { env: world.clock.env };
  return await runCommand(join(BIN, "bstatus"), ["-c", world.path("bconsole.conf"), ...args], options);
}

interface Job {
  readonly job: string;
  readonly condition: string;
  readonly missedRuns: number;
  readonly lastGood: { readonly jobId: number; readonly ageSeconds: number; readonly bytes: number } | null;
}
interface Answer {
  readonly state: string;
  readonly error?: string;
  readonly clients: readonly { readonly client: string; readonly state: string; readonly jobs: readonly Job[] }[];
  readonly storages: readonly { readonly storage: string; readonly freeBytes: number | null }[];
  readonly badVolumes: readonly { readonly volume: string }[];
}

async function answer(world: World, ...args: readonly string[]): Promise<Answer> {
  return JSON.parse((await bstatus(world, "--json", ...args)).stdout) as Answer;
}

scenario(
  "bstatus tells which clients have a good backup, which are overdue and which fail",
  { lacks: whyNoTestClock(), site: { job: "Schedule = Nightly", resources: RESOURCES, director: "FD Connect Timeout = 1" } },
  async (world) => {
    const clock = world.useClock("2027-01-15 10:00:00");
    plainTree(world.path("tree"), { files: 5 });

    const down = await bstatus(world, "--nagios");
    assert.equal(down.status, 3, down.output);
    assert.match(down.stdout, /^BACKUP UNKNOWN - .*127\.0\.0\.1:\d+.*\n$/);
    assert.equal((await answer(world)).state, "UNKNOWN");

    await world.start();
    const report = await world.backup("Full");
    const good = await bstatus(world, "--nagios", "--client=client-*", "--warn-age=26h", "--crit-age=50h");
    assert.equal(good.status, 0, good.output);
    assert.match(good.stdout, /^BACKUP OK - 1 of 1 client OK \| .*'age client-fd'=\d+s;93600;180000;0 /);

    const other = await world.run("job=Other level=Full");
    assert.match(other.termination, /Error/);
    const failing = await bstatus(world, "--nagios");
    assert.equal(failing.status, 2, failing.output);
    assert.match(failing.stdout, /^BACKUP CRITICAL - 1 of 2 clients OK; other-fd\/Other: there is no good backup/);
    const { clients, storages } = await answer(world);
    assert.deepEqual(
      clients.map((client) => [client.client, client.state, client.jobs[0]?.condition]),
      [
        ["other-fd", "CRITICAL", "never"],
        ["client-fd", "OK", "good"],
      ],
    );
    assert.equal(clients[1]?.jobs[0]?.lastGood?.jobId, report.jobId);
    assert.equal(storages[0]?.storage, "Disks");

    clock.advance({ hours: 9 });
    const old = await bstatus(world, "--nagios", "--client=client-fd", "--warn-age=8h", "--crit-age=client-fd/Save:8 days");
    assert.equal(old.status, 1, old.output);
    assert.match(old.stdout, /client-fd\/Save: the last good backup is 9 h 0 min old/);

    await world.stop("dir");
    clock.advance({ days: 2 });
    await world.start("dir");
    const overdue = (await answer(world, "--crit-missed=5")).clients.find(({ client }) => client === "client-fd")!;
    assert.deepEqual([overdue.state, overdue.jobs[0]?.condition, overdue.jobs[0]?.missedRuns], ["WARNING", "overdue", 2]);
    const text = await bstatus(world, "--client=client-fd");
    assert.equal(text.status, 2, text.output);
    assert.match(text.stdout, /^client-fd +Save +CRITICAL +overdue +2 d 9 h +F +/m);
    assert.match(text.stdout, /^CRITICAL client-fd\/Save: 2 runs of its Schedule are overdue/m);

    // The run that answers the Schedule ends the alarm.
    await world.backup("Incremental");
    assert.equal((await bstatus(world, "--client=client-fd")).status, 0);

    await world.console("update volume=Vol-0001 volstatus=Error");
    assert.deepEqual((await answer(world)).badVolumes.map(({ volume }) => volume), ["Vol-0001"]); // prettier-ignore

    appendFileSync(world.path("bconsole.conf"), 'Console { Name = monitor\nPassword = "monitor-secret" }\n');
    const restricted = await answer(world);
    assert.deepEqual(restricted.clients.map(({ client }) => client), ["client-fd"]); // prettier-ignore
    assert.deepEqual([restricted.storages, restricted.badVolumes], [[], []]);
    const refused = await bstatus(world, "--client=other-fd");
    assert.equal(refused.status, 3);
    assert.match(refused.stdout, /no client fits other-fd/);
  },
);
