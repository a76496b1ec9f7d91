import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { parseDirectorConfig } from "./load.ts";

const load = (scripts: string) =>
  parseDirectorConfig(DIRECTOR_TEXT.replace("Level = Full;", `Level = Full\n${scripts}\n`), "f", { host: testHost() });
const scriptsOf = async (scripts: string) => (await load(scripts)).jobs.get("j")!.runScripts;

test("a block runs on the job's client, after success only, and fails the job, unless it says otherwise", async () => {
  assert.deepEqual(await scriptsOf('RunScript { Command = "x %c"; Runs When = After }'), [
    {
      keyword: "RunScript",
      kind: "command",
      command: "x %c",
      target: { kind: "client", name: undefined },
      runsOnSuccess: true,
      runsOnFailure: false,
      failJobOnError: true,
      runsWhen: "After",
    },
  ]);
});

test("each Command and Console of a block is a script, in order, and a console command runs on the Director", async () => {
  const scripts = await scriptsOf(
    "RunScript {\n Command = a\n Console = b\n Command = c\n RunsWhen = Before\n RunsOnClient = no\n AbortJobOnError = no\n}",
  );
  assert.deepEqual(
    scripts.map(({ kind, command, target, failJobOnError }) => [kind, command, target.kind, failJobOnError]),
    [
      ["command", "a", "director", false],
      ["console", "b", "director", false],
      ["command", "c", "director", false],
    ],
  );
});

test("Target and RunsOnClient take yes, no, %c and the name of a client", async () => {
  for (const [word, target] of [
    ["yes", { kind: "client", name: undefined }],
    ['"%c"', { kind: "client", name: undefined }],
    ["no", { kind: "director" }],
    ["other-fd", { kind: "client", name: "other-fd" }],
  ] as const) {
    assert.deepEqual((await scriptsOf(`RunScript { Command = a; RunsWhen = Before; Target = ${word} }`))[0]!.target, target);
  }
});

test("the short forms say where, when and whether the job fails", async () => {
  const forms = [
    "RunBeforeJob",
    "RunAfterJob",
    "RunAfterFailedJob",
    "ClientRunBeforeJob",
    "ClientRunAfterJob",
    "ConsoleRunBeforeJob",
    "ConsoleRunAfterJob",
  ];
  const scripts = await scriptsOf(forms.map((form) => `${form} = ${form}`).join("\n"));
  assert.deepEqual(
    scripts.map((script) => [
      script.keyword,
      script.kind,
      script.target.kind,
      script.runsWhen,
      script.runsOnSuccess,
      script.runsOnFailure,
      script.failJobOnError,
    ]),
    [
      ["RunBeforeJob", "command", "director", "Before", true, false, true],
      ["RunAfterJob", "command", "director", "After", true, false, false],
      ["RunAfterFailedJob", "command", "director", "After", false, true, false],
      ["ClientRunBeforeJob", "command", "client", "Before", true, false, true],
      ["ClientRunAfterJob", "command", "client", "After", true, false, false],
      ["ConsoleRunBeforeJob", "console", "director", "Before", true, false, true],
      ["ConsoleRunAfterJob", "console", "director", "After", true, false, false],
    ],
  );
});

test("a block that will never run, or does nothing, is warned of", async () => {
  const { warnings } = await load("RunScript { Command = a }\nRunScript { RunsWhen = Before }");
  assert.deepEqual(
    warnings.map((warning) => warning.message).filter((message) => message.includes("block")),
    ["the RunScript block has no RunsWhen and will never run", "the RunScript block has no Command"],
  );
});

test("an unknown long code in a command is refused", async () => {
  await assert.rejects(load('RunBeforeJob = "x %(JobIdd)"'), /%\(JobIdd\) is not a known code \(did you mean "JobId"\?\)/);
});
