import assert from "node:assert/strict";
import { test } from "node:test";
import { coverageRows, coverageTable } from "#lib/config/coverage.ts";
import { formatProblem } from "#lib/config/problem.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { directorLanguage, parseDirectorConfig } from "./load.ts";

test("the coverage table names every directive once, with its nested blocks, and counts what is acted upon", () => {
  const rows = coverageRows([directorLanguage]);
  const names = rows.map((row) => `${row.resource}.${row.directive}`);
  assert.equal(new Set(names).size, names.length);
  for (const name of [
    "Job.RunBeforeJob",
    "Client.FdAddress",
    "FileSet/Include/Options.WildDir",
    "Job/RunScript.Console",
    "Pool.MaximumPoolBytes",
  ])
    assert.ok(names.includes(name), name);
  const table = coverageTable([directorLanguage]);
  assert.match(table, /^bacula-dir\.conf +Pool +MaximumPoolBytes +(yes|not yet)$/m);
  assert.ok(table.endsWith(`${rows.filter((row) => row.acts).length} of ${rows.length} directives are acted upon.\n`));
});

test("warnings tell what is doubtful and what is accepted but not acted upon", async () => {
  const text = `${DIRECTOR_TEXT}Pool { Name = X; Pool Type = Backup; Cache Retention = 5; Maximum Volumes = 5 x }`;
  const lines = (await parseDirectorConfig(text, "f", { host: testHost() })).warnings.map(formatProblem);
  assert.ok(lines.includes('f:10:79: warning: Pool "X", directive MaximumVolumes: the rest of the line, from "x", is ignored'));
  assert.ok(lines.includes('f:10:38: warning: Pool "X", directive CacheRetention: it is accepted, but not acted upon yet'));
});
