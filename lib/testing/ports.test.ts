import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePorts, freePortsInARow } from "./ports.ts";

const PROGRAM = `import { freePorts } from ${JSON.stringify(fileURLToPath(new URL("./ports.ts", import.meta.url)))};
console.log(JSON.stringify(await freePorts(2000)));`;

test("no two processes of tests get the same port, and an ended one gives its ports back", async () => {
  const own = new Set(await freePorts(4000));
  const take = () =>
    JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", PROGRAM], { encoding: "utf8" })) as number[];
  for (let round = 0; round < 5; round++)
    assert.deepEqual(
      take().filter((port) => own.has(port)),
      [],
    );
});

test("ports in a row are taken all", async () => {
  const taken = new Set<number>();
  for (let round = 0; round < 50; round++) {
    const first = await freePortsInARow(3);
    for (const port of [first, first + 1, first + 2]) {
      assert.ok(!taken.has(port), `${port} comes twice`);
      taken.add(port);
    }
  }
});
