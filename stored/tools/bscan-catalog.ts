import { catalogTime } from "#lib/base/local-time.ts";
import type { JobDescription, JobEndDescription } from "#lib/job-description/job-description.ts";
import type { Catalog, CatalogWriter } from "#catalog/catalog.ts";
import { deleteJobEvents, findLastEvent } from "#catalog/database/event-application.ts";
import { ensureClient, findClient } from "#catalog/queries/clients.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { insertJobMedia, lastVolIndex, type NewJobMedia } from "#catalog/queries/job-media.ts";
import { findJobByUniqueName, updateJob, type JobChanges } from "#catalog/queries/jobs.ts";
import {
  createJobAgain,
  filesPresent,
  findJobOfSession,
  forgetFilesAndPlaces,
  forgetPlaces,
  hasJobMedia,
  setFileSetTime,
} from "#catalog/queries/rebuild.ts";
import { ensureStorage } from "#catalog/queries/storages.ts";
import type { JobRow } from "#catalog/schema/job.ts";
import type { SessionEnd, SessionLabel } from "#stored/volume/session-label.ts";
import { BscanVolumes, secondOf, timeOf, type BscanCounts, type BscanOptions, type BscanScope } from "./bscan-volumes.ts";
import { sessionName, type ScannedSession } from "./bscan-session.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** Under this name bscan notes how far it came with a job; a note that is there at the start was left by a run that was interrupted. */
const DAEMON = "bscan";

/** Statuses with which a job has ended. */
const ENDED: ReadonlySet<string> = new Set(["T", "W", "E", "e", "f", "A", "D"]);

/** Puts what lies on Volumes into the catalog; each step leaves alone what is there already. */
export class BscanCatalog {
  readonly counts: BscanCounts = { media: 0, pools: 0, jobs: 0, files: 0 };
  readonly volumes: BscanVolumes;
  readonly #catalog: Catalog;
  readonly #scope: BscanScope;
  readonly #voice: ToolVoice;
  readonly #isVerbose: boolean;
  readonly #bareClients = new Set<string>();
  /** FileSets that this run made, by number, of which the time of creation is a guess. */
  readonly #bareFileSets = new Set<number>();

  constructor(catalog: Catalog, options: BscanOptions) {
    this.volumes = new BscanVolumes(catalog, options, this.counts);
    this.#catalog = catalog;
    this.#scope = options.scope;
    this.#voice = options.voice;
    this.#isVerbose = options.isVerbose;
  }

