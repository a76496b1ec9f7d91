import type { MediaCare, MediaCareChanges } from "#catalog/queries/media-care.ts";
import type { MediaChanges } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { parseDuration } from "#lib/base/duration.ts";
import { parseSize } from "#lib/base/size.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Statuses that an operator may give a Volume. */
export const OPERATOR_STATUSES = ["Append", "Archive", "Disabled", "Full", "Used", "Cleaning", "Read-Only", "Error", "Recycle"] as const; // prettier-ignore

/** A Volume as it is before it is changed. */
export interface VolumeBefore {
  readonly row: MediaRow;
  readonly care: MediaCare;
  /** The operator said `force`: numbers may become smaller. */
  readonly isForced: boolean;
}

/** What one keyword changes, and what is told. */
export interface FieldChange {
  readonly media?: MediaChanges;
  readonly care?: MediaCareChanges;
  readonly told: string;
  /** For the operator and the Director's log. */
  readonly warning?: string;
}

/** One thing that can be changed of a Volume. */
export interface VolumeField {
  readonly keyword: string;
  /** In the menu. */
  readonly title: string;
  readonly prompt: string;
  /** The change. Throws VALUE_REFUSED, or VOLUME_PRECIOUS for what a precious Volume must not become. */
  readonly change: (text: string, before: VolumeBefore) => FieldChange;
}

/** In the order of Bacula's menu; ours come last. */
export const volumeFields: readonly VolumeField[] = [
  {
    keyword: "volstatus",
    title: "Volume Status",
    prompt: `New Volume Status (${OPERATOR_STATUSES.join(", ")}): `,
    change: statusChange,
  },
  {
    keyword: "volretention",
    title: "Volume Retention Period",
    prompt: "Enter Volume Retention period: ",
    change: (text) => plain({ VolRetention: seconds(text) }, `New retention period is: ${seconds(text)} seconds`),
  },
  {
    keyword: "voluse",
    title: "Volume Use Duration",
    prompt: "Enter Volume Use Duration: ",
    change: (text) => plain({ VolUseDuration: seconds(text) }, `New use duration is: ${seconds(text)} seconds`),
  },
  {
    keyword: "maxvoljobs",
    title: "Maximum Volume Jobs",
    prompt: "Enter new Maximum Jobs: ",
    change: (text) => plain({ MaxVolJobs: whole(text) }, `New max jobs is: ${whole(text)}`),
  },
  {
    keyword: "maxvolfiles",
    title: "Maximum Volume Files",
    prompt: "Enter new Maximum Files: ",
    change: (text) => plain({ MaxVolFiles: whole(text) }, `New max files is: ${whole(text)}`),
  },
  {
    keyword: "maxvolbytes",
    title: "Maximum Volume Bytes",
    prompt: "Enter new Maximum Bytes: ",
    change: (text) => plain({ MaxVolBytes: bytes(text) }, `New Max bytes is: ${bytes(text)}`),
  },
  {
    keyword: "recycle",
    title: "Recycle Flag",
    prompt: "Recycle (yes/no): ",
    change: (text) => plain({ Recycle: flag(text) }, `New Recycle flag is: ${flag(text) === 1 ? "yes" : "no"}`),
  },
  {
    keyword: "slot",
    title: "Slot",
    prompt: "Enter new Slot: ",
    change: (text) => plain({ Slot: whole(text) }, `New Slot is: ${whole(text)}`),
  },
  {
    keyword: "inchanger",
    title: "InChanger Flag",
    prompt: "Set InChanger (yes/no): ",
    change: (text) => plain({ InChanger: flag(text) }, `New InChanger flag is: ${flag(text) === 1 ? "yes" : "no"}`),
  },
  {
    keyword: "volfiles",
    title: "Volume Files",
    prompt: "Enter new number of Files for Volume: ",
    change: (text, before) => raised("VolFiles", "Volume Files", whole(text), before),
  },
  {
    keyword: "volbytes",
    title: "Volume Bytes",
    prompt: "Enter new number of Bytes for Volume: ",
    change: (text, before) => raised("VolBytes", "Volume Bytes", bytes(text), before),
  },
  {
    keyword: "enabled",
    title: "Enabled",
    prompt: "Enabled (yes/no/archived): ",
    change: (text) => plain({ Enabled: enabled(text) }, `New Enabled is: ${enabled(text)}`),
  },
  {
    keyword: "actiononpurge",
    title: "Action On Purge",
    prompt: "Action on purge (None/Truncate): ",
    change: (text) =>
      plain({ ActionOnPurge: action(text) }, `New ActionOnPurge is: ${action(text) === 1 ? "Truncate" : "None"}`),
  },
  {
    keyword: "cacheretention",
    title: "Cache Retention",
    prompt: "Enter Cache Retention period: ",
    change: (text) => plain({ CacheRetention: seconds(text) }, `New Cache Retention period is: ${seconds(text)} secs`),
  },
  {
    keyword: "precious",
    title: "Precious",
    prompt: "Precious (yes/no): ",
    change: (text) => ({
      care: { isPrecious: flag(text) === 1 },
      told: `New Precious flag is: ${flag(text) === 1 ? "yes" : "no"}`,
    }),
  },
  {
    keyword: "maxwrites",
    title: "Max Writes",
    prompt: "Enter how often the medium may be written from its beginning (0: no limit): ",
    change: (text) => ({ care: { maxWrites: whole(text) }, told: `New Max Writes is: ${whole(text)}` }),
  },
  {
    keyword: "volcapacity",
    title: "Volume Capacity",
    prompt: "Enter the bytes that the medium holds (0: not known): ",
    change: (text) => plain({ VolCapacityBytes: bytes(text) }, `New Volume Capacity is: ${bytes(text)}`),
  },
];

