import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { printResource } from "#lib/config/print.ts";
import { tlsSettings } from "#lib/config/tls-directives.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { loadFileDaemonConfig, parseFileDaemonConfig } from "./load.ts";
import { scheduleTable } from "./schedule.ts";

const BASE = `
FileDaemon { Name = fd; WorkingDirectory = /w; FDPort = 9192 }
Director { Name = dir; Password = secret }
Messages { Name = m; director = dir = all, !skipped, !restored }
`;
const load = (text: string) => parseFileDaemonConfig(text, "f", { host: testHost() });

const PATH = "/etc/bacula/bacula-fd.conf";
const isThere = await access(PATH).then(
  () => true,
  () => false,
);
if (!isThere && process.env["CI"] === "true") throw new Error(`${PATH} is missing (Debian: bacula-fd)`);

test(
  "the configuration that Debian ships for the file daemon loads unchanged",
  { skip: isThere ? false : `${PATH} is missing (Debian: bacula-fd)` },
  async () => {
    const { fileDaemon, directors, messages } = await loadFileDaemonConfig(PATH);
    assert.deepEqual([fileDaemon.fdPort, fileDaemon.fdAddress, fileDaemon.maximumConcurrentJobs], [9102, "127.0.0.1", 20]);
    assert.equal(directors.size, 2);
    assert.deepEqual(messages.get("Standard")!.routes[0]!.addresses, [[...directors.keys()][0]]);
  },
);

test("Client is another word for FileDaemon, and there is one of them", async () => {
  assert.equal((await load(BASE.replace("FileDaemon", "Client"))).fileDaemon.fdPort, 9192);
  await assert.rejects(load(`${BASE}Client { Name = two; WorkingDirectory = /w }`), /only one FileDaemon resource/);
});

test("a Director that is dialled has a schedule and a console", async () => {
  const { directors, schedules } = await load(
    `${BASE.replace("Password = secret", "Password = secret; Connect To Director = yes; Schedule = night; Console = k")}
Schedule { Name = night; Connect = MaxConnectTime="2 hours" mon-fri at 20:05 }
Console { Name = k; Password = x }`,
  );
  const schedule = directors.get("dir")!.schedule!;
  assert.equal(schedule, schedules.get("night"));
  assert.deepEqual([schedule.connect[0]!.maxConnectTime, schedule.connect[0]!.times.weekDays], [7200, [1, 2, 3, 4, 5]]);
  assert.match(printResource(scheduleTable, schedule), /Connect = MaxConnectTime="2 hours" mon tue wed thu fri at 20:05/);
  await assert.rejects(load(`${BASE}Schedule { Name = s; Connect = Pool=x at 1:05 }`), /"Pool" cannot be set here/);
  await assert.rejects(load(`${BASE}Schedule { Name = s; Connect = MaxConnectTime= }`), /Connect:/);
});

test("TLS directives become one object", async () => {
  const { directors } = await load(
    BASE.replace(
      "Password = secret",
      "Password = x; TLS Require = yes; TLS CA Certificate File = /ca; TLS Certificate = /c; TLS Key = /k; TLS Allowed CN = a, b; TLS Verify Peer = no",
    ),
  );
  assert.deepEqual(tlsSettings(directors.get("dir")!), {
    enable: true, require: true, verifyPeer: false, authenticate: false, caCertificateFile: "/ca", caCertificateDir: undefined, certificate: "/c", key: "/k", allowedCn: ["a", "b"],
  }); // prettier-ignore
});
