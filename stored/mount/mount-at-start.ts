import { describeError } from "#lib/errors/operator-error.ts";
import { mountDevice } from "./operate.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { OperatorsTable } from "./operate.ts";
import type { RpcLog } from "#lib/rpc/server.ts";

/**
 * Looks what is in the drives with Automatic Mount = yes, so that jobs are given the drive that holds their Volume already. Each by itself and in the
 * background: a changer may take minutes, and a job that wants the drive waits for its turn. Never throws; what was found is logged.
 */
export function mountAtStart(hosts: Iterable<DeviceHost>, table: OperatorsTable, log: Pick<RpcLog, "info">): void {
  for (const host of hosts) if (host.settings.mountsAtStart === true && host.drive !== undefined) void look(host, table, log);
}

async function look(host: DeviceHost, table: OperatorsTable, log: Pick<RpcLog, "info">): Promise<void> {
  try {
    for await (const { line } of mountDevice(host, table)) log.info(`Automatic Mount: ${line}`);
  } catch (error) {
    log.info(`Automatic Mount: ${host.title}: ${describeError(error)}`);
  }
}
