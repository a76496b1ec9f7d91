import assert from "node:assert/strict";
import { test } from "node:test";
import { alertsOf } from "./alerts.ts";
import type { DeviceHost } from "../device/device-host.ts";

const job = { client: "c", job: "j", volume: "V" };
const never = new AbortController().signal;
const host = (alertCommand: string) =>
  ({ name: "D", settings: { alertCommand, archiveDevice: "/dev/nst0" } }) as unknown as DeviceHost;

test("what the Alert Command says is told line by line", async () => {
  assert.deepEqual(await alertsOf(host("/bin/printf 'Clean %a\\n\\nnow, %v\\n'"), job, never), ["Clean /dev/nst0", "now, V"]);
  assert.deepEqual(await alertsOf(host(""), job, never), []);
});

test("an Alert Command that fails is an alert itself", async () => {
  assert.match((await alertsOf(host("/no/such"), job, never)).join(), /Alert Command of device "D"/);
});

test("an Alert Command that hangs does not keep a job that is canceled", async () => {
  const cancel = new AbortController();
  const alerts = alertsOf(host("/bin/sleep 50"), job, cancel.signal);
  cancel.abort(new Error("canceled"));
  await assert.rejects(alerts, /canceled/);
});
