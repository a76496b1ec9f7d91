import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";

const PROGRAM = `
  import { LineInput } from ${JSON.stringify(new URL("./line-input.ts", import.meta.url).href)};
  using input = new LineInput();
  let sum = 0;
  for (let line = await input.next(AbortSignal.timeout(60_000)); line !== undefined; line = await input.next(AbortSignal.timeout(60_000)))
    sum += Number(line);
  console.log(sum);
`;

test("every line that was typed ahead is taken once, however many they are, and then the end is told", async () => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", PROGRAM], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const ended = Promise.withResolvers<void>();
  child.once("close", () => ended.resolve());
  child.stdin.end(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(""));
  await ended.promise;
  assert.equal(text.trim(), String((20_000 * 19_999) / 2));
});
