/** What a device is busy with. */
export type DeviceUse =
  | { readonly kind: "idle" }
  | { readonly kind: "append"; readonly pool: string; readonly jobs: number }
  | { readonly kind: "read"; readonly jobs: number }
  /** A command of the operator has it for itself. */
  | { readonly kind: "alone"; readonly jobs: 0 };

/** A device as the choice sees it. */
export interface DeviceState {
  readonly name: string;
  readonly mediaType: string;
  readonly isEnabled: boolean;
  /** Of a Device Type that this release has no driver for. */
  readonly isWithoutDriver?: boolean;
  readonly isReadOnly: boolean;
  /** Operations that are not allowed on it. */
  readonly forbidden?: readonly string[] | undefined;
  /** Unmounted by the operator. */
  readonly isBlocked: boolean;
  /** Its file system, or its drive, does not answer. */
  readonly isHung: boolean;
  /** Most jobs at once; 0: no limit. */
  readonly jobsMax: number;
  /** It has one medium at a time, so that only one job can read on it. */
  readonly isDrive?: boolean | undefined;
  /** What it has in it though no job is on it; "": nothing that is known. */
  readonly volume?: string;
  readonly pool?: string;
  /** The Volume that is appended to has as many jobs as it may have. */
  readonly isVolumeTaken?: boolean;
  readonly use: DeviceUse;
}

/** What a job needs. */
export interface DeviceWish {
  /** Devices that will do, in order of preference. */
  readonly devices: readonly string[];
  readonly mediaType: string;
  readonly work: { readonly kind: "append"; readonly pool: string } | { readonly kind: "read" };
  /** Rather share a device that is at work than begin with another Volume. */
  readonly prefersMounted: boolean;
  /** Volumes that are to be read: a drive that has one of them spares a change. */
  readonly volumes?: readonly string[];
}

/** The decision. */
export type DeviceChoice =
  | { readonly kind: "take"; readonly device: string }
  /** All that would do are busy or unmounted. */
  | { readonly kind: "wait"; readonly reason: string; readonly isBlocked: boolean }
  /** None can ever do. */
  | { readonly kind: "never"; readonly reason: string };

/** Decides which device a job gets. Jobs of one Pool share a device; appending and reading exclude each other. */
export function chooseDevice(devices: ReadonlyMap<string, DeviceState>, wish: DeviceWish): DeviceChoice {
  const known = wish.devices.flatMap((name) => devices.get(name) ?? []);
  const fit = known.filter((device) => whyUnfit(device, wish) === undefined);
  if (fit.length === 0) return { kind: "never", reason: whyNone(known, wish) };
  const ready = fit.filter((device) => whyBusy(device, wish) === undefined);
  const shared = ready.filter((device) => device.use.kind !== "idle");
  // A drive that has the right medium before an empty one, and that before one whose medium would have to be put away.
  const idle = ready.filter((device) => device.use.kind === "idle").toSorted((a, b) => changes(a, wish) - changes(b, wish));
  const best = wish.prefersMounted ? (shared[0] ?? idle[0]) : (idle[0] ?? shared.toSorted((a, b) => jobsOf(a) - jobsOf(b))[0]);
  if (best !== undefined) return { kind: "take", device: best.name };
  return {
    kind: "wait",
    reason: fit.map((device) => `"${device.name}" ${whyBusy(device, wish)}`).join("; "),
    isBlocked: fit.some((device) => device.isBlocked),
  };
}

/** Media that must be moved before the job can begin, as far as is known. */
function changes({ volume = "", pool = "" }: DeviceState, wish: DeviceWish): number {
  if (volume === "") return 1;
  const isRight = wish.work.kind === "append" ? pool === wish.work.pool : wish.volumes?.includes(volume) === true;
  return isRight ? 0 : 2;
}

/** Why the device can never serve the wish; undefined if it can. */
export function whyUnfit(
  device: Pick<DeviceState, "mediaType" | "isEnabled" | "isReadOnly" | "isWithoutDriver" | "forbidden">,
  wish: Pick<DeviceWish, "mediaType" | "work">,
): string | undefined {
  if (device.isWithoutDriver === true) return "is of a Device Type that has no driver in this release";
  if (!device.isEnabled) return "is disabled";
  if (wish.mediaType !== "" && device.mediaType !== wish.mediaType) return `has Media Type "${device.mediaType}"`;
  if (wish.work.kind === "read" && device.forbidden?.includes("read") === true) return "is not allowed to read";
  if (device.isReadOnly && wish.work.kind === "append") return "is read-only";
  return undefined;
}

/** Why the device cannot serve the wish now; undefined if it can. */
function whyBusy(device: DeviceState, wish: DeviceWish): string | undefined {
  const { use } = device;
  if (device.isBlocked) return "is unmounted by the operator";
  if (device.isHung) return "does not answer";
  if (use.kind === "idle") return undefined;
  if (use.kind === "alone") return "is used by a command of the operator";
  if (use.kind !== wish.work.kind) return use.kind === "append" ? "is writing" : "is reading";
  if (use.kind === "append" && wish.work.kind === "append" && use.pool !== wish.work.pool)
    return `is writing to Pool "${use.pool}"`;
  if (use.kind === "append" && device.isVolumeTaken === true) return "is writing to a Volume that takes no more jobs";
  if (device.isDrive === true && use.kind === "read") return "is reading";
  if (device.jobsMax > 0 && use.jobs >= device.jobsMax) return `has its most of ${device.jobsMax} jobs`;
  return undefined;
}

function whyNone(known: readonly DeviceState[], wish: DeviceWish): string {
  if (known.length === 0) return `no device is called ${wish.devices.map((name) => `"${name}"`).join(" or ")}`;
  return `for Media Type "${wish.mediaType}": ${known.map((device) => `"${device.name}" ${whyUnfit(device, wish) ?? "will do"}`).join("; ")}`;
}

function jobsOf(device: DeviceState): number {
  return device.use.kind === "idle" ? 0 : device.use.jobs;
}
