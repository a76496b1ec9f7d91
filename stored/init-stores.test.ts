import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

async function init(dir: TempDir): Promise<{ readonly code: number; readonly output: string }> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "--init", "-c", dir.file("sd.conf")], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
    );
  });
}

function configure(dir: TempDir, devices: string): void {
  writeFileSync(
    dir.file("sd.conf"),
    `Storage { Name = sd; WorkingDirectory = "${dir.path}" }
Director { Name = dir; Password = "secret" }
Messages { Name = M; director = dir = all }
${devices}`,
  );
}

const device = (name: string, directory: string, type = "Dedup") =>
  `Device { Name = ${name}; Media Type = File; Device Type = ${type}; Archive Device = "${directory}" }\n`;

test("--init makes one store for each directory, once, and leaves others alone", async () => {
  await using dir = await TempDir.make();
  for (const name of ["one", "two", "files"]) mkdirSync(dir.file(name));
  configure(
    dir,
    device("A", dir.file("one")) +
      device("B", dir.file("one")) +
      device("C", dir.file("two")) +
      device("D", dir.file("files"), "File"),
  );
  const first = await init(dir);
  assert.equal(first.code, 0, first.output);
  assert.equal(first.output.match(/: made store /g)?.length, 2);
  const second = await init(dir);
  assert.equal(second.code, 0, second.output);
  assert.equal(second.output.match(/is there already/g)?.length, 2);
  assert.deepEqual(readdirSync(dir.file("one")), ["@chunks"]);
  assert.deepEqual(readdirSync(dir.file("files")), []);
});

test("--init makes no directory: one that is missing may be one that is not mounted", async () => {
  await using dir = await TempDir.make();
  configure(dir, device("A", dir.file("none")));
  const { code, output } = await init(dir);
  assert.equal(code, 1);
  assert.match(output, /none is no directory/);
  assert.ok(!readdirSync(dir.path).includes("none"));
});
