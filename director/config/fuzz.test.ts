import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "#lib/config/problem.ts";
import { testHost } from "#lib/testing/config-host.ts";
import { mutateText, seededRandom } from "#lib/testing/mutate-text.ts";
import { RICH_DIRECTOR_TEXT } from "#lib/testing/rich-director-text.ts";
import { parseDirectorConfig } from "./load.ts";

const MUTATIONS = 10_000;

const PIECES = [
  "{", "}", "=", ",", ";", "\n", "\r", '"', "\\", "#", "@", "@main", '@|"x"', "\0", " ", "-1", "99999999999999999999", "yes", "all", "!", "*", "[", "(((", "%(x)",
  "Job {", "JobDefs = D", "Include {", "Options {", "RunScript {", "Run = ", "at 23:05", "Name = x", "constructor", "__proto__", "é", "\udce9", "\uFEFF",
]; // prettier-ignore

test(`${MUTATIONS} damaged configurations give a configuration or a list of errors, nothing else`, async (context) => {
  const seed = Number(process.env["FUZZ_SEED"] ?? "20261121");
  context.diagnostic(`seed ${seed} (FUZZ_SEED repeats a run)`);
  const random = seededRandom(seed);
  const host = testHost({ main: "@main" }, () => "Pool { Name = made; Pool Type = Backup }");
  let refused = 0;
  for (let round = 0; round < MUTATIONS; round++) {
    const text = mutateText(RICH_DIRECTOR_TEXT, PIECES, random);
    try {
      await parseDirectorConfig(text, "main", { host });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw new Error(`seed ${seed}, mutation ${round}:\n${text}`, { cause: error });
      assert.ok(error.problems.length > 0 && error.problems.length <= 202);
      refused++;
    }
  }
  assert.ok(refused > MUTATIONS / 10 && refused < MUTATIONS, `${refused} refused`);
});

test("a configuration of noise is refused in bounded space", async () => {
  const random = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const noise = Array.from({ length: 300 }, () => PIECES[Math.floor(random() * PIECES.length)]).join(
      random() < 0.5 ? "" : " ",
    );
    await assert.rejects(parseDirectorConfig(noise, "main", { host: testHost({ main: "@main" }, () => "") }), ConfigError);
  }
});

test("repetition without end takes time in proportion", async () => {
  const many = 50_000;
  const texts = [
    `FileSet { Name = X; Include { ${"File = a\n".repeat(many)} } }`,
    `Console { Name = X; Password = x; JobACL = ${"a,".repeat(many)}a }`,
    `Console { Name = X; Password = x; ${"JobACL = a\n".repeat(many)} }`,
    `Schedule { Name = X; Run = ${"Pool=a ".repeat(many)} }`,
    `Pool { Name = X; Pool Type = Backup; Volume Retention = "5${" ".repeat(many)}!" }`,
    `Pool { Name = X; Pool Type = Backup; Maximum Volume Bytes = "5${" ".repeat(many)}!" }`,
    `Job { Name = X; Maximum Bandwidth = "5${" ".repeat(many)}/!"; ${"RunBeforeJob = a\n".repeat(many)} }`,
    `Messages { Name = X; ${"console = all\n".repeat(many / 5)} }`,
    `FileSet { Name = X; Include { Options { wild = "${"[".repeat(many)}"; regex = "${"(".repeat(many)}" } } }`,
    "Pool { Name = X\n".repeat(many),
    `Job { Name = X\n ${"Pool = nowhere\n".repeat(many)} }`,
    `${"Pool { Name = X; Pool Type = Backup; NextPool = Y }\n".repeat(many / 20)}`,
  ];
  for (const text of texts) {
    await parseDirectorConfig(text, "main", { host: testHost() }).then(
      () => assert.fail("accepted without a Director"),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError, `${text.slice(0, 60)}: ${String(error)}`);
        assert.ok(error.message.length < 300_000);
      },
    );
  }
});
