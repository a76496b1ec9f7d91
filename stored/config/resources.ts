import { messagesTable, type MessagesResource } from "#lib/config/message-routes.ts";
import { statisticsTable, type StatisticsResource } from "#lib/config/statistics-resource.ts";
import { autochangerTable, type AutochangerResource } from "./autochanger.ts";
import { cloudTable, type CloudResource } from "./cloud.ts";
import { deviceTable, type DeviceResource } from "./device.ts";
import { directorTable, type DirectorResource } from "./director.ts";
import { storageDaemonTable, type StorageDaemonResource } from "./storage-daemon.ts";

/** Resource types of the storage daemon by the name that references use. */
export interface StorageResources {
  readonly Storage: StorageDaemonResource;
  readonly Director: DirectorResource;
  readonly Device: DeviceResource;
  readonly Autochanger: AutochangerResource;
  readonly Cloud: CloudResource;
  readonly Messages: MessagesResource;
  readonly Statistics: StatisticsResource;
}

/** Every resource type that bacula-sd.conf may hold. */
export const storageTables = [
  storageDaemonTable,
  directorTable,
  deviceTable,
  autochangerTable,
  cloudTable,
  messagesTable([]),
  statisticsTable,
] as const;
