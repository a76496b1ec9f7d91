import type { Clock } from "#lib/base/clock.ts";
import { ordinaryBackoff, backoffMs, type Backoff } from "#lib/base/retry.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { listForgetfulStorages, listForgottenSessions, removeForgottenSessions } from "#catalog/queries/forgotten-sessions.ts";
import type { SavedSession } from "#proto/stored.ts";

/** Sessions in one request; the most that a storage daemon takes. */
const SESSIONS_PER_REQUEST = 10_000;
/** A storage daemon that cannot be reached is asked again after seconds, later every five minutes. */
const BACKOFF: Backoff = { ...ordinaryBackoff, firstMs: 2_000, maxMs: 300_000 };

/** What the forgetter is made of. */
export interface ForgetterParts {
  /** The open catalogs, by name. */
  readonly catalogs: () => ReadonlyMap<string, Catalog>;
  /** Tells the daemon of a Storage resource; resolves when it has acknowledged. Throws RESOURCE_UNKNOWN if there is no such resource. */
  readonly forget: (storage: string, sessions: readonly SavedSession[], signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: (text: string) => void;
}

/**
 * Tells storage daemons which saved sessions their stores of chunks may forget. What is to be told lies in the catalog, so nothing is
 * lost with the Director; nobody waits for it. Each storage is served by itself: one that is away does not delay others.
 */
export class SessionForgetter implements AsyncDisposable {
  readonly #parts: ForgetterParts;
  readonly #leaving = new AbortController();
  readonly #serving = new Map<string, Promise<void>>();
  /** Storages for which there was more to tell while they were being told. */
  readonly #again = new Set<string>();
  /** Aborted to end the waits of those that try again. */
  #wake = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: ForgetterParts) {
    this.#parts = parts;
  }

  /** There may be something to tell: at the start, and after jobs were deleted. Returns at once. */
  changed(): void {
    if (this.#leaving.signal.aborted) return;
    this.#wake.abort();
    this.#wake = new AbortController();
    this.#looking = this.#looking.then(async () => await this.#look());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort(new OperatorError("CANCELED", "the Director is stopping"));
    await this.#looking;
    await Promise.all(this.#serving.values());
  }

  async #look(): Promise<void> {
    for (const [name, catalog] of this.#parts.catalogs()) {
      if (this.#leaving.signal.aborted) return;
      try {
        for (const storage of await listForgetfulStorages(catalog)) this.#serve(name, catalog, storage);
      } catch (error) {
        if (!this.#leaving.signal.aborted)
          this.#parts.log(`Catalog "${name}": cannot see what stores are to forget: ${describeError(error)}`);
      }
    }
  }

  #serve(catalogName: string, catalog: Catalog, storage: { readonly StorageId: number; readonly Name: string | null }): void {
    const key = `${catalogName}\0${storage.StorageId}`;
    if (this.#serving.has(key)) {
      this.#again.add(key); // it may have looked already before there was more to tell
      return;
    }
    const serving = this.#tellAll(catalog, storage).finally(() => {
      this.#serving.delete(key);
      if (this.#again.delete(key)) this.changed();
    });
    this.#serving.set(key, serving);
  }

  /** Tells one storage until nothing is left; never rejects. */
  async #tellAll(
    catalog: Catalog,
    { StorageId, Name }: { readonly StorageId: number; readonly Name: string | null },
  ): Promise<void> {
    const signal = this.#leaving.signal;
    for (let failures = 0; !signal.aborted;) {
      try {
        const told = await this.#tellSome(catalog, StorageId, Name ?? "");
        if (told === 0) return;
        if (failures > 0) this.#parts.log(`Storage "${Name}" has been told what to forget.`);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (failures === 1)
          this.#parts.log(`Storage "${Name}" is to free space of deleted jobs and cannot be told yet: ${describeError(error)}`);
        await this.#pause(backoffMs(BACKOFF, failures, Math.random()));
      }
    }
  }

  /** One request, and the removal of what it told. Answers how many sessions. */
  async #tellSome(catalog: Catalog, storageId: number, name: string): Promise<number> {
    const rows = await listForgottenSessions(catalog, storageId, SESSIONS_PER_REQUEST);
    if (rows.length === 0) return 0;
    const sessions = rows.map((row) => ({
      volSessionId: row.VolSessionId,
      volSessionTime: row.VolSessionTime,
      volume: row.VolumeName,
    }));
    await this.#parts.forget(name, sessions, this.#leaving.signal);
    await removeForgottenSessions(
      catalog,
      rows.map((row) => row.ForgottenSessionId),
    );
    return rows.length;
  }

  async #pause(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#leaving.signal, this.#wake.signal]);
    await this.#parts.clock.sleep(ms, signal).catch(() => {}); // woken, or the Director stops
  }
}
