import { OperatorError } from "#lib/errors/operator-error.ts";
import { LABEL_NAME_BYTES_MAX } from "../volume/format.ts";

/** File of a packed Volume's directory that holds its records. */
export const RECORDS_FILE = "records";

/** Whether a name is a legal one of a Volume. */
export function isVolumeName(name: string): boolean {
  return /^[A-Za-z0-9:._-]+$/.test(name) && name.length <= LABEL_NAME_BYTES_MAX && name !== "." && name !== "..";
}

/** The name, which is a legal Volume name and therefore also a file name without surprises. VOLUME_NAME_INVALID if not. */
export function checkedVolumeName(name: string): string {
  if (isVolumeName(name)) return name;
  throw new OperatorError("VOLUME_NAME_INVALID", `"${name.slice(0, 200)}" is not a Volume name`, {
    hint: `letters, digits and : . - _ only, at most ${LABEL_NAME_BYTES_MAX}`,
  });
}
