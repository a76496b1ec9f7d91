import { reportTime } from "#lib/base/local-time.ts";
import { LABEL_ID, labelType } from "#stored/volume/format.ts";
import type { SessionEnd, SessionLabel } from "#stored/volume/session-label.ts";
import { originFields, type VolumeLabel } from "#stored/volume/volume-label.ts";

/** What is known of the record in which a Volume's label stands. */
export interface LabelRecordFacts {
  /** -1 labeled, nothing written yet; -2 written to. */
  readonly fileIndex: number;
  readonly bytes: number;
}

/** A Volume's label, a field a line, the way Bacula's tools print it. `isFull`: also what they leave out. */
export function volumeLabelLines(label: VolumeLabel, facts: LabelRecordFacts, isFull: boolean): string[] {
  return [
    "",
    "Volume Label:",
    "Adata             : 0",
    `Id                : ${LABEL_ID}`.trimEnd(),
    `VerNo             : ${label.version}`,
    `VolName           : ${label.volume}`,
    `PrevVolName       : ${label.previousVolume}`,
    "VolFile           : 0",
    `LabelType         : ${facts.fileIndex === labelType.preLabel ? "PRE_LABEL" : "VOL_LABEL"}`,
    `LabelSize         : ${facts.bytes}`,
    `PoolName          : ${label.pool}`,
    `MediaType         : ${label.mediaType}`,
    `PoolType          : ${label.poolType}`,
    `HostName          : ${label.host}`,
    `Date label written: ${minute(label.labelDate)}`,
    ...(isFull
      ? [
          `Date first written: ${label.writeDate > 0 ? minute(label.writeDate) : ""}`,
          `LabelProg         : ${label.program}`,
          `ProgVersion       : ${label.programVersion}`,
          `ProgDate          : ${label.programDate}`,
          ...originFields(label.origin).map(([name, value]) => `${name.padEnd(18)}: ${value}`),
        ]
      : []),
  ];
}

/** The label at the start or end of a session, a field a line, the way Bacula's tools print it. */
export function sessionLabelLines(label: SessionLabel & { readonly end?: SessionEnd }): string[] {
  const { end } = label;
  const count = (value: number): string => value.toLocaleString("en-US");
  return [
    "",
    `${end === undefined ? "Begin" : "End"} Job Session Record:`,
    `JobId             : ${label.jobId}`,
    "VerNum            : 11",
    `PoolName          : ${label.pool}`,
    `PoolType          : ${label.poolType}`,
    `JobName           : ${label.jobName}`,
    `ClientName        : ${label.client}`,
    `Job (unique name) : ${label.job}`,
    `FileSet           : ${label.fileset}`,
    `JobType           : ${label.type}`,
    `JobLevel          : ${label.level}`,
    ...(end === undefined
      ? []
      : [
          `JobFiles          : ${count(end.files)}`,
          `JobBytes          : ${count(end.bytes)}`,
          `StartBlock        : ${count(end.startBlock)}`,
          `EndBlock          : ${count(end.endBlock)}`,
          `StartFile         : ${count(end.startFile)}`,
          `EndFile           : ${count(end.endFile)}`,
          `JobErrors         : ${count(end.errors)}`,
          `JobStatus         : ${end.status}`,
        ]),
    `Date written      : ${minute(label.date)}`,
  ];
}

/** `21-Nov-2026 13:18` */
function minute(ms: number): string {
  return reportTime(ms).slice(0, -3);
}
