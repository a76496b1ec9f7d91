import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceHost } from "../device/device-host.ts";
import { Changes } from "../job/changes.ts";
import { Reservations } from "../reserve/reservations.ts";
import { mountDevice, unmountDevice, type OperatorsTable } from "./operate.ts";
import { VolumesInUse } from "./volumes-in-use.ts";

const device = {
  name: "A",
  mediaType: "File",
  isEnabled: true,
  isReadOnly: false,
  isBlocked: false,
  isHung: false,
  jobsMax: 1,
};

test("a device with an open Volume is out of use from unmount until mount", async () => {
  await using host = new DeviceHost({
    ...device,
    deviceType: "File",
    archiveDevice: "/backup",
    labelMedia: true,
    isAutoSelect: true,
    blockBytesMin: 0,
    blockBytesMax: 0,
    blockChecksum: true,
    volumeBytesMax: 0,
    fileBytesMax: 0,
    store: undefined,
    clientQuotaBytes: 0,
    mountPoint: "",
    freeBytesMin: 0,
    roomWaitMs: 0,
    openRetries: 0,
    openRetryMs: 0,
    openWaitMs: 0,
    endCodes: [],
    ignoreCloseErrors: false,
    ioTimeoutMs: 0,
    appendCheck: { mode: "Paranoid", writesEnd: false, requiresEnd: false },
    formatCommand: "",
    isDirect: false,
    spoolDirectory: "",
    spoolBytesMax: 0,
    jobSpoolBytesMax: 0,
    probeLimitMs: 0,
    probeIntervalMs: 0,
  });
  const reservations = new Reservations([device]);
  const table: OperatorsTable = {
    reservations,
    volumes: new VolumesInUse(),
    author: { host: "h", program: "p", programVersion: "1", programDate: "d" },
    session: { id: 1, time: 1 },
    poke: new Changes(),
  };
  const told = async (replies: AsyncIterable<{ readonly line: string }>): Promise<string> =>
    (await Array.fromAsync(replies)).map(({ line }) => line.slice(0, 4)).join();
  assert.equal(await told(unmountDevice(host, table)), "3901");
  assert.equal(reservations.isBlocked("A"), false);
  host.reading.set(1, "Vol-1");
  assert.equal(await told(unmountDevice(host, table)), "3002");
  host.reading.clear();
  assert.equal(reservations.isBlocked("A"), true);
  assert.equal(await told(unmountDevice(host, table)), "3901");
  assert.equal(await told(mountDevice(host, table)), "3001");
  assert.equal(reservations.isBlocked("A"), false);
});
