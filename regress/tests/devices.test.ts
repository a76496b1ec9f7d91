import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun } from "#regress/process.ts";
import { scenario } from "#regress/scenario.ts";
import { bigFile, plainTree, randomFile } from "#regress/trees.ts";

scenario("a Null device takes everything, counts it, and says how fast", {}, async (world) => {
  bigFile(world.path("tree/big"), 30);
  world.edit("bacula-sd.conf", "Device Type = File", "Device Type = Null");
  world.edit("bacula-sd.conf", `Archive Device = "${world.path("volumes")}"`, "Archive Device = /dev/null");
  await world.start();
  const report = await world.backup("Full");
  assert.match(report.fields.get("SD Bytes Written") ?? "", /^31,\d{3},\d{3}/);
  assert.match(world.messages(), /Volume write rate: [\d.]+ MB\/s/);
  assert.deepEqual(world.volumes(), []);
});

scenario("a program as a device: saved through gzip, restored through gunzip", {}, async (world) => {
  plainTree(world.path("tree"));
  bigFile(world.path("tree/big"), 20);
  const script = `#!/bin/sh
case "$1" in
  write) exec gzip -1 > "${world.path("volumes")}/$2.gz" ;;
  read) exec gzip -dc "${world.path("volumes")}/$2.gz" ;;
esac
`;
  writeFileSync(world.path("store.sh"), script);
  chmodSync(world.path("store.sh"), 0o755);
  world.edit("bacula-sd.conf", "Device Type = File", "Device Type = Fifo");
  world.edit(
    "bacula-sd.conf",
    `Archive Device = "${world.path("volumes")}"`,
    `Archive Device = "|${world.path("store.sh")} %o %v"`,
  );
  await world.start();
  await world.backup("Full");
  await world.backup("Incremental");
  assert.deepEqual(world.volumes().slice(0, 1), ["Vol-0001.gz"]);
  assert.match(await world.console("list volumes"), /Vol-0001\s*\|\s*Used/);
  const where = await world.restore();
  await assertSameTree(world.path("tree"), where + world.path("tree"));
  assert.match(await world.console("dump label storage=Disks volume=Vol-0001"), /VolName +: Vol-0001/);
  writeFileSync(world.path("store.sh"), '#!/bin/sh\ncat > /dev/null\necho "the vault is closed" >&2\nexit 7\n');
  const failed = await world.run("job=Save level=Full");
  assert.match(failed.termination, /Error/);
  assert.match(world.messages(), /ended with status 7\. Its output: the vault is closed/);
});

scenario(
  "a device that takes nothing for a while and a spool: the client is done before the device",
  { site: (dir) => ({ job: "Spool Data = yes", device: `Spool Directory = "${dir}/spool"; IO Timeout = 60` }) },
  async (world) => {
    mkdirSync(world.path("spool"));
    bigFile(world.path("tree/big"), 24);
    const slow = `#!/bin/sh
if [ "$1" = read ]; then exec cat "${world.path("volumes")}/$2"; fi
until [ -e "${world.path("go")}" ]; do sleep 0.05; done
exec cat >> "${world.path("volumes")}/$2"
`;
    writeFileSync(world.path("slow.sh"), slow);
    chmodSync(world.path("slow.sh"), 0o755);
    world.edit("bacula-sd.conf", "Device Type = File", "Device Type = Fifo");
    world.edit(
      "bacula-sd.conf",
      `Archive Device = "${world.path("volumes")}"`,
      `Archive Device = "|${world.path("slow.sh")} %o %v"`,
    );
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.until("the last run is written", () => /Committing spooled data to Volume/.test(world.messages()));
    await world.until("the client is done", async () => /No Jobs running/.test(await world.console("status client=client-fd")));
    assert.match(await world.console("status storage=Disks"), /spooling=1|Data spooling: 1 active jobs/);
    writeFileSync(world.path("go"), "");
    assert.equal((await world.report(jobId)).termination, "Backup OK");
    const where = await world.restore();
    await assertSameTree(world.path("tree"), where + world.path("tree"));
  },
);

scenario("a Volume that is shorter than the catalog says is refused, one that is longer is corrected", {}, async (world) => {
  bigFile(world.path("tree/big"), 3);
  await world.start();
  await world.backup("Full");
  const first = world.path("volumes/Vol-0001");
  const size = statSync(first).size;
  writeFileSync(first, Buffer.alloc(500, 1), { flag: "a" });
  await world.backup("Full");
  assert.match(world.messages(), new RegExp(`The sizes do not match! Volume=${size + 500} Catalog=${size}`));
  truncateSync(first, 1_000_000);
  const report = await world.run("job=Save level=Full");
  assert.match(report.termination, /^Backup OK/, report.text);
  assert.match(world.messages(), /The sizes do not match! Volume=1000000 Catalog=\d+/);
  assert.match(await world.console("list volumes"), /Vol-0001\s*\|\s*Error/);
  const where = await world.restore(`jobid=${report.jobId} all done`);
  await assertSameTree(world.path("tree"), where + world.path("tree"));
});

