import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { expandTemplate } from "./expand-template.ts";
import { checkVolumeName, countsUp, forbidsCreation, isSimpleFormat, labelFormatFault, simpleName } from "./label-format.ts";
import { parseTemplate } from "./parse-template.ts";

const values: Record<string, string> = { Year: "2026", Month: "1", Job: "Backup", ABC: "hello,World", Empty: "", Three: "3" };

async function expand(format: string): Promise<string> {
  let counter = 6;
  return await expandTemplate(format, parseTemplate(format), {
    value: async (name) => await Promise.resolve(name === "Count" ? String(counter) : values[name]),
    next: async (name) => await Promise.resolve(name === "Count" ? String(++counter) : undefined),
  });
}

test("a format without special characters gets a number of four digits", () => {
  assert.equal(isSimpleFormat("Vol-"), true);
  assert.equal(simpleName("Vol-", 7), "Vol-0007");
  assert.equal(simpleName("Vol-", 12_345), "Vol-12345");
});

test("a star or nothing forbids new Volumes", () => {
  assert.equal(forbidsCreation("*Vol"), true);
  assert.equal(forbidsCreation(""), true);
  assert.equal(forbidsCreation("Vol"), false);
});

test("variables are expanded with and without braces, and as %(...)", async () => {
  assert.equal(await expand("$Year-${Month}-$Job"), "2026-1-Backup");
  assert.equal(await expand("%(Job)-%(Year)-%(Month:p/2/0)-%(Count+:p/4/0)"), "Backup-2026-01-0007");
  assert.equal(await expand("${Count+}${Count+}"), "78");
  assert.equal(countsUp("${Year}-${Empty:-${Count+}}"), true);
  assert.equal(countsUp("${Year}-${Count}"), false);
});

// What Debian's bacula-dir answers to `var` for the same texts; regress/tests/label-format.test.ts asks it.
test("operations give what Bacula's give", async () => {
  const known: readonly (readonly [string, string])[] = [
    ["${ABC:u}${ABC:#}", "HELLO,WORLD11"],
    ["${ABC:o2,3}/${ABC:o2-3}/${ABC:o2,}/${ABC:o0,0}", "ll/llo/llo,World/hello,World"],
    ["${ABC:p/15/x/r}/${ABC:p/15/x/l}/${ABC:p/15/ab/c}", "xxxxhello,World/hello,Worldxxxx/abhello,Worldab"],
    ["${ABC:s/l/L/g}/${ABC:s/[a-e]+/<&>/g}/${ABC:s/(h)(e)/\\2\\1/}", "heLLo,WorLd/h<&>llo,Worl<&>/ehllo,World"],
    ["${ABC:s/$/X/}/${ABC:s/l/$Three/}/${ABC:s/l/[&]/}", "hello,WorldX/he3lo,World/he[&]lo,World"],
    ["${ABC:y/a-f/A-F/}", "hEllo,WorlD"],
    ["${Empty:-def}${None:-def:u}${Empty:*x}${ABC:*y}${ABC:+z}${Empty:+w}", "defDEFxz"],
    ["${Empty:-${None:-x}}", "x"],
    ["x[${Three}-]{1,1,3}[a[b${Three}]{1,1,2}]{1,1,2}[none]", "x3-3-3-ab3b3ab3b3"],
    ["${ABC[2*3-6]:#}${ABC[$Three-3]:#}", "1111"],
    ["\\101\\x42\\$Year", "AB$Year"],
  ];
  for (const [format, wanted] of known) assert.equal(await expand(format), wanted, format);
});

test("a wrong format is refused with the reason", async () => {
  const wrong = [
    "$Nope",
    "${Job",
    "$",
    "${Job:q}",
    "${None:+x}",
    "${Job:}",
    "${ABC:o5,2}",
    "${ABC:o50,}",
    "${ABC:y/abc/x/}",
    "${Job+}",
    "a\\",
  ];
  for (const format of [...wrong, "${Job:p/3//r}", "a]", "[${Three}]{1,0,3}", "[${Three}]{0,1,99999}", "${ABC:s/(/X/}"])
    await assert.rejects(expand(format), OperatorError, format);
  assert.throws(() => checkVolumeName("x".repeat(128)), /cannot name a Volume/);
  assert.throws(() => checkVolumeName("a b"), /cannot name a Volume/);
});

test("loops that give nothing, and texts that grow with each operation, are refused", async () => {
  const silent = "${Job:*x}";
  const nested = (depth: number): string => (depth === 0 ? silent : `[${nested(depth - 1)}]{1,1,1000}`);
  await assert.rejects(expand(nested(4)), /its loops make more than 10000 turns/);
  const far = "999999999*999999999*999999999";
  await assert.rejects(expand(`[${silent}]{${far},1,${far}+1}`), /its loops make more than 10000 turns/);
  const growing = `\${Job${":s/./0123456789/g".repeat(12)}}`;
  await assert.rejects(expand(growing), /"Job" gives more than 1000 characters/);
});

test("what is wrong with a format is known when the configuration is read", () => {
  const known = { counters: new Set(["Count"]), environment: new Set(["HOME"]) };
  assert.equal(labelFormatFault("%(Pool)-%(Year)-%(Month:p/2/0)-%(Counter+:p/4/0)-${HOME}-${Count}", known), undefined);
  assert.equal(labelFormatFault("${Nope:-x}", known), undefined);
  assert.equal(labelFormatFault("${Nope}", known), '"Nope" is not a variable');
  assert.equal(labelFormatFault("${Nope+}", known), 'there is no Counter "Nope" to count up');
  assert.equal(labelFormatFault("${Pool}/${Year}", known), '"/" cannot stand in the name of a Volume');
  assert.equal(labelFormatFault("${Pool", known), "a } is missing");
});

test("any text is expanded or refused, in bounded time and length", async () => {
  const piece = fc.constantFrom(
    "$", "{", "}", ":", "Job", "Year", "+", "[", "]", "#", "(", ")", "%(", "\\", "s/a/b/g", "s/(/x/", "s/a/$9/", "y/a-z/b/", "p/9/x/l", "-", "o1,2", "{1,1,999}", "V",
  ); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
      try {
        assert.ok((await expand(pieces.join(""))).length < 2000);
      } catch (error) {
        assert.ok(error instanceof OperatorError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
