import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Reservations } from "../reserve/reservations.ts";
import { Changer } from "./changer.ts";
import { cleanDrive } from "./clean-drive.ts";
import { Drive } from "./drive.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { OperatorsTable } from "../mount/operate.ts";

const device = { name: "D", mediaType: "T", isEnabled: true, isReadOnly: false, isBlocked: false, isHung: false, jobsMax: 0 };

async function drive(forbidden: readonly string[] = []) {
  const dir = await TempDir.make();
  await writeFile(dir.file("moves"), "");
  const script = `#!/bin/sh\ncase $2 in loaded) echo 0 ;; list) echo 1:A1; echo 2:CLN7 ;; *) echo $2 $3 >> ${dir.file("moves")} ;; esac\n`;
  await writeFile(dir.file("changer"), script, { mode: 0o755 });
  const changer = new Changer({ name: "L", command: `${dir.file("changer")} %c %o %S`, changerDevice: "x", lockCommand: "" });
  const one = new Drive({ name: "D", archiveDevice: "d", controlDevice: "", index: 0, changerWaitMs: 30_000 }, changer);
  const host = { name: "D", title: "D", drive: one, settings: { archiveDevice: "d", forbidden } } as unknown as DeviceHost;
  const table = { reservations: new Reservations([device]) } as unknown as OperatorsTable;
  return { dir, host, table, [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose]() };
}

const lines = async (replies: AsyncIterable<{ readonly line: string }>) =>
  (await Array.fromAsync(replies)).map(({ line }) => line.slice(0, 4));

test("the first cleaning cartridge is put in and taken out again, and no job has the drive meanwhile", async () => {
  await using made = await drive();
  assert.deepEqual(await lines(cleanDrive(made.host, { slot: 0, volume: "" }, made.table)), ["3304", "3305", "3307", "3000"]);
  assert.equal(made.table.reservations.useOf("D").kind, "idle");
  assert.equal(await readFile(made.dir.file("moves"), "utf8"), "load 2\nunload 2\n");
});

test("a Volume is never taken for a cleaning cartridge", async () => {
  await using made = await drive();
  await assert.rejects(lines(cleanDrive(made.host, { slot: 1, volume: "" }, made.table)), { code: "VOLUME_WRONG_LABEL" });
  await assert.rejects(lines(cleanDrive(made.host, { slot: 0, volume: "CLN9" }, made.table)), { code: "VOLUME_NOT_FOUND" });
});

test("a drive that may not be cleaned is not", async () => {
  await using made = await drive(["clean"]);
  await assert.rejects(lines(cleanDrive(made.host, { slot: 0, volume: "" }, made.table)), { code: "OPERATION_NOT_ALLOWED" });
});
