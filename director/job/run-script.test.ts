import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunScript } from "#director/config/run-script.ts";
import { clientScripts, runScripts, scriptsAt, type ScriptRun } from "./run-script.ts";

function script(given: Partial<RunScript> = {}): RunScript {
  return {
    keyword: "RunScript",
    kind: "command",
    command: "true",
    target: { kind: "director" },
    runsWhen: "Before",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: true,
    ...given,
  };
}

function recorder(): { run: ScriptRun; said: string[] } {
  const said: string[] = [];
  return {
    said,
    run: {
      values: { JobId: 7, Client: "c-fd" },
      say: async (type, text) => void said.push(`${type}: ${text}`),
      console: async (command) => {
        if (command.startsWith("wrong")) throw new Error("no such command");
        return `did ${command}\n`;
      },
      signal: new AbortController().signal,
    },
  };
}

test("a script's lines become messages, with its codes replaced", async () => {
  const { run, said } = recorder();
  assert.equal(await runScripts([script({ command: `sh -c "echo job %i of %c; echo two >&2"` })], "before", run), true);
  assert.deepEqual(
    said.toSorted(),
    [
      "Info: BeforeJob: job 7 of c-fd",
      "Info: BeforeJob: two",
      `Info: shell command: run BeforeJob "sh -c "echo job 7 of c-fd; echo two >&2""`,
    ].toSorted(),
  );
});

test("a failing script stops the job and those after it, unless it may fail", async () => {
  const first = recorder();
  assert.equal(
    await runScripts([script({ command: "sh -c 'exit 3'" }), script({ command: "echo never" })], "before", first.run),
    false,
  );
  assert.equal(first.said.at(-1), "Error: Runscript: BeforeJob returned non-zero status=3. ERR=Child exited with code 3");
  const second = recorder();
  assert.equal(await runScripts([script({ command: "/no/such/program", failJobOnError: false })], "after", second.run), true);
  assert.match(second.said.at(-1)!, /^Warning: Runscript: AfterJob returned non-zero status=127/);
});

test("scripts run when their conditions say so", () => {
  const all = [
    script(),
    script({ runsWhen: "After" }),
    script({ runsWhen: "After", runsOnSuccess: false, runsOnFailure: true }),
    script({ runsWhen: "Always" }),
    script({ target: { kind: "client", name: undefined } }),
  ];
  assert.deepEqual(scriptsAt(all, "before", true), [all[0], all[3]]);
  assert.deepEqual(scriptsAt(all, "after", true), [all[1], all[3]]);
  assert.deepEqual(scriptsAt(all, "after", false), [all[2]]);
});

test("console commands run through the Director's own console", async () => {
  const { run, said } = recorder();
  assert.equal(await runScripts([script({ kind: "console", command: "purge %i" })], "before", run), true);
  assert.equal(said.at(-1), "Info: BeforeJob: did purge 7");
  assert.equal(await runScripts([script({ kind: "console", command: "wrong" })], "before", run), false);
});

test("scripts of the job's own client go to the file daemon with their labels", () => {
  const own = { kind: "client", name: undefined } as const;
  const sent = clientScripts(
    [
      script({ target: own, keyword: "ClientRunBeforeJob" }),
      script({ target: own, runsWhen: "Always" }),
      script(),
      script({ target: { kind: "client", name: "other" } }),
    ],
    "c-fd",
  );
  assert.deepEqual(
    sent.map((each) => [each.label, each.when]),
    [
      ["ClientRunBeforeJob", 1],
      ["ClientBeforeJob", 1],
      ["ClientAfterJob", 2],
    ],
  );
});
