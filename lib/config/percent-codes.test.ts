import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPercentCodes, expandPercentCodes } from "./percent-codes.ts";

test("letters and long names are replaced, percent signs halved, and unknown letters kept", () => {
  const values = { JobId: 7, Client: "web-fd", JobStatus: "OK" };
  assert.equal(expandPercentCodes("%i %c %(Client) %(jobid) %% %e %Q %", values), "7 web-fd web-fd 7 % OK %Q %");
});

test("a code without a value says so", () => {
  assert.equal(expandPercentCodes("%v", {}), "*none*");
});

test("values go through the transformation, the rest does not", () => {
  assert.equal(
    expandPercentCodes("echo '%n'", { JobName: "a'b" }, (value) => value.replaceAll("'", "")),
    "echo 'ab'",
  );
});

test("a value is not expanded again", () => {
  assert.equal(expandPercentCodes("%c", { Client: "%i", JobId: 7 }), "%i");
});

test("a long name that does not exist is refused with the nearest", () => {
  assert.throws(() => checkPercentCodes("x %(Clint) y"), {
    message: "%(Clint) is not a known code",
    hint: 'did you mean "Client"?',
  });
  checkPercentCodes("%(Client) %c %Q %%(Clint");
});
