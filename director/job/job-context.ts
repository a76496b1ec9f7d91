import type { Clock } from "#lib/base/clock.ts";
import type { Catalog } from "#catalog/catalog.ts";
import type { StorageResource } from "#director/config/storage.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { JobMessages } from "#director/messages/job-messages.ts";
import type { VolumeClaims } from "#director/media/volume-claims.ts";
import type { VolumeFinder } from "#director/media/next-volume.ts";
import type { VolumeRevisions } from "#director/media/volume-state.ts";
import type { DaemonClients } from "#director/clients/daemon-clients.ts";
import type { Pressure } from "#director/pressure/pressure.ts";
import type { RetentionParts } from "#director/retention/parts.ts";
import type { DirectorJob } from "./director-job.ts";
import type { ReportHead } from "./report.ts";

/** A catalog with what the Director keeps in memory about its Volumes. */
export interface CatalogDesk {
  readonly catalog: Catalog;
  readonly finder: VolumeFinder;
  readonly claims: VolumeClaims;
  readonly revisions: VolumeRevisions;
  readonly retention: RetentionParts;
  /** Keeps the levels of Storages; undefined: nobody does. */
  readonly pressure: Pressure | undefined;
}

/** What the engine is made of; everything a job may reach. */
export interface EngineParts {
  readonly config: () => DirectorConfig;
  readonly clock: Clock;
  readonly desk: (catalogName: string) => CatalogDesk;
  /** There are saved sessions in the catalog that their storages are to be told to forget. */
  readonly sessionsToForget: () => void;
  readonly daemons: DaemonClients;
  /** Where the messages of a job go. */
  readonly messagesFor: (job: DirectorJob) => JobMessages;
  readonly head: ReportHead;
  /** Whether operators have left the resource on (`enable`, `disable`). */
  readonly isEnabled: (kind: "job" | "client" | "storage" | "pool", name: string, configured: boolean) => boolean;
  /** Runs a console command as the Director itself: console run scripts. */
  readonly console: (command: string, signal: AbortSignal) => Promise<string>;
  /** Tells the Director's own log. */
  readonly log: (text: string, error?: unknown) => void;
}

/** What one running job may reach. */
export interface JobContext {
  readonly parts: EngineParts;
  readonly job: DirectorJob;
  readonly desk: CatalogDesk;
  readonly messages: JobMessages;
  /** Aborts when the Director stops: the job is left as it is, for the next Director to take up. */
  readonly leaving: AbortSignal;
  /** Whether the Storage has no place for another job (Maximum Concurrent Jobs), this one not counted. */
  readonly isFull: (storage: StorageResource) => boolean;
}
