import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { loadDirectorConfig } from "./load.ts";

const PATH = "/etc/bacula/bacula-dir.conf";
const isThere = await access(PATH).then(
  () => true,
  () => false,
);
if (!isThere && process.env["CI"] === "true") throw new Error(`${PATH} is missing (Debian: bacula-director)`);

test(
  "the configuration that Debian ships for the Director loads unchanged",
  { skip: isThere ? false : `${PATH} is missing (Debian: bacula-director)` },
  async () => {
    const { jobs, clients, storages, pools, fileSets, schedules, messages, consoles } = await loadDirectorConfig(PATH);
    const backup = jobs.get("BackupClient1")!;
    assert.deepEqual(
      [backup.type, backup.level, backup.fileSet.name, backup.pool.name, backup.storage[0]!.name],
      ["Backup", "Incremental", "Full Set", "File", "File1"],
    );
    assert.equal(backup.client, [...clients.values()][0]);
    assert.deepEqual(
      jobs.get("BackupCatalog")!.runScripts.map((script) => script.keyword),
      ["RunBeforeJob", "RunAfterJob"],
    );
    assert.equal(pools.get("File")!.maximumVolumeBytes, 50 * 2 ** 30);
    assert.deepEqual(fileSets.get("Full Set")!.include[0]!.options[0]!.signature, "MD5");
    assert.deepEqual(
      schedules.get("WeeklyCycle")!.run.map((run) => run.overrides.level),
      ["Full", "Differential", "Incremental"],
    );
    assert.deepEqual(
      messages.get("Standard")!.routes.map((route) => route.destination),
      ["Mail", "Operator", "Console", "Append", "Catalog"],
    );
    assert.deepEqual([...consoles.values()][0]!.commandAcl, ["status", ".status"]);
    assert.deepEqual([...storages.keys()], ["File1", "File2"]);
  },
);
