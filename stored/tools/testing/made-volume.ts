import { createHash } from "node:crypto";
import { encodeLStat } from "#lib/streams/lstat.ts";
import { sealBlock } from "#stored/volume/block.ts";
import { labelType } from "#stored/volume/format.ts";
import { writeLabelBlock } from "#stored/volume/label-block.ts";
import { SessionBlocks } from "#stored/volume/session-blocks.ts";
import { writeSessionLabel } from "#stored/volume/session-label.ts";
import type { SessionLabel } from "#stored/volume/session-label.ts";

/** A file to be put on a made Volume. */
export interface MadeFile {
  readonly name: string;
  readonly content?: Buffer;
  /** Number of the kind of file, default a regular one. */
  readonly type?: number;
  readonly mode?: number;
  readonly link?: string;
  readonly rdev?: number;
}

/** A block of a made Volume, and the files (`session/FileIndex`) of which something lies in it. */
export interface MadeBlock {
  readonly address: number;
  readonly bytes: number;
  readonly files: ReadonlySet<string>;
}

/** A Volume that was made in memory. */
export interface MadeVolume {
  readonly bytes: Buffer;
  readonly blocks: readonly MadeBlock[];
}

/** Second at which the sessions' storage daemon started. */
export const MADE_TIME = 1_767_323_045;

/** Makes a Volume of sessions 1, 2, 3 ... whose blocks alternate file by file, or that come one after the other. `facts` go into their labels. */
export function madeVolume(
  name: string,
  sessions: readonly (readonly MadeFile[])[],
  blockBytes = 4096,
  order: "alternating" | "oneByOne" = "alternating",
  facts: Partial<SessionLabel> = {},
): MadeVolume {
  const pieces: Buffer[] = [];
  const blocks: MadeBlock[] = [];
  let at = 0;
  const put = (bytes: Uint8Array, files: ReadonlySet<string>): void => {
    pieces.push(Buffer.from(bytes));
    blocks.push({ address: at, bytes: bytes.byteLength, files });
    at += bytes.byteLength;
  };
  const first = { id: 1, time: MADE_TIME };
  put(writeLabelBlock(madeLabel(name), { isPreLabel: false, session: first, checksum: true }), new Set());
  const labelOf = (id: number): SessionLabel => ({ ...sessionLabel(id), ...facts });
  const begin = (files: readonly MadeFile[], index: number) => {
    const session = { id: index + 1, time: MADE_TIME };
    const writer = new SessionBlocks({
      session,
      blockBytesMin: 0,
      takeBuffer: () => new Uint8Array(blockBytes),
      onBlock: ({ bytes, firstIndex, lastIndex }) => {
        sealBlock(bytes, { number: blocks.length, session, checksum: true });
        const inside = Array.from(
          { length: firstIndex > 0 ? lastIndex - firstIndex + 1 : 0 },
          (_, n) => `${session.id}/${firstIndex + n}`,
        );
        put(bytes, new Set(inside));
      },
    });
    writer.appendLabel(labelType.startOfSession, session.id, writeSessionLabel(labelOf(session.id)));
    return { writer, files, session };
  };
  const write = (writers: readonly ReturnType<typeof begin>[]): void => {
    const most = Math.max(...writers.map(({ files }) => files.length));
    for (let index = 1; index <= most; index += 1)
      for (const { writer, files } of writers)
        for (const [stream, data] of recordsOf(index, files[index - 1])) writer.append({ fileIndex: index, stream }, data);
    for (const { writer, files, session } of writers) {
      const end = {
        files: files.length,
        bytes: 0,
        startBlock: 0,
        endBlock: 0,
        startFile: 0,
        endFile: 0,
        errors: 0,
        status: "T",
      };
      writer.appendLabel(labelType.endOfSession, session.id, writeSessionLabel(labelOf(session.id), end));
      writer.flush();
    }
  };
  if (order === "alternating") write(sessions.map(begin));
  else for (const [index, files] of sessions.entries()) write([begin(files, index)]);
  return { bytes: Buffer.concat(pieces), blocks };
}

function madeLabel(volume: string) {
  return {
    labelDate: MADE_TIME * 1000, writeDate: MADE_TIME * 1000, volume, previousVolume: "", pool: "P", poolType: "Backup", mediaType: "File",
    host: "h", program: "p", programVersion: "v", programDate: "",
  }; // prettier-ignore
}

function sessionLabel(jobId: number): SessionLabel {
  return {
    jobId, date: MADE_TIME * 1000, pool: "P", poolType: "Backup", jobName: "J", client: "c", job: `J.${jobId}`, fileset: "F", type: "B",
    level: "F", filesetMd5: "x",
  }; // prettier-ignore
}

/** Attributes, data in records of at most 3,000 bytes, and the digest. */
function recordsOf(index: number, file: MadeFile | undefined): (readonly [stream: number, data: Buffer])[] {
  if (file === undefined) return [];
  const { name, content, type = 3, mode = 0o100644, link = "", rdev = 0 } = file;
  const stat = encodeLStat({
    dev: 1, ino: index, mode, nlink: 1, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, rdev, size: content?.length ?? 0,
    blockSize: 4096, blocks: 8, atime: MADE_TIME, mtime: MADE_TIME, ctime: MADE_TIME, linkFileIndex: 0, flags: 0, dataStream: 2,
  }); // prettier-ignore
  const records: (readonly [number, Buffer])[] = [
    [1, Buffer.from(`${index} ${type} ${name}\0${stat}\0${link}\0\x000\0`, "latin1")],
  ];
  if (content === undefined) return records;
  for (let at = 0; at < content.length; at += 3000) records.push([2, content.subarray(at, at + 3000)]);
  records.push([3, createHash("md5").update(content).digest()]);
  return records;
}
