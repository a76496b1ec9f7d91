import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Changes } from "../job/changes.ts";
import { RoomWait } from "./wait-for-room.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { JobVoice } from "../job/job-voice.ts";

test("a job that has run for longer than it may wait for room waits all the same when it finds none", async () => {
  const said: string[] = [];
  const poke = new Changes();
  const wait = new RoomWait({
    host: {
      title: 'Dedup device "D"',
      settings: { name: "D", archiveDevice: "/store", mediaType: "Dedup", roomWaitMs: 300 },
    } as unknown as DeviceHost,
    voice: {
      say: (_kind: string, text: string) => {
        said.push(text);
        if (text.includes("is waiting")) setTimeout(() => poke.notify(), 10); // an operator makes room
      },
      enter: () => {},
      ask: async () => ({ $case: "none", value: "" }),
    } as unknown as JobVoice,
    pool: "P",
    jobName: "J",
    poke,
    signal: new AbortController().signal,
  });
  await sleep(400);
  assert.equal(await wait.ask(new Error("no space left")), true, said.join("\n"));
});
