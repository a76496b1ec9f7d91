import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { testHost } from "#lib/testing/config-host.ts";
import { loadConsoleConfig, parseConsoleConfig } from "./load.ts";

const PATH = "/etc/bacula/bconsole.conf";
const isThere = await access(PATH).then(
  () => true,
  () => false,
);
if (!isThere && process.env["CI"] === "true") throw new Error(`${PATH} is missing (Debian: bacula-console)`);

test(
  "the configuration that Debian ships for bconsole loads unchanged",
  { skip: isThere ? false : `${PATH} is missing (Debian: bacula-console)` },
  async () => {
    const { directors } = await loadConsoleConfig(PATH);
    assert.deepEqual(
      [...directors.values()].map(({ address, dirPort }) => [address, dirPort]),
      [["localhost", 9101]],
    );
  },
);

test("a restricted console names itself, and a Director is needed", async () => {
  const load = (text: string) => parseConsoleConfig(text, "f", { host: testHost() });
  const { consoles, directors } = await load(
    "Director { Name = d; Address = h; Password = x; History File = /h }\nConsole { Name = k; Password = y; Director = d }",
  );
  assert.deepEqual(
    [consoles.get("k")!.password.reveal(), directors.get("d")!.historyFile, directors.get("d")!.historyFileSize],
    ["y", "/h", 100],
  );
  await assert.rejects(load("Console { Name = k; Password = y }"), /there is no Director resource/);
});