  /** Finds or makes the job of a session whose label was met, or that goes on from a Volume read in an earlier run. */
  async beginJob(session: ScannedSession): Promise<void> {
    const { label } = session;
    const known = await this.#findJob(session, label);
    if (known !== null) return await this.#resume(session, known);
    if (label === undefined) {
      this.#voice.error(
        `Could not find ${sessionName(session.key)} on the Volumes or in the catalog: name Volumes in the order in which they were written.`,
      );
      session.job = { kind: "ignored" };
      return;
    }
    if (this.#scope !== "media") this.counts.jobs += 1;
    if (this.#scope !== "all") {
      this.#tell(`SOS_LABEL: Job record not found for JobId: ${label.jobId}`);
      session.job = { kind: "ignored", isMissing: true };
      return;
    }
    const pool = await this.volumes.pool(label.pool, label.poolType);
    const time = timeOf(label.date);
    const jobId = await this.#catalog.transaction(async (tx) => {
      const clientId = await this.#client(tx, label.client);
      const fileSetId = await this.#fileSet(tx, label);
      return await createJobAgain(tx, label.jobId, {
        Job: label.job === "" ? `${label.jobName}.${label.jobId}` : label.job,
        Name: label.jobName,
        Type: label.type === "" ? "B" : label.type,
        Level: label.level === "" ? "F" : label.level,
        ClientId: clientId,
        JobStatus: "I",
        SchedTime: time,
        StartTime: time,
        EndTime: time,
        RealEndTime: time,
        JobTDate: secondOf(label.date),
        VolSessionId: session.key.id,
        VolSessionTime: session.key.time,
        PoolId: pool?.PoolId ?? 0,
        FileSetId: fileSetId,
      });
    });
    session.job = { kind: "job", jobId, isOurs: true, present: undefined };
    this.#voice.message(`Created new JobId=${jobId} record for original JobId=${label.jobId}`);
  }

  /** What the Volume says of a job beside its label goes into the rows that this run made. */
  async describe(session: ScannedSession, description: JobDescription): Promise<void> {
    const { job, label } = session;
    if (job.kind !== "job" || !job.isOurs || label === undefined) return;
    await this.#catalog.transaction(async (tx) => {
      const { scheduled, started, comment } = description.job;
      await updateJob(tx, job.jobId, {
        ...(scheduled > 0 ? { SchedTime: catalogTime(scheduled * 1000) } : {}),
        ...(started > 0 ? { StartTime: catalogTime(started * 1000) } : {}),
        Comment: comment,
      });
      if (this.#bareClients.has(label.client)) {
        const { uname, autoPrune, fileRetention, jobRetention } = description.client;
        await ensureClient(tx, {
          Name: label.client,
          Uname: uname,
          AutoPrune: autoPrune,
          FileRetention: fileRetention,
          JobRetention: jobRetention,
        });
      }
      if (description.storage.name !== "")
        session.storageId = (
          await ensureStorage(tx, { Name: description.storage.name, AutoChanger: description.storage.autoChanger })
        ).StorageId;
    });
    await this.#describeFileSet(label, description);
    await this.volumes.describePool(label.pool, label.poolType, description.pool);
  }

  /** The session is over: how the job ended. */
  async endJob(
    session: ScannedSession,
    end: SessionEnd & { readonly date: number },
    counts: JobEndDescription | undefined,
  ): Promise<void> {
    const { job } = session;
    if (job.kind !== "job" || !job.isOurs) return;
    const time = timeOf(end.date);
    await this.#update(job.jobId, {
      JobStatus: end.status === "" ? "T" : end.status,
      EndTime: time,
      RealEndTime: time,
      JobTDate: secondOf(end.date),
      JobFiles: counts?.files ?? end.files,
      JobBytes: counts?.bytes ?? end.bytes,
      ReadBytes: counts?.readBytes ?? 0,
      JobMissingFiles: counts?.missingFiles ?? 0,
      JobErrors: end.errors,
      PurgedFiles: 0,
    });
    this.#tell(
      `Updated Job termination record for JobId=${job.jobId} Level=${session.label?.level ?? ""} TermStat=${end.status}`,
    );
  }

  /** All Volumes were read, but the session's end was on none of them. */
  async incompleteJob(session: ScannedSession): Promise<void> {
    const { job } = session;
    if (job.kind !== "job" || !job.isOurs) return;
    this.#voice.warning(`JobId=${job.jobId} has no end on these Volumes and is incomplete.`);
    await this.#update(job.jobId, { JobStatus: "I", JobFiles: session.files, JobBytes: session.bytes, PurgedFiles: 0 });
  }

  /** Stores a batch of attributes and digests. Throws CATALOG_BATCH_INVALID if a record in it is damaged. */
  async files(session: ScannedSession, batch: Uint8Array): Promise<void> {
    const { job } = session;
    if (job.kind !== "job") return;
    if (this.#scope !== "all") return;
    const applied = await this.#catalog.applyEvents({
      jobId: job.jobId,
      daemon: DAEMON,
      events: [{ event: session.event, kind: "attributes", batch }],
    });
    session.event += 1;
    this.counts.files += applied.files;
  }

  /** Notes where a job lies on a Volume, unless that is known. */
  async place(session: ScannedSession, mediaId: number, row: NewJobMedia, isFirst: boolean): Promise<boolean> {
    const { job } = session;
    if (job.kind !== "job" || this.#scope !== "all") return false;
    if (isFirst && job.isOurs) await forgetPlaces(this.#catalog, job.jobId, mediaId);
    else if (isFirst && (await hasJobMedia(this.#catalog, job.jobId, mediaId))) return false;
    await insertJobMedia(this.#catalog, [{ ...row, JobId: job.jobId }]);
    this.#tell(`Created JobMedia record JobId ${job.jobId}, MediaId ${mediaId}`);
    return true;
  }

  /** Nothing of this session comes any more in this run. */
  async leaveJob(session: ScannedSession): Promise<void> {
    const { job } = session;
    if (job.kind === "ignored" && job.isMissing === true && this.#scope === "nothing") this.counts.files += session.files;
    if (job.kind === "job" && this.#scope === "all") await deleteJobEvents(this.#catalog, job.jobId);
  }

  async #findJob(session: ScannedSession, label: SessionLabel | undefined): Promise<JobRow | null> {
    const bySession = await findJobOfSession(this.#catalog, session.key);
    if (bySession !== null && (label === undefined || label.job === "" || bySession.Job === label.job)) return bySession;
    const byName = label === undefined || label.job === "" ? null : await findJobByUniqueName(this.#catalog, label.job);
    if (byName === null) return null;
    // A job that had not got its session when the catalog was dumped: the catalog backup itself.
    const isSame = byName.VolSessionId === session.key.id && byName.VolSessionTime === session.key.time;
    return isSame || byName.VolSessionTime === 0 ? byName : null;
  }

  async #resume(session: ScannedSession, row: JobRow): Promise<void> {
    const jobId = row.JobId;
    if (!ENDED.has(row.JobStatus) && row.JobStatus !== "I") {
      this.#voice.warning(`JobId=${jobId} is running (status ${row.JobStatus}): it is left to its Director.`);
      session.job = { kind: "ignored" };
      return;
    }
    this.#tell(`SOS_LABEL: Found Job record for JobId: ${jobId}`);
    if (this.#scope !== "all") {
      session.job = { kind: "ignored" };
      return;
    }
    if ((await findLastEvent(this.#catalog, jobId, DAEMON)) > 0) {
      this.#voice.warning(`JobId=${jobId} was left half rebuilt by a run before: its files are stored anew.`);
      await forgetFilesAndPlaces(this.#catalog, jobId);
      await deleteJobEvents(this.#catalog, jobId);
    }
    const present = await filesPresent(this.#catalog, jobId);
    session.volIndexBase = session.label === undefined ? await lastVolIndex(this.#catalog, jobId) : 0;
    session.job = { kind: "job", jobId, isOurs: row.JobStatus === "I", present: present.files === 0 ? undefined : present };
    if (row.PurgedFiles === 1) await updateJob(this.#catalog, jobId, { PurgedFiles: 0 });
    if (row.VolSessionTime === 0) await this.#giveSession(session, jobId);
  }

  async #giveSession({ key, label }: ScannedSession, jobId: number): Promise<void> {
    const pool = label === undefined ? null : await this.volumes.pool(label.pool, label.poolType);
    await updateJob(this.#catalog, jobId, {
      VolSessionId: key.id,
      VolSessionTime: key.time,
      ...(pool === null ? {} : { PoolId: pool.PoolId }),
    });
  }

  async #update(jobId: number, changes: JobChanges): Promise<void> {
    if (this.#scope === "all") await updateJob(this.#catalog, jobId, changes);
  }

  async #client(tx: CatalogWriter, name: string): Promise<number> {
    const known = await findClient(tx, name);
    if (known !== null) return known.ClientId;
    const { client } = await ensureClient(tx, { Name: name, Uname: "", AutoPrune: 0, FileRetention: 0, JobRetention: 0 });
    this.#bareClients.add(name);
    this.#voice.message(`Created Client record for Client: ${name}`);
    return client.ClientId;
  }

  async #fileSet(tx: CatalogWriter, label: SessionLabel): Promise<number> {
    const record = { FileSet: label.fileset, MD5: label.filesetMd5, CreateTime: timeOf(label.date) ?? catalogTime(0) };
    const { fileSet, isNew } = await ensureFileSet(tx, record);
    if (isNew) this.#bareFileSets.add(fileSet.FileSetId);
    if (isNew) this.#tell(`Created FileSet record "${label.fileset}"`);
    return fileSet.FileSetId;
  }

  async #describeFileSet(label: SessionLabel, { fileset }: JobDescription): Promise<void> {
    const { fileSet } = await ensureFileSet(this.#catalog, {
      FileSet: label.fileset,
      MD5: label.filesetMd5,
      CreateTime: timeOf(label.date) ?? catalogTime(0),
    });
    if (!this.#bareFileSets.delete(fileSet.FileSetId)) return;
    if (fileset.created > 0) await setFileSetTime(this.#catalog, fileSet.FileSetId, catalogTime(fileset.created * 1000));
    if (fileset.text !== "") this.#tell(`FileSet "${label.fileset}" was:\n${fileset.text.trimEnd()}`);
  }

  #tell(text: string): void {
    if (this.#isVerbose) this.#voice.message(text);
  }
}