scenario(
  "a Volume with a damaged middle passes Paranoid, and not SuperParanoid",
  { site: { device: "Write EOD Record = yes" } },
  async (world) => {
    bigFile(world.path("tree/big"), 3);
    await world.start();
    await world.backup("Full");
    const fd = openSync(world.path("volumes/Vol-0001"), "r+");
    writeSync(fd, Buffer.from("damage"), 0, 6, 1_500_000);
    closeSync(fd);
    await world.backup("Full");
    assert.equal(world.volumes().length, 1);
    assert.match(world.messages(), /read its label; read its last block; stand at its end/);
    await world.stop("sd");
    world.edit("bacula-sd.conf", "Write EOD Record = yes", "Append Positioning = SuperParanoid");
    await world.start("sd");
    const report = await world.run("job=Save level=Full");
    assert.match(report.termination, /^Backup OK/, report.text);
    assert.match(world.messages(), /Volume "Vol-0001" is damaged at address \d+: the checksum of block \d+ is wrong/);
    assert.equal(world.volumes().length, 2);
  },
);

scenario(
  "a Volume without its end-of-medium record is not appended to where one is required",
  { site: { device: "Write EOD Record = no\n  Require EOD Record = no" }, programs: ["/usr/sbin/bls"] },
  async (world) => {
    bigFile(world.path("tree/big"), 2);
    await world.start();
    await world.backup("Full");
    for (const directive of ["Write EOD Record", "Require EOD Record"]) {
      await world.stop("sd");
      world.edit("bacula-sd.conf", `${directive} = no`, `${directive} = yes`);
      await world.start("sd");
      await world.backup("Full");
    }
    assert.equal(world.volumes().length, 1, "appended behind its record");
    assert.equal(world.messages().match(/Warning: .* it does not end with an end-of-medium record/g)?.length, 1, "told once");
    const plain = readFileSync(world.path("bacula-sd.conf"), "utf8").replaceAll(/(?:Write|Require) EOD Record = yes/g, "");
    writeFileSync(world.path("bls.conf"), plain); // Debian's programs do not know the directives
    const sessions = (await mustRun("/usr/sbin/bls", ["-j", "-c", world.path("bls.conf"), "-V", "Vol-0001", "Disk"])).output;
    assert.equal(sessions.match(/End Job Session Record/g)?.length, 3, sessions);
    const path = world.path("volumes/Vol-0001");
    const size = statSync(path).size;
    const [before = ""] = /VolBytes[^\n]*/.exec(await world.console("llist volume=Vol-0001")) ?? [];
    const fd = openSync(path, "r+");
    ftruncateSync(fd, size - 36);
    closeSync(fd);
    await world.console("update volume=Vol-0001 volstatus=Append");
    const report = await world.run("job=Save level=Full");
    assert.match(report.termination, /^Backup OK/, before + report.text);
    assert.equal(world.volumes().length, 2);
    assert.match(world.messages(), /does not end with an end-of-medium record|The sizes do not match/);
  },
);

scenario("positions beyond 2 TiB: a Volume with a hole before its end is appended to and restored", {}, async (world) => {
  bigFile(world.path("tree/big"), 2);
  await world.start();
  await world.backup("Full");
  const far = 2 * 2 ** 40 + 12_345;
  await world.stop("sd");
  truncateSync(world.path("volumes/Vol-0001"), far);
  await mustRun("sqlite3", [
    world.path("work/dir/bacula.db"),
    `UPDATE Media SET VolBytes = ${far}, EndFile = ${Math.floor((far - 1) / 2 ** 32)}, EndBlock = ${(far - 1) % 2 ** 32} WHERE VolumeName = 'Vol-0001'`,
  ]);
  await world.start("sd");
  const report = await world.backup("Full");
  assert.equal(world.volumes().length, 1);
  assert.ok(statSync(world.path("volumes/Vol-0001")).size > far);
  const where = await world.restore(`jobid=${report.jobId} all done`);
  await assertSameTree(world.path("tree"), where + world.path("tree"));
});

scenario(
  "with Direct IO a Volume does not stay in the page cache",
  { programs: ["/usr/bin/fincore"], site: { device: "Direct IO = yes" } },
  async (world) => {
    randomFile(world.path("tree/big"), 50);
    await world.start();
    await world.backup("Full");
    const path = world.path("volumes/Vol-0001");
    const { output } = await mustRun("/usr/bin/fincore", ["--bytes", "--noheadings", "--output", "RES", path]);
    const kind = (await mustRun("stat", ["-f", "-c", "%T", path])).output.trim();
    if (kind !== "tmpfs")
      assert.ok(Number(output) < statSync(path).size / 10, `${output} bytes of ${statSync(path).size} in the cache`);
  },
);

scenario(
  "a device that cannot be opened is tried again, each try is said, and the job starts when it is there",
  { site: { device: "Open Retries = 20\n  Open Retry Interval = 1\n  Device Probe Limit = 0" } },
  async (world) => {
    plainTree(world.path("tree"));
    await mustRun("mv", [world.path("volumes"), world.path("away")]);
    await world.start();
    const jobId = await world.queue("run job=Save level=Full yes");
    await world.until("a retry is said", () => /Trying again in 1 seconds \(retry 2 of 20\)/.test(world.messages()));
    await mustRun("mv", [world.path("away"), world.path("volumes")]);
    const report = await world.report(jobId);
    assert.match(report.termination, /^Backup OK/, report.text + world.messages());
    assert.doesNotMatch(world.messages(), /Please correct that/);
  },
);
