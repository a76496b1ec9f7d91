import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeInDevice, judgeMedium } from "./judge-medium.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { CatalogVolume } from "#proto/job.ts";
import type { Inspection } from "../device/device-protocol.ts";

const catalog = {
  volume: "A1",
  mediaType: "File",
  status: "Append",
  bytes: 5000,
  firstWritten: 1,
  slot: 1,
  inChanger: true,
} as CatalogVolume;
const facts = { labelMedia: false, mediaType: "File", keepsData: true, drive: "D", hasChanger: true };
const labeled = (volume: string) =>
  ({ kind: "labeled", bytes: 5000, isPreLabel: false, label: { volume, mediaType: "File" } }) as Inspection;
const blank: Inspection = { kind: "foreign", bytes: 0, code: "VOLUME_NOT_LABELED", reason: "it is empty" };

test("the Volume that is wanted is appended to", () => {
  assert.equal(judgeMedium(catalog, labeled("A1"), facts).kind, "append");
  assert.equal(judgeMedium({ ...catalog, status: "Recycle" }, labeled("A1"), facts).kind, "relabel");
});

test("another medium in its slot is passed over, and the Volume is not marked for it", () => {
  for (const found of [labeled("A9"), blank, { kind: "missing" } as const]) {
    const verdict = judgeMedium(catalog, found, facts);
    assert.equal(verdict.kind === "refuse" && !verdict.marksError, true, JSON.stringify(verdict));
  }
});

test("without a changer a person is asked for the medium", () => {
  for (const found of [labeled("A9"), { kind: "missing" } as const])
    assert.equal(judgeMedium(catalog, found, { ...facts, hasChanger: false }).kind, "operator");
  assert.equal(judgeMedium({ ...catalog, inChanger: false }, labeled("A9"), facts).kind, "operator");
});

test("a blank is labeled only where the device may, and never in the place of data", () => {
  const fresh = { ...catalog, bytes: 0, firstWritten: 0 };
  assert.equal(judgeMedium(fresh, blank, facts).kind, "operator");
  assert.equal(judgeMedium(fresh, blank, { ...facts, labelMedia: true }).kind, "relabel");
  assert.equal(judgeMedium(catalog, blank, { ...facts, labelMedia: true }).kind, "refuse");
  assert.equal(judgeMedium(fresh, { ...blank, bytes: 700 }, { ...facts, labelMedia: true }).kind, "refuse");
});

test("where deleting is not allowed a Volume with data is not recycled, and one that is only labeled is written to", () => {
  const settings = { ...facts, forbidden: ["delete"] };
  const host = { name: "D", settings, keepsData: true, isPipe: false, drive: undefined } as unknown as DeviceHost;
  // The catalog says 1 byte of what is recycled.
  const recycled = { ...catalog, status: "Recycle", bytes: 1 };
  const verdict = judgeInDevice(host, recycled, labeled("A1"));
  assert.match(verdict.kind === "refuse" ? verdict.reason : "", /would be recycled, but device "D" is not allowed to delete/);
  assert.equal(judgeInDevice(host, recycled, { ...labeled("A1"), isPreLabel: true } as Inspection).kind, "relabel");
  assert.equal(judgeInDevice(host, catalog, labeled("A1")).kind, "append");
});
