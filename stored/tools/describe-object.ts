import { reportTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { DescriptionJoiner } from "#lib/job-description/description-records.ts";
import { decodeJobDescription, decodeJobEndDescription } from "#lib/job-description/job-description.ts";
import { labelType } from "#stored/volume/format.ts";
import type { VolumeRecord } from "#stored/volume/record-reader.ts";

/** Most sessions of which parts of a description are kept. */
const JOINERS_MAX = 100;

/** Says in short what the descriptions of jobs hold, which lie on a Volume as objects of their sessions. */
export class ObjectDescriber {
  readonly #joiners = new Map<string, DescriptionJoiner>();

  /** ` ClientUname="..." ...` for the record that completes a description; "" for any other. Damage is said in its place. */
  textOf(record: VolumeRecord): string {
    const { fileIndex, session, data } = record;
    const isStart = fileIndex === labelType.startOfObject;
    if (!isStart && fileIndex !== labelType.endOfObject) return "";
    try {
      const bytes = this.#joinerOf(`${session.id}:${session.time}:${fileIndex}`).take(data);
      if (bytes === undefined) return "";
      return isStart ? startText(bytes) : endText(bytes);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return `: ${error.message}`;
    }
  }

  #joinerOf(key: string): DescriptionJoiner {
    const known = this.#joiners.get(key);
    if (known !== undefined) return known;
    const oldest = this.#joiners.keys().next().value;
    if (this.#joiners.size >= JOINERS_MAX && oldest !== undefined) this.#joiners.delete(oldest);
    const joiner = new DescriptionJoiner();
    this.#joiners.set(key, joiner);
    return joiner;
  }
}

function startText(bytes: Uint8Array): string {
  const { client, storage, job, fileset } = decodeJobDescription(bytes);
  const names = ` ClientUname=${JSON.stringify(client.uname)} Storage=${JSON.stringify(storage.name)}`;
  const times = `Priority=${job.priority} Scheduled=${time(job.scheduled)} Started=${time(job.started)}`;
  return `${names} ${times} FileSetBytes=${Buffer.byteLength(fileset.text)}`;
}

function endText(bytes: Uint8Array): string {
  const { files, bytes: saved, readBytes, missingFiles, mounts } = decodeJobEndDescription(bytes);
  return ` Files=${files} Bytes=${saved} ReadBytes=${readBytes} MissingFiles=${missingFiles} Mounts=${mounts.length}`;
}

function time(seconds: number): string {
  return seconds === 0 ? "" : reportTime(seconds * 1000);
}
