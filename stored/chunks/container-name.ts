import { join } from "node:path";

/** Highest number of a container: 32 bits, of which the index keeps some for itself. */
export const CONTAINER_NUMBER_MAX = 0xffff_fff0;
/** How the name of a whole container ends, and of one that is being written. */
export const CONTAINER_SUFFIX = ".ncc";
export const UNFINISHED_SUFFIX = ".ncc.tmp";

/** The folder of a container below the containers' directory: 256 numbers share one, so that a job's containers lie together. */
export function containerFolder(number: number): string {
  return (number >>> 8).toString(16).padStart(2, "0");
}

/** The file of a container. `directory` holds the containers' folders. */
export function containerPath(directory: string, number: number): string {
  return join(directory, containerFolder(number), fileName(number) + CONTAINER_SUFFIX);
}

/** The file of a container that is being written. */
export function unfinishedPath(directory: string, number: number): string {
  return join(directory, containerFolder(number), fileName(number) + UNFINISHED_SUFFIX);
}

/** What a file name in a containers' folder stands for; undefined: nothing of the store. */
export function parseContainerName(
  folder: string,
  name: string,
): { readonly number: number; readonly isWhole: boolean } | undefined {
  const match = /^([0-9a-f]{8})\.ncc(\.tmp)?$/.exec(name);
  if (match === null) return undefined;
  const number = Number.parseInt(match[1]!, 16);
  if (number === 0 || number > CONTAINER_NUMBER_MAX || containerFolder(number) !== folder) return undefined;
  return { number, isWhole: match[2] === undefined };
}

function fileName(number: number): string {
  return number.toString(16).padStart(8, "0");
}
