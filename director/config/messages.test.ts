import assert from "node:assert/strict";
import { test } from "node:test";
import { messageTypes, routeTakes, type MessageRoute } from "#lib/config/message-routes.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { parseDirectorConfig } from "./load.ts";

const load = (lines: string) =>
  parseDirectorConfig(`${DIRECTOR_TEXT}Messages { Name = X\n${lines}\n}`, "f", { host: testHost() });
const routes = async (lines: string): Promise<readonly MessageRoute[]> => (await load(lines)).messages.get("X")!.routes;

test("all means every type but Debug, Saved and Events", async () => {
  const [route] = await routes("console = all");
  assert.deepEqual(
    messageTypes.filter((type) => !route!.types.has(type)),
    ["Debug", "Saved", "Events"],
  );
});

test("types are added and taken away from left to right, in any case", async () => {
  const [route] = await routes("catalog = ALL, !skipped, Saved, !warning, warning");
  assert.deepEqual(
    ["Skipped", "Saved", "Warning"].map((type) => routeTakes(route!, type as "Saved")),
    [false, true, true],
  );
});

test("a mail line uses the command that stands before it, operator lines the other one", async () => {
  const lines = await routes(
    "mail = a@x = all\nmailcommand = one\nmail on error = b@x, c@x = fatal\nmailcommand = two\noperatorcommand = op\nmailonsuccess = d@x = all\noperator = e@x = mount\nconsole = all",
  );
  assert.deepEqual(
    lines.map(({ destination, addresses, command }) => [destination, addresses.join(), command]),
    [
      ["Mail", "a@x", undefined],
      ["MailOnError", "b@x,c@x", "one"],
      ["MailOnSuccess", "d@x", "two"],
      ["Operator", "e@x", "op"],
      ["Console", "", undefined],
    ],
  );
});

test("files are named in quotes or without, and a Director by its name", async () => {
  const lines = await routes('append = "/var/log/a b" = all, !saved\nfile = /x = error\ndirector = vm-dir = all');
  assert.deepEqual(
    lines.map((line) => line.addresses),
    [["/var/log/a b"], ["/x"], ["vm-dir"]],
  );
});

test("custom events are wanted by name, and taken out of all events by name", async () => {
  const [some, most] = await routes("catalog = events.Nightly\nconsole = events, !events.noise");
  assert.deepEqual(
    [routeTakes(some!, "Events", "nightly"), routeTakes(some!, "Events", "other"), routeTakes(some!, "Events")],
    [true, false, false],
  );
  assert.deepEqual([routeTakes(most!, "Events", "other"), routeTakes(most!, "Events", "noise")], [true, false]);
});

test("a line without address, with one too many, or with an unknown type is refused", async () => {
  const bad = [
    "mail = all",
    "console = x = all",
    "console = alll",
    "console = all !skipped",
    "mail = a@x =",
    "mail = = all",
    "console =",
    "console = all = all",
  ];
  for (const line of bad) await assert.rejects(load(line), /directive/, line);
  await assert.rejects(load("console = skiped"), /"skiped" is not a message type \(did you mean "Skipped"\?\)/);
});
