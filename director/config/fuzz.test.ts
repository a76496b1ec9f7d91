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
    const noise = Array.from({ length: 300 }, () => PIECES[Math.floor(random() * PIECES.length)]).join(random() < 0.5 ? "" : " ");
    await assert.rejects(parseDirectorConfig(noise, "main", { host: testHost({ main: "@main" }, () => "") }), ConfigError);
  }
});
