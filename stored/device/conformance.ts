import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "./device.ts";

/** A driver under test: a fresh device in a place of its own. */
export interface DriverUnderTest {
  readonly name: string;
  /** Makes a device and whatever it needs; disposing takes it away. */
  make(): Promise<{ readonly device: Device } & AsyncDisposable>;
}

const label = new Uint8Array(200).fill(1);
const block = (fill: number, bytes = 5000) => new Uint8Array(bytes).fill(fill);

/** The tests that every driver passes: the contract of device.ts. */
export function testConformance(driver: DriverUnderTest): void {
  const on = (fact: string, check: (device: Device) => Promise<void> | void) =>
    test(`${driver.name}: ${fact}`, async () => {
      await using made = await driver.make();
      await check(made.device);
    });

  on("a Volume is there once it is made, and not before", (device) => {
    assert.equal(device.has("V1"), false);
    assert.throws(() => device.open("V1", "read"), { code: "VOLUME_NOT_FOUND" });
    using medium = device.create("V1", label);
    assert.equal(medium.end, 200);
    assert.equal(device.has("V1"), true);
  });

  on("a Volume is never made over another", (device) => {
    device.create("V1", label).close();
    assert.throws(() => device.create("V1", label), { code: "VOLUME_EXISTS" });
  });

  on("names that lead elsewhere are refused", (device) => {
    for (const name of ["", ".", "..", "../V1", "a/b", "a b", "a\0b", "x".repeat(128)]) {
      assert.throws(() => device.has(name), { code: "VOLUME_NAME_INVALID" }, name);
      assert.throws(() => device.create(name, label), { code: "VOLUME_NAME_INVALID" }, name);
    }
  });

  on("appends go to the end, one after the other", async (device) => {
    using medium = device.create("V1", label);
    assert.deepEqual(medium.append([block(2), block(3, 7000)]), { kind: "written" });
    assert.equal(medium.end, 12_200);
    medium.startWriteback();
    assert.deepEqual(medium.append([block(4, 1)]), { kind: "written" });
    await medium.sync();
    assert.equal(medium.end, 12_201);
  });

  on("what was written is read again at its address, also after closing", (device) => {
    if (!device.keepsData) return;
    {
      using medium = device.create("V1", label);
      medium.append([block(2), block(3)]);
    }
    using medium = device.open("V1", "read");
    assert.equal(medium.end, 10_200);
    const into = new Uint8Array(8000);
    assert.equal(medium.readAt(into, 5200), 5000);
    assert.deepEqual(into.subarray(0, 5000), block(3));
    assert.equal(medium.readAt(into, 10_200), 0);
    assert.equal(medium.readAt(into, 99_999), 0);
  });

  on("relabel gives up all that was there", (device) => {
    using medium = device.create("V1", label);
    medium.append([block(2)]);
    medium.relabel(new Uint8Array(150).fill(9));
    assert.equal(medium.end, 150);
    const into = new Uint8Array(500);
    assert.equal(medium.readAt(into, 0), 150);
    assert.deepEqual(into.subarray(0, 150), new Uint8Array(150).fill(9));
  });

  on("truncate forgets what lies behind", (device) => {
    using medium = device.create("V1", label);
    medium.append([block(2), block(3)]);
    medium.truncate(5200);
    assert.equal(medium.end, 5200);
    assert.deepEqual(medium.append([block(4)]), { kind: "written" });
    assert.equal(medium.end, 10_200);
  });
}
