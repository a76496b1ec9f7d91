import { Buffer } from "node:buffer";
import { BatchBuilder } from "#lib/wire/record.ts";

/** Files of a directory; /usr has about as many. */
const FILES_A_DIRECTORY = 20;
/** Directories at each level of the tree. */
const FAN_OUT = 100;
/** Bytes after which a storage daemon sends what it has collected. */
const BATCH_BYTES = 256 * 1024;
const ATTRIBUTES = 1;
const MD5 = 3;
const REGULAR = 3;
const DIRECTORY = 5;
/** A stat in Bacula's base64 that says: regular file, 0644, root. */
const LSTAT = "P4A IUKk IGk B A A A BAA BAA I BrAUbb BrAUbb BrAUbb A A C";

/** One batch as a storage daemon sends it to the Director. */
export interface MadeBatch {
  readonly batch: Uint8Array<ArrayBuffer>;
  readonly files: number;
}

/** Where the top of the made tree is. */
export const MADE_TOP = "/srv/archive/";

/** Attribute and digest records of a tree of `files` entries that exists nowhere: directories of 20 files, a hundred of them each level. */
export function* madeBatches(files: number): Generator<MadeBatch, void, undefined> {
  const builder = new BatchBuilder({ capacityBytes: BATCH_BYTES + 64 * 1024 });
  const data = Buffer.alloc(512);
  const digest = Buffer.alloc(16);
  let inBatch = 0;
  for (let index = 1; index <= files; index++) {
    const isDirectory = index % (FILES_A_DIRECTORY + 1) === 0;
    const name = nameOf(index, isDirectory);
    const length = data.write(`${index} ${isDirectory ? DIRECTORY : REGULAR} ${name}\0${LSTAT}\0\0\0${0}\0`, "latin1");
    builder.append(index, ATTRIBUTES, data.subarray(0, length));
    if (!isDirectory) {
      digest.writeUInt32LE(Math.imul(index, 2_654_435_761) >>> 0, index % 12);
      builder.append(index, MD5, digest);
    }
    inBatch += 1;
    if (builder.length < BATCH_BYTES) continue;
    yield { batch: builder.take(), files: inBatch };
    inBatch = 0;
  }
  if (inBatch > 0) yield { batch: builder.take(), files: inBatch };
}

/** The directory comes after what is in it, as Bacula saves it. */
function nameOf(index: number, isDirectory: boolean): string {
  const number = Math.floor((index - 1) / (FILES_A_DIRECTORY + 1));
  const [high, middle, low] = [
    Math.floor(number / FAN_OUT / FAN_OUT),
    Math.floor(number / FAN_OUT) % FAN_OUT,
    number % FAN_OUT,
  ];
  const directory = `${MADE_TOP}year-${high}/customer-${middle}/case-${low}/`;
  return isDirectory ? directory : `${directory}document-${index}.pdf`;
}
