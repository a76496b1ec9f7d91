import { describeError } from "#lib/errors/operator-error.ts";
import { OperatorWait } from "../mount/operator-wait.ts";
import type { Changes } from "../job/changes.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { JobVoice } from "../job/job-voice.ts";

/** A job that may find no room. */
export interface RoomSeeker {
  readonly host: DeviceHost;
  readonly voice: JobVoice;
  readonly pool: string;
  readonly jobName: string;
  /** Notified when an operator did something. */
  readonly poke: Changes;
  readonly signal: AbortSignal;
}

/** A promise of room that is followed by another lack so soon was none. */
const TRY_AGAIN_MS = 20_000;

/**
 * What a job does whose device has no room, while it stays on that device: it has the Director make room, and if nobody can it waits, within bounds, and
 * looks again. Made once for a job, so that its waits for one lack are bounded together.
 */
export class RoomWait {
  readonly #seeker: RoomSeeker;
  readonly #wait: OperatorWait;
  /** Writes of one job that find no room at once wait for one answer. */
  #asking: Promise<boolean> | undefined;
  #mayAsk = true;
  /** When the Director last said that there is room. */
  #promisedAt = Number.NEGATIVE_INFINITY;
  /** When the last lack was over, as far as was known then. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(seeker: RoomSeeker) {
    this.#seeker = seeker;
    const { voice, poke, host, signal } = seeker;
    this.#wait = new OperatorWait({ voice, poke, maxWaitMs: host.settings.roomWaitMs, signal });
  }

  /** Whether the job is to try again. Never rejects; what there is to say the job's log has. */
  async ask(why: Error): Promise<boolean> {
    this.#asking ??= this.#ask(why)
      .catch((error: unknown) => {
        if (!this.#seeker.signal.aborted) this.#seeker.voice.say("error", describeError(error));
        return false;
      })
      .finally(() => {
        this.#asking = undefined;
        this.#answeredAt = performance.now();
      });
    return await this.#asking;
  }

  /** Room was promised. When it was promised a moment ago, and was not there, it is waited for. */
  async #isWorthTrying(why: Error): Promise<boolean> {
    const { host, jobName } = this.#seeker;
    const now = performance.now();
    if (now - this.#promisedAt < TRY_AGAIN_MS) await this.#wait.until("M", pleaseMakeRoom(host, jobName, describeError(why)));
    this.#promisedAt = performance.now();
    return true;
  }

  async #ask(why: Error): Promise<boolean> {
    const { host, voice, pool, jobName, signal } = this.#seeker;
    if (signal.aborted) return false;
    // So long after the last answer it is another lack: what the job has written since then was no wait.
    if (performance.now() - this.#answeredAt > host.settings.roomWaitMs) this.#wait.begin();
    if (this.#mayAsk) voice.say("warning", `${host.title} has no room: ${describeError(why)}. Room is asked for.`);
    const findVolume = { pool, mediaType: host.settings.mediaType, refused: [], device: host.name, noSpace: true };
    const reason = `Job ${jobName} found no room on ${host.title}`;
    const answer = await voice.ask({ reason, ask: { $case: "findVolume", value: findVolume } }, signal);
    this.#mayAsk = answer.$case === "use";
    if (answer.$case === "use") return await this.#isWorthTrying(why);
    if (answer.$case === "refuse") {
      voice.say("error", `No room can be made on ${host.title}: ${answer.value}`);
      return false;
    }
    await this.#wait.until("M", pleaseMakeRoom(host, jobName, answer.value));
    return true;
  }
}

/** What an operator is asked for. */
export function pleaseMakeRoom({ settings: { name, archiveDevice } }: DeviceHost, jobName: string, why: string): string {
  return [
    `Job ${jobName} is waiting: there is no space left on device "${name}".${why === "" ? "" : ` (${why})`}`,
    'Please make room there (delete or purge jobs, or enlarge its file system), then use the "mount" command for:',
    `    Storage:      "${name}" (${archiveDevice})`,
  ].join("\n");
}