/** The change of status that an operator asks for. Throws VALUE_REFUSED, VOLUME_PRECIOUS. */
export function statusChange(text: string, { row, care }: VolumeBefore): FieldChange {
  const status = OPERATOR_STATUSES.find((one) => one.toLowerCase() === text.toLowerCase());
  if (status === undefined)
    throw new OperatorError("VALUE_REFUSED", `Invalid VolStatus specified: ${text}`, { hint: OPERATOR_STATUSES.join(", ") });
  if (status === "Recycle" && row.VolStatus !== "Purged")
    throw new OperatorError("VALUE_REFUSED", `Volume "${row.VolumeName}" is not Purged, so it cannot become Recycle`);
  if (care.isPrecious && (status === "Recycle" || status === "Append"))
    throw new OperatorError("VOLUME_PRECIOUS", `Volume "${row.VolumeName}" is precious, so it cannot become ${status}`);
  return plain({ VolStatus: status }, `New Volume status is: ${status}`);
}

/** A smaller number makes the next job overwrite data that the Volume holds. */
function raised(column: "VolFiles" | "VolBytes", what: string, value: number, { row, isForced }: VolumeBefore): FieldChange {
  const before = row[column];
  const told = `New ${what} is: ${value}`;
  if (value >= before) return plain({ [column]: value }, told);
  const fault = `${what} of Volume "${row.VolumeName}" is ${before}: ${value} is less, and data behind it would be lost`;
  if (!isForced) throw new OperatorError("VALUE_REFUSED", fault, { hint: "if that is meant, add: force yes" });
  return {
    media: { [column]: value },
    told,
    warning: `${what} of Volume "${row.VolumeName}" was made smaller by force: ${before} to ${value}`,
  };
}

function plain(media: MediaChanges, told: string): FieldChange {
  return { media, told };
}

function refused(text: string, what: string): OperatorError {
  return new OperatorError("VALUE_REFUSED", `"${text}" is no ${what}`);
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text.trim())) throw refused(text, "whole number");
  return Number(text);
}

function seconds(text: string): number {
  return read(() => parseDuration(text));
}

function bytes(text: string): number {
  return read(() => parseSize(text));
}

function read(parse: () => number): number {
  try {
    return parse();
  } catch (error) {
    throw new OperatorError("VALUE_REFUSED", error instanceof Error ? error.message : String(error));
  }
}

function flag(text: string): 0 | 1 {
  const folded = text.trim().toLowerCase();
  if (["yes", "true", "1"].includes(folded)) return 1;
  if (["no", "false", "0"].includes(folded)) return 0;
  throw refused(text, "yes or no");
}

function enabled(text: string): 0 | 1 | 2 {
  return ["archived", "2"].includes(text.trim().toLowerCase()) ? 2 : flag(text);
}

function action(text: string): 0 | 1 {
  const folded = text.trim().toLowerCase();
  if (folded === "truncate") return 1;
  if (folded === "none") return 0;
  throw refused(text, "action: None or Truncate");
}
