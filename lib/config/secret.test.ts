import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "./secret.ts";

test("a secret shows itself nowhere but where it is asked for", () => {
  const secret = new Secret("sesame");
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret, { showHidden: true }),
    Object.values(secret).join(""),
  ];
  for (const text of printed) assert.ok(!text.includes("sesame"), text);
  assert.equal(secret.reveal(), "sesame");
});
