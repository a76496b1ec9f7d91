import assert from "node:assert/strict";
import { test } from "node:test";
import type { DirectorConfig } from "../config/load.ts";
import { mayAccess, operatorOf, requireAccess, ROOT_CONSOLE, type AccessRequest } from "./authorize.ts";

const lists = [
  "jobAcl",
  "clientAcl",
  "storageAcl",
  "scheduleAcl",
  "runAcl",
  "poolAcl",
  "commandAcl",
  "fileSetAcl",
  "catalogAcl",
  "whereAcl",
  "restoreClientAcl",
  "backupClientAcl",
  "directoryAcl",
  "userIdAcl",
] as const;

function operator(acls: Partial<Record<(typeof lists)[number], readonly string[]>>): ReturnType<typeof operatorOf> {
  const console = { name: "web", ...Object.fromEntries(lists.map((list) => [list, acls[list] ?? []])) };
  return operatorOf("web", { consoles: new Map([["web", console]]) } as unknown as DirectorConfig);
}

const everything: readonly AccessRequest[] = [
  { kind: "command", command: "run" },
  { kind: "job", name: "a" },
  { kind: "run", name: "a" },
  { kind: "client", name: "a" },
  { kind: "storage", name: "a" },
  { kind: "pool", name: "a" },
  { kind: "where", name: "/" },
  { kind: "restoreClient", name: "a" },
  { kind: "sql" },
];

test("a console without lists may do nothing but ask for help and leave", () => {
  for (const request of everything) assert.equal(mayAccess(operator({}), request), false, JSON.stringify(request));
  assert.equal(mayAccess(operator({}), { kind: "command", command: "quit" }), true);
});

test("a name that no resource has may do nothing, the Director's own console everything", () => {
  const config = { consoles: new Map() } as unknown as DirectorConfig;
  for (const request of everything) assert.equal(mayAccess(operatorOf("stranger", config), request), false);
  for (const request of everything) assert.equal(mayAccess(operatorOf(ROOT_CONSOLE, config), request), true);
});

test("what a list names is allowed, *all* is everything, and ! denies in spite of it", () => {
  const web = operator({ jobAcl: ["*all*", "!secret"], commandAcl: ["RUN"] });
  assert.equal(mayAccess(web, { kind: "job", name: "any" }), true);
  assert.equal(mayAccess(web, { kind: "job", name: "secret" }), false);
  assert.equal(mayAccess(web, { kind: "command", command: "run" }), true, "commands do not look at case");
  assert.equal(mayAccess(web, { kind: "run", name: "any" }), true, "without RunACL the JobACL decides");
  assert.equal(mayAccess(operator({ jobAcl: ["*all*"], runAcl: ["one"] }), { kind: "run", name: "any" }), false);
});

test("a restore may go to the allowed directory and below, never above or aside", () => {
  const web = operator({ whereAcl: ["/restore"] });
  for (const [path, may] of [
    ["/restore", true],
    ["/restore/a/b", true],
    ["/", false],
    ["/restored", false],
    ["/restore/../etc", false],
  ] as const) {
    assert.equal(mayAccess(web, { kind: "where", name: path }), may, path);
  }
});

test("a directory that is denied is not reached by another spelling of it", () => {
  const web = operator({ whereAcl: ["*all*", "!/etc"] });
  for (const path of ["/etc", "/etc/x", "/tmp/../etc", "//etc", "/./etc", "/etc//x", "/tmp/.."])
    assert.equal(mayAccess(web, { kind: "where", name: path }), false, path);
  for (const path of ["/", "/tmp", "/etcetera", "/a/..b"])
    assert.equal(mayAccess(web, { kind: "where", name: path }), true, path);
});

test("SQL needs the right to everything that rows tell of", () => {
  const all = {
    jobAcl: ["*all*"],
    clientAcl: ["*all*"],
    storageAcl: ["*all*"],
    poolAcl: ["*all*"],
    fileSetAcl: ["*all*"],
    catalogAcl: ["*all*"],
  };
  assert.equal(mayAccess(operator(all), { kind: "sql" }), true);
  assert.equal(mayAccess(operator({ ...all, clientAcl: ["one"] }), { kind: "sql" }), false);
});

test("a console that is limited to directories or owners restores nothing, for that choice is not made yet", () => {
  assert.equal(mayAccess(operator({}), { kind: "anyFile" }), true, "other lists decide");
  assert.equal(mayAccess(operator({ directoryAcl: ["/home"] }), { kind: "anyFile" }), false);
  assert.equal(mayAccess(operator({ directoryAcl: ["*all*"], userIdAcl: ["root"] }), { kind: "anyFile" }), false);
});

test("a refusal names what was refused", () => {
  assert.throws(
    () => requireAccess(operator({}), { kind: "client", name: "db1" }),
    /client "db1" is not allowed on this console/,
  );
});
