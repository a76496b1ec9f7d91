import { RE2JS } from "re2js";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { STREAM_TYPE_MASK } from "./format.ts";
import type { VolumeRecord } from "./record-reader.ts";

/** Streams that carry a file's name and attributes. */
const ATTRIBUTE_STREAMS = new Set([1, 5, 37]);

/** Keeps the records of files whose name matches one of some regular expressions (RE2 syntax, so no expression can hang us). */
export class NameFilter {
  readonly #patterns: readonly RE2JS[];
  #fileIndex = 0;
  #isMatch = false;

  constructor(expressions: readonly string[]) {
    this.#patterns = expressions.map((expression) => {
      try {
        return RE2JS.compile(expression);
      } catch (cause) {
        throw new OperatorError("BOOTSTRAP_INVALID", `FileRegex "${expression.slice(0, 200)}" is not a regular expression`, {
          cause,
        });
      }
    });
  }

  /** Whether a record belongs to a file that is kept. Records of one session, in order; a file's attributes come first. */
  keeps(record: VolumeRecord): boolean {
    if (ATTRIBUTE_STREAMS.has(record.stream & STREAM_TYPE_MASK)) {
      this.#fileIndex = record.fileIndex;
      const name = nameOf(record.data);
      this.#isMatch = this.#patterns.some((pattern) => pattern.matcher(name).find());
    }
    return record.fileIndex === this.#fileIndex && this.#isMatch;
  }
}

/** The name in an attributes record: `FileIndex Type Name NUL ...`. Empty if there is none. */
function nameOf(data: Uint8Array): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const first = bytes.indexOf(0x20);
  const second = first < 0 ? -1 : bytes.indexOf(0x20, first + 1);
  if (second < 0) return "";
  const end = bytes.indexOf(0, second + 1);
  return bytes.toString("utf8", second + 1, end < 0 ? bytes.byteLength : end);
}
