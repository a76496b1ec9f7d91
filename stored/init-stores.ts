import { configPath } from "#lib/config/default-path.ts";
import { readCommandLine } from "#lib/daemon/cli.ts";
import { dropPrivileges } from "#lib/daemon/privileges.ts";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { loadStorageConfig } from "./config/load.ts";
import { deviceSettings } from "./device/device-settings.ts";
import { storesOf } from "./store/store-host.ts";
import type { StoreHost } from "./store/store-host.ts";

/**
 * `nocturne-sd --init`: makes the stores that are not there yet and says what it made; answers the exit code. `args`: the command line
 * without the option; -c, -u and -g are heeded, so that the stores belong to the daemon's user.
 */
export async function initStores(args: readonly string[]): Promise<number> {
  const command = readCommandLine(args);
  if (command.kind !== "run") {
    process.stderr.write(
      `nocturne-sd: ${command.kind === "wrong" ? command.message : "--init goes with -c, -u and -g only"}\n`,
    );
    return 1;
  }
  try {
    const config = await loadStorageConfig(await configPath("bacula-sd.conf", command.flags.configFile));
    await dropPrivileges(command.flags, []);
    const log = { info: () => {}, error: (text: string, error: unknown) => complain(`${text}: ${describeError(error)}`) };
    const stores = storesOf(
      [...config.devices.values()].map((device) => deviceSettings(device)),
      log,
    );
    if (stores.all.length === 0) say("no device is of type Dedup or Btrfs: there is nothing to make");
    let failures = 0;
    for (const store of stores.all) if (!(await initStore(store))) failures += 1;
    return failures === 0 ? 0 : 1;
  } catch (error) {
    complain(describeError(error));
    return 1;
  }
}

/** Makes one store unless it is there; says so. False if that failed. */
async function initStore(host: StoreHost): Promise<boolean> {
  await using store = host;
  const { directory } = store.settings;
  try {
    const facts = await store.open();
    say(`${directory}: store ${facts.store} is there already`);
    return true;
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "STORE_NOT_INITIALIZED") {
      complain(`${directory}: ${describeError(error)}`);
      return false;
    }
  }
  try {
    const facts = await store.init();
    say(`${directory}: made store ${facts.store}`);
    return true;
  } catch (error) {
    complain(`${directory}: ${describeError(error)}`);
    return false;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`nocturne-sd: ${line}\n`);
}
