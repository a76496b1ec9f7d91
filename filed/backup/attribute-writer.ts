import type { OwnerNames } from "#lib/platform/owner-names.ts";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { stripPath } from "#filed/fileset/match.ts";
import { statField } from "#filed/walk/entry.ts";
import type { EntryCursor } from "#filed/walk/entry.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Facts that an attribute record needs, from the walk or from the open file. */
export interface Facts {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  readonly blksize: bigint;
  readonly blocks: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** What an attribute record says besides the stat. */
export interface AttributedEntry {
  readonly fileIndex: number;
  readonly linkFileIndex: number;
  /** fileType number. */
  readonly type: number;
  /** Byte string, before stripping. */
  readonly path: string;
  readonly stripPath: number;
  /** Target of a symbolic link, first name of a hard link, else "". */
  readonly link: string;
  /** Stream number of the file's data. */
  readonly stream: number;
}

/** Writes the attribute record of an entry. */
export function writeAttributes(writer: RecordWriter, names: OwnerNames, entry: AttributedEntry, facts: Facts): void {
  const { fileIndex, type, path, link } = entry;
  const isDirectory = type === fileType.directory;
  const saved = entry.stripPath > 0 ? stripPath(path, entry.stripPath) : path;
  const name = isDirectory && !saved.endsWith("/") ? `${saved}/` : saved;
  const place = writer.reserve(fileIndex, streamType.attributes, attributeBytesMax(name.length, link.length));
  const bytes = Buffer.from(place.buffer, place.byteOffset, place.byteLength);
  const mtime = floorSeconds(facts.mtimeNs);
  const atime = floorSeconds(facts.atimeNs);
  const uid = Number(facts.uid);
  const gid = Number(facts.gid);
  const end = putAttributes(bytes, 0, {
    fileIndex: fileIndex,
    type,
    name,
    link,
    stat: {
      dev: facts.dev,
      ino: facts.ino,
      mode: Number(facts.mode),
      nlink: Number(facts.nlink),
      uid,
      gid,
      rdev: facts.rdev,
      size: Number(facts.size),
      blockSize: Number(facts.blksize),
      blocks: Number(facts.blocks),
      atime,
      mtime,
      ctime: floorSeconds(facts.ctimeNs),
      linkFileIndex: entry.linkFileIndex,
      flags: 0,
      dataStream: entry.stream,
    },
    exact: {
      mtimeNs: Number(facts.mtimeNs - BigInt(mtime) * 1_000_000_000n),
      atimeNs: Number(facts.atimeNs - BigInt(atime) * 1_000_000_000n),
      user: uid === 0 ? "" : names.user(uid),
      group: gid === 0 ? "" : names.group(gid),
    },
  });
  writer.commit(end);
}

/** The facts as the walk found them. */
export function walkedFacts(cursor: EntryCursor): Facts {
  return {
    dev: cursor.stat(statField.dev),
    ino: cursor.stat(statField.ino),
    mode: cursor.stat(statField.mode),
    nlink: cursor.stat(statField.nlink),
    uid: cursor.stat(statField.uid),
    gid: cursor.stat(statField.gid),
    rdev: cursor.stat(statField.rdev),
    size: cursor.stat(statField.size),
    blksize: cursor.stat(statField.blockSize),
    blocks: cursor.stat(statField.blocks),
    atimeNs: cursor.stat(statField.atimeNs),
    mtimeNs: cursor.stat(statField.mtimeNs),
    ctimeNs: cursor.stat(statField.ctimeNs),
  };
}

function floorSeconds(ns: bigint): number {
  const seconds = ns / 1_000_000_000n;
  return Number(seconds * 1_000_000_000n > ns ? seconds - 1n : seconds);
}
