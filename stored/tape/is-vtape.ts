import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { readWhole } from "../device/disk-file.ts";
import { VTAPE_PART_BYTES, readHeader } from "./vtape-format.ts";

/** Whether a file is a tape; false also if it cannot be read. */
export function isVtape(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    const head = new Uint8Array(VTAPE_PART_BYTES);
    return fstatSync(fd).isFile() && typeof readHeader(head.subarray(0, readWhole(fd, head, 0))) === "number";
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
