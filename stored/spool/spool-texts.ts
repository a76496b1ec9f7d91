import { elapsedText, sizeText } from "../status/units.ts";

/* The lines of a job's report about its spool, in the words that administrators know. Sizes are bytes. */

/** The job's own limit is reached. */
export function jobReached(bytes: number, bytesMax: number): string {
  return `User specified Job spool size reached: JobSpoolSize=${commas(bytes)} MaxJobSpoolSize=${commas(bytesMax)}`;
}

/** The limit of the device's jobs together is reached. */
export function deviceReached(bytes: number, bytesMax: number): string {
  return `User specified Device spool size reached: DevSpoolSize=${commas(bytes)} MaxDevSpoolSize=${commas(bytesMax)}`;
}

/** The disk of the spool is full or broken. */
export function spoolDiskRefuses(reason: string): string {
  return `The spool disk takes no more data: ${reason}. What was collected is written to the Volume.`;
}

/** A run begins that is not the last. */
export function writing(bytes: number): string {
  return `Writing spooled data to Volume. Despooling ${commas(bytes)} bytes ...`;
}

/** The last run begins. */
export function committing(volume: string, bytes: number): string {
  return `Committing spooled data to Volume "${volume}". Despooling ${commas(bytes)} bytes ...`;
}

/** A run was written. */
export function elapsed(bytes: number, seconds: number): string {
  const rate = sizeText(bytes / Math.max(seconds, 0.001));
  return `Despooling elapsed time = ${elapsedText(seconds)}, Transfer rate = ${rate} Bytes/second`;
}

function commas(value: number): string {
  return value.toLocaleString("en-US");
}
