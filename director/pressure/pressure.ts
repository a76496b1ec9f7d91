import { recordSpace } from "#catalog/queries/pressure.ts";
import { must } from "#lib/base/assert.ts";
import { Mutex } from "#lib/base/lock.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { StorageResource } from "../config/storage.ts";
import type { SpaceAnswer, SpaceRelief, SpaceWish } from "../media/space-relief.ts";
import { amount, isMetadataShort, levelBytes, levelsOf, roomText, shortage, type PressureLevels, type Room } from "./levels.ts";
import type { NextVictim } from "./plan.ts";
import { PlanThread } from "./plan-thread.ts";
import { roomsOf, type DiskRoom, type RoomSource } from "./rooms.ts";
import { collectDead, takeStep, victimText, type StepParts } from "./take-step.ts";

/** What it is made of. */
export interface PressureParts extends StepParts, RoomSource {}

/** Hears what is done and why, a line at a time. */
export type SayLine = (line: string) => Promise<void>;

/** What making room came to. */
interface Made {
  readonly isEnough: boolean;
  /** Nothing more may be deleted: waiting does not help, but a person might. */
  readonly isStuck: boolean;
  readonly why: string;
}

const DAY_MS = 86_400_000;

/** Longest time for one making of room, and for the space of one step to appear. */
const MAKE_MS_MAX = 3_600_000;
const FREED_MS_MAX = 180_000;
const FREED_LOOK_MS = 500;

/** What a job that found no room needs more, at least: this share of the file system, and no less than these bytes. */
const GAIN_SHARE = 0.02;
const GAIN_BYTES = 32 * 1024 * 1024;

/**
 * Makes room on the file systems of disk devices by giving up the backups that are worth least, one after the other, as the levels of their Storage say.
 * One file system at a time; nothing is given up while space that was freed is still to come.
 */
export class Pressure implements SpaceRelief {
  readonly #parts: PressureParts;
  readonly #turns = new Map<string, Mutex>();

  constructor(parts: PressureParts) {
    this.#parts = parts;
  }

