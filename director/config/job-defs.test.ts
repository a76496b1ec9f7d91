import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { parseDirectorConfig } from "./load.ts";

const load = (more: string) => parseDirectorConfig(DIRECTOR_TEXT + more, "f", { host: testHost() });
const DEFAULTS =
  "JobDefs { Name = D; Type = Backup; Level = Incremental; Client = c; FileSet = F; Storage = s; Pool = P; Messages = M; Priority = 7; Run = x; Tag = t; RunBeforeJob = from-defs }\n";

test("a Job takes from its JobDefs what it does not say itself, and requirements count after that", async () => {
  const job = (await load(`${DEFAULTS}Job { Name = k; JobDefs = D; Level = Full }`)).jobs.get("k")!;
  assert.deepEqual([job.type, job.level, job.priority, job.client.name], ["Backup", "Full", 7, "c"]);
  assert.ok(job.origin.inherited.has("priority") && job.origin.written.has("level") && !job.origin.written.has("priority"));
});

test("Run and Tag are not inherited, and RunScripts come after the Job's own", async () => {
  const job = (await load(`${DEFAULTS}Job { Name = k; JobDefs = D; RunBeforeJob = own }`)).jobs.get("k")!;
  assert.deepEqual([job.run, job.tag], [[], []]);
  assert.deepEqual(
    job.runScripts.map((script) => script.command),
    ["own", "from-defs"],
  );
});

test("a JobDefs needs nothing but its name, and one inside another is not followed", async () => {
  const { jobDefs, warnings } = await load(`${DEFAULTS}JobDefs { Name = E; JobDefs = D }`);
  assert.equal(jobDefs.get("E")!.type, undefined);
  assert.ok(warnings.some((warning) => warning.message.includes("not followed")));
});

test("a JobDefs that does not exist gives one error with a suggestion", async () => {
  await assert.rejects(load(`${DEFAULTS}Job { Name = k; JobDefs = DD }`), (error: Error) => {
    assert.deepEqual(error.message.split("\n"), [
      'f:11:27: Job "k", directive JobDefs: there is no JobDefs named "DD" (did you mean "D"?)',
    ]);
    return true;
  });
});

test("a wrong reference in a JobDefs is told once, however many jobs use it", async () => {
  const defaults = DEFAULTS.replace("Pool = P", "Pool = X");
  await assert.rejects(load(`${defaults}Job { Name = k; JobDefs = D }\nJob { Name = l; JobDefs = D }`), (error: Error) => {
    assert.equal(error.message.split("\n").length, 1);
    return true;
  });
});

test("a level that fits the JobDefs but not the Job is no concern of the Job", async () => {
  const { warnings } = await load(`${DEFAULTS}Job { Name = k; JobDefs = D; Type = Restore }`);
  assert.ok(!warnings.some((warning) => warning.directive === "Level"));
});