  /** A job found no room on a device. Also where no levels are set what is dead is collected; only then nothing is deleted. */
  async relieve(wish: SpaceWish, signal: AbortSignal): Promise<SpaceAnswer> {
    const lines: string[] = [];
    const say: SayLine = async (line) => void lines.push(line);
    const storage = this.#parts.config().storages.get(wish.storage);
    if (storage === undefined) return { isFreed: false, lines };
    try {
      const disks = await roomsOf(this.#parts, storage, signal);
      const disk = disks.find(({ devices }) => devices.some(({ device }) => device === wish.device)) ?? disks[0];
      if (disk === undefined) return { isFreed: false, lines };
      const levels = levelsOf(storage);
      const made = await this.#make(storage, disk, { levels, goal: forcedGoal(disk.room, levels), say }, signal);
      if (made.isEnough) return { isFreed: true, lines };
      return { isFreed: false, isHopeless: made.isStuck && levels !== undefined, lines: [...lines, made.why] };
    } catch (error) {
      if (signal.aborted || !(error instanceof OperatorError)) throw error;
      return { isFreed: false, lines: [...lines, describeError(error)] };
    }
  }

  /**
   * Sees to it that the levels of a Storage hold: before a job begins, now and then, and when an operator asks; and keeps how much room there is. Throws
   * DEVICE_PLACE_UNUSABLE where nothing can be written. Answers why a level could not be reached; undefined: all is well.
   */
  async keepLevels(storage: StorageResource, say: SayLine, signal: AbortSignal): Promise<string | undefined> {
    const levels = levelsOf(storage);
    let problem: string | undefined;
    for (const disk of await roomsOf(this.#parts, storage, signal)) {
      await this.#record(storage, disk);
      if (levels === undefined) continue;
      requireUsable(storage, disk);
      const short = shortage(disk.room, levels.below);
      if (short === undefined) continue;
      await say(`Storage "${storage.name}": ${short}. Making room until ${roomGoalText(levels, disk.room)} are free.`);
      const made = await this.#make(
        storage,
        disk,
        { levels, goal: (room) => shortage(room, levels.until) === undefined, say },
        signal,
      );
      if (!made.isEnough) problem = made.why;
    }
    return problem;
  }

  /** What would be given up next on the file systems of a Storage, first to last, at most so many steps; and how it stands. Changes nothing. */
  async foretell(storage: StorageResource, steps: number, signal: AbortSignal): Promise<readonly Foretold[]> {
    const levels = levelsOf(storage);
    const told: Foretold[] = [];
    await using thread = new PlanThread(this.#parts.retention);
    for (const disk of await roomsOf(this.#parts, storage, signal)) {
      requireUsable(storage, disk);
      const plan = await thread.plan({ storages: namesOf(disk), steps: steps + 1 }, signal);
      told.push({
        place: disk.devices[0]!.archiveDevice,
        room: roomText(disk.room),
        levels,
        short: levels === undefined ? undefined : shortage(disk.room, levels.below),
        steps: plan.steps.slice(0, steps).map((victim) => ({
          what: victimText(victim),
          why: victim.why,
          jobIds: victim.jobs.map(({ jobId }) => jobId),
        })),
        end: plan.steps.length > steps ? undefined : plan.end,
      });
    }
    return told;
  }

  /** The steps on one file system, until the goal is met or nothing more can be done. */
  async #make(
    storage: StorageResource,
    disk: DiskRoom,
    wish: { readonly levels: PressureLevels | undefined; readonly goal: (room: Room) => boolean; readonly say: SayLine },
    signal: AbortSignal,
  ): Promise<Made> {
    requireUsable(storage, disk);
    using _turn = await this.#turnOf(disk.key).acquire(signal);
    const { levels, goal, say } = wish;
    const deadline = this.#parts.clock.monotonicMs() + MAKE_MS_MAX;
    let now = await this.#settled(storage, disk, goal, say, signal);
    await using thread = new PlanThread(this.#parts.retention);
    while (!goal(now.room)) {
      const standing = `Storage "${storage.name}" (${now.devices[0]!.archiveDevice}): ${roomText(now.room)}`;
      if (levels === undefined)
        return {
          isEnough: false,
          isStuck: true,
          why: `${standing}. Nothing is deleted to make room: no Prune When Free Below is set`,
        };
      if (this.#parts.clock.monotonicMs() > deadline)
        return { isEnough: false, isStuck: false, why: `${standing}. Making room took too long and was stopped` };
      const next = await this.#giveUp(thread, now, async (line) => await say(`${standing}. ${line}`), signal);
      if (next.kind === "none")
        return {
          isEnough: false,
          isStuck: true,
          why: `${standing}. No more room can be made, nothing may be deleted: ${next.why}`,
        };
      now = await this.#settled(storage, now, goal, say, signal);
    }
    await say(`Storage "${storage.name}" (${now.devices[0]!.archiveDevice}): ${roomText(now.room)}. That is enough.`);
    return { isEnough: true, isStuck: false, why: "" };
  }

  /** One step, while nobody else prunes. Answers what it was. */
  async #giveUp(thread: PlanThread, disk: DiskRoom, say: SayLine, signal: AbortSignal): Promise<NextVictim> {
    using _turn = await this.#parts.retention.turn.acquire(signal);
    const { steps, end } = await thread.plan({ storages: namesOf(disk), steps: 1 }, signal);
    const [next] = steps;
    if (next === undefined) return { kind: "none", why: must(end, "why nothing goes") };
    await say(`Deleting ${victimText(next)}: ${next.why}.`);
    await takeStep(this.#parts, disk, next, signal);
    return next;
  }

  /** How it stands when nothing more comes back by itself, or the goal is met before. DEVICE_PLACE_UNUSABLE when nothing can be written any more. */
  async #settled(
    storage: StorageResource,
    disk: DiskRoom,
    goal: (room: Room) => boolean,
    say: SayLine,
    signal: AbortSignal,
  ): Promise<DiskRoom> {
    const { clock } = this.#parts;
    await collectDead(this.#parts, disk, signal);
    const deadline = clock.monotonicMs() + FREED_MS_MAX;
    for (let looks = 0; ; looks++) {
      const now = await this.#again(storage, disk, signal);
      requireUsable(storage, now);
      if (goal(now.room) || !now.isPending || clock.monotonicMs() > deadline) return now;
      if (looks === 0)
        await say(`Storage "${storage.name}": waiting for space that was freed to appear (${amount(now.room.free)} are free).`);
      await clock.sleep(FREED_LOOK_MS, signal);
    }
  }

  /** Keeps the room of a Storage's devices, for the forecast. */
  async #record(storage: StorageResource, disk: DiskRoom): Promise<void> {
    const { catalog, now } = this.#parts.retention;
    const Day = Math.floor(now() / DAY_MS);
    for (const { device, total, free } of disk.devices) {
      if (total === 0 || !disk.own.has(device)) continue;
      const sample = { StorageName: storage.name, DeviceName: device, Day, TotalBytes: total, FreeBytes: free };
      await catalog.transaction(async (tx) => await recordSpace(tx, sample), { idempotent: true });
    }
  }

  async #again(storage: StorageResource, disk: DiskRoom, signal: AbortSignal): Promise<DiskRoom> {
    const found = await roomsOf(this.#parts, storage, signal);
    const device = disk.devices[0]!.device;
    // After an unmount it is another file system, and says so.
    return (
      found.find(({ key }) => key === disk.key) ??
      found.find(({ devices }) => devices.some((one) => one.device === device)) ??
      disk
    );
  }

  #turnOf(key: string): Mutex {
    const turn = this.#turns.get(key) ?? new Mutex();
    this.#turns.set(key, turn);
    return turn;
  }
}

function namesOf(disk: DiskRoom): readonly string[] {
  return disk.storages.map(({ name }) => name);
}

/** What is foretold of one file system. */
export interface Foretold {
  readonly place: string;
  readonly room: string;
  readonly levels: PressureLevels | undefined;
  /** What is short now; undefined: nothing is. */
  readonly short: string | undefined;
  readonly steps: readonly { readonly what: string; readonly why: string; readonly jobIds: readonly number[] }[];
  /** Why nothing follows the last step; undefined: more does. */
  readonly end: string | undefined;
}

/** What a job needs that found no room: the upper level, and more than there is. */
function forcedGoal(before: Room, levels: PressureLevels | undefined): (room: Room) => boolean {
  const gain = Math.min(before.total, Math.max(GAIN_BYTES, before.total * GAIN_SHARE));
  const lacksMetadata = isMetadataShort(before);
  return (room) => {
    if (levels !== undefined && shortage(room, levels.until) !== undefined) return false;
    if (lacksMetadata) return !isMetadataShort(room);
    const needed =
      levels === undefined ? before.free + gain : Math.max(before.free + gain, levelBytes(levels.until, room.total));
    return room.free >= Math.min(needed, room.total * 0.9);
  };
}

function roomGoalText({ until }: PressureLevels, room: Room): string {
  return amount(levelBytes(until, room.total));
}

function requireUsable(storage: StorageResource, disk: DiskRoom): void {
  if (disk.problem === "") return;
  throw new OperatorError("DEVICE_PLACE_UNUSABLE", `Storage "${storage.name}" cannot be pruned: ${disk.problem}`);
}
