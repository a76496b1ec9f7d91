import { closeSync, ftruncateSync, unlinkSync } from "node:fs";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { expandRecord, inflateRecord } from "#lib/codec/compression.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import type { AttributeRecord } from "#lib/streams/attributes.ts";
import { digestBytes, digestOfStream } from "#lib/streams/digest.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import { fileType, STREAM_TYPE_MASK, streamKind, streamType } from "#lib/streams/stream-type.ts";
import { applyAttributes } from "./apply-attributes.ts";
import type { FileAttributes } from "./apply-attributes.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { DataDigest } from "./data-digest.ts";
import { RestorePlace } from "./restore-place.ts";
import type { CurrentFile, DeferredFile, FileRestorerOptions, RestoreCounts } from "./restore-place.ts";
import { writeAll } from "./write-all.ts";

const ADDRESS_BYTES = 8;
const FIRST_WARNINGS = 1;

/**
 * Turns the records of saved files into files. For one thread; calls block. Feed `record` with the records of whole files in order,
 * then call `endFile`, and when all restorers of the job have done so `makeLinks`, `openUnknownDirectories` and `setDirectories`, each when all have done
 * the step before.
 */
export class FileRestorer implements Disposable {
  readonly counts: RestoreCounts = { files: 0, bytes: 0, errors: 0, skipped: 0 };
  readonly #options: FileRestorerOptions;
  readonly #place: RestorePlace;
  readonly #names = new OwnerNames();
  readonly #mayChown = process.geteuid?.() === 0;
  readonly #links: DeferredFile[] = [];
  readonly #late: DeferredFile[] = [];
  readonly #warned = new Map<string, number>();
  readonly #chunks = new ChunkWriter();
  #current: CurrentFile | undefined;
  /** The digest that files of this job seem to have, so that it can be taken while writing. */
  #usualDigest: DigestName | undefined;

  constructor(options: FileRestorerOptions) {
    this.#options = options;
    this.#place = new RestorePlace(options, this.counts, this.#names);
  }

  /** Takes one record. Damage in it concerns only its file: it is said and counted, never thrown. */
  record(fileIndex: number, stream: number, data: Uint8Array): void {
    if (fileIndex <= 0) return;
    try {
      this.#take(fileIndex, stream, data);
    } catch (error) {
      this.#failed(error, stream);
    }
  }

  /** Copies what is still needed of the records given so far, so that their memory may be used for others. */
  letGo(): void {
    const current = this.#current;
    if (current === undefined) return;
    current.accessAcl = current.accessAcl?.slice();
    current.defaultAcl = current.defaultAcl?.slice();
    current.xattrs = current.xattrs?.slice();
    current.digest.letGo();
  }

  #take(fileIndex: number, stream: number, data: Uint8Array): void {
    const kind = streamKind(stream);
    if (kind.kind === "attributes") {
      this.endFile();
      this.#begin(fileIndex, decodeAttributes(data));
      return;
    }
    const current = this.#current;
    if (current === undefined || current.fileIndex !== fileIndex) {
      if (current !== undefined) this.endFile();
      if (kind.kind !== "foreign")
        this.#warnOnce(
          "orphan",
          `a record of file number ${fileIndex} (stream ${stream}) comes without the file's attributes and is ignored`,
        );
      return;
    }
    if (current.kind === "ignore") return;
    switch (kind.kind) {
      case "data":
        this.#data(current, kind, data);
        break;
      case "chunks":
        this.#chunk(current, kind.isList, data);
        break;
      case "digest":
        this.#verify(current, digestOfStream(stream & STREAM_TYPE_MASK)!, data);
        break;
      case "acl":
        if (kind.scope === "access") current.accessAcl = data;
        else current.defaultAcl = data;
        break;
      case "xattr":
        current.xattrs = data;
        break;
      case "encrypted":
        throw new OperatorError(
          "DATA_ENCRYPTED",
          `the data of "${shown(current.record.name)}" is encrypted, and there is no key for it here`,
        );
      case "foreign":
        this.#warnOnce(
          kind.name,
          `"${shown(current.record.name)}" and maybe others have a part that cannot be restored on this system and is left out: ${kind.name}`,
        );
        break;
    }
  }

  #begin(fileIndex: number, record: AttributeRecord): void {
    const { relocation } = this.#options;
    const place = relocation.place(record.name);
    if (place === undefined) {
      this.counts.errors++;
      this.#options.note("error", `"${shown(record.name)}" is not restored: its name leads out of the place for it.`);
      return;
    }
    const path = place === "/" ? "" : place;
    const cut = path.lastIndexOf("/");
    const current: CurrentFile = {
      fileIndex,
      record,
      directory: cut < 0 ? "" : path.slice(0, cut),
      base: path.slice(cut + 1),
      kind: "ignore",
      fd: -1,
      written: 0,
      isSparse: false,
      accessAcl: undefined,
      defaultAcl: undefined,
      xattrs: undefined,
      digest: new DataDigest(),
      isVerified: false,
      hasFailed: false,
      isOwned: false,
      hasMode: false,
    };
    this.#current = current;
    this.#chunks.begin();
    const unknown = this.#place.create(current, path);
    if (unknown === undefined) return;
    this.counts.errors++;
    this.#warnOnce(unknown, `"${shown(record.name)}" and maybe others are of a type that cannot be restored here (${unknown})`);
  }

  #data(
    current: CurrentFile,
    kind: { readonly sparse: boolean; readonly coding: "raw" | "zlib" | "headed" },
    data: Uint8Array,
  ): void {
    if (current.kind !== "regular")
      throw new OperatorError("DATA_INVALID", `"${shown(current.record.name)}" is no regular file but has data`);
    let address = current.written;
    let payload = data;
    if (kind.sparse) {
      if (data.byteLength < ADDRESS_BYTES)
        throw new OperatorError("DATA_INVALID", `a record with an address has only ${data.byteLength} bytes`);
      const view = new DataView(data.buffer, data.byteOffset, ADDRESS_BYTES);
      address = view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
      payload = data.subarray(ADDRESS_BYTES);
      current.isSparse = true;
    }
    if (kind.coding === "zlib") payload = inflateRecord(payload);
    else if (kind.coding === "headed") payload = expandRecord(payload);
    if (!Number.isSafeInteger(address + payload.byteLength))
      throw new OperatorError("DATA_INVALID", `an address of ${address} in a file cannot be`);
    current.digest.add(payload, this.#usualDigest);
    if (!kind.sparse || !isZero(payload)) writeAll(current.fd, payload, kind.sparse ? address : null);
    current.written = kind.sparse
      ? Math.max(current.written, address + payload.byteLength)
      : current.written + payload.byteLength;
    this.counts.bytes += payload.byteLength;
  }

  /** A damaged chunk costs its own place in the file, which stays a hole; the file is named once. */
  #chunk(current: CurrentFile, isList: boolean, record: Uint8Array): void {
    const name = (): string => `"${shown(current.record.name)}"`;
    if (isList)
      throw new OperatorError("CHUNK_LIST_INVALID", `${name()} came with a list of chunks in the place of its data`, {
        hint: "read it through a storage daemon with the device of its store: only that can put chunks in",
      });
    if (current.kind !== "regular" || (current.written > 0 && !this.#chunks.hasData))
      throw new OperatorError("DATA_INVALID", `${name()} has chunks where none can be`);
    const outcome = this.#chunks.write(current.fd, record);
    if (outcome.kind === "written") {
      current.written = this.#chunks.end;
      this.counts.bytes += outcome.bytes;
      return;
    }
    if (current.hasFailed) return;
    current.hasFailed = true;
    this.counts.errors++;
    this.#options.note(
      "error",
      `"${this.#place.shown(current)}" is damaged: of its chunk at byte ${outcome.address} ${outcome.what}.`,
    );
  }

  #verify(current: CurrentFile, name: DigestName, expected: Uint8Array): void {
    this.#usualDigest = name;
    if (current.kind !== "regular" || current.hasFailed) return;
    if (expected.byteLength !== digestBytes(name))
      throw new OperatorError("DATA_INVALID", `a ${name} digest of ${expected.byteLength} bytes`);
    const { size } = current.record.stat;
    const isChecked = this.#chunks.hasData && this.#chunks.covers(size);
    // A gap may be a hole, or a chunk that did not come; the digest tells which, and must then be taken.
    const actual = isChecked
      ? expected
      : this.#chunks.hasData
        ? this.#chunks.digest(current.fd, name)
        : current.digest.value(name, current);
    current.isVerified = true;
    if (actual === undefined || Buffer.compare(actual, expected) === 0) return;
    current.hasFailed = true;
    this.counts.errors++;
    this.#options.note(
      "error",
      `"${this.#place.shown(current)}": the ${name.toUpperCase()} digest of the restored data differs from the one that was saved; the file is damaged.`,
    );
  }

  /** Ends the file at hand: sets its attributes, or keeps them until all files are there. */
  endFile(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    try {
      this.#finish(current);
    } catch (error) {
      this.#failed(error, 0, current);
    } finally {
      if (current.fd >= 0) closeSync(current.fd);
    }
  }

  #finish(current: CurrentFile): void {
    if (current.kind === "ignore") return;
    const deferred = { directory: current.directory, base: current.base, attributes: keep(current) };
    if (current.kind === "hardLink") this.#links.push(deferred);
    else if (current.kind === "directory") this.#late.push(deferred);
    else {
      if (current.kind === "regular") this.#finishData(current);
      this.#apply(deferred, () => this.#place.entry(deferred), current.kind === "regular" ? current.fd : undefined);
      if (!current.hasFailed) this.counts.files++;
    }
  }

  #finishData(current: CurrentFile): void {
    const { size, dataStream } = current.record.stat;
    // A file of chunks may be nothing but hole.
    const mayEndInHole = current.isSparse || this.#chunks.hasData || dataStream === streamType.chunkList;
    if (mayEndInHole && size > current.written) {
      ftruncateSync(current.fd, size);
      current.written = size;
    } else if (current.isSparse) ftruncateSync(current.fd, current.written);
    const isLengthSure = current.isVerified && !this.#chunks.hasData;
    if (current.written === size || isLengthSure || current.hasFailed || current.record.type !== fileType.regular) return;
    current.hasFailed = true;
    this.counts.errors++;
    this.#options.note(
      "error",
      `File size of restored file "${this.#place.shown(current)}" not correct. Original ${size}, restored ${current.written}.`,
    );
  }

  #apply(deferred: DeferredFile, path: () => string, fd: number | undefined): void {
    applyAttributes(path, fd, deferred.attributes, {
      names: this.#names,
      numericIds: this.#options.numericIds,
      mayChown: this.#mayChown,
      complain: (text) => {
        this.counts.errors++;
        this.#options.note("warning", `"${this.#place.shown(deferred)}": ${text}`);
      },
    });
  }

  /** Makes the hard links, when all files they may point to are there. */
  makeLinks(): void {
    for (const deferred of this.#links) {
      try {
        this.#place.makeLink(deferred);
      } catch (error) {
        this.counts.errors++;
        this.#options.note(
          "error",
          `Hard link "${this.#place.shown(deferred)}" -> "${shown(deferred.attributes.record.link)}" cannot be made: ${reason(error)}`,
        );
      }
    }
    this.#links.length = 0;
  }

  /** Gives the usual mode to directories made on the way; before any restorer of the job begins `setDirectories`. */
  openUnknownDirectories(): void {
    this.#place.directories.openUnknown();
  }

  /** Sets owners, modes and times of the directories, deepest first, when nothing is written into them any more. */
  setDirectories(): void {
    this.#late.sort((a, b) => b.directory.length + b.base.length - a.directory.length - a.base.length);
    for (const deferred of this.#late) {
      try {
        const path = deferred.base === "" ? "" : `${deferred.directory}/${deferred.base}`;
        const fd = this.#place.directories.open(path);
        // "." is the directory itself, which no link can take the place of; nothing else is opened while the descriptor is used.
        this.#apply(deferred, () => `/proc/self/fd/${fd}/.`, fd);
        this.counts.files++;
      } catch (error) {
        this.counts.errors++;
        this.#options.note("error", `"${this.#place.shown(deferred)}": ${reason(error)}`);
      }
    }
    this.#late.length = 0;
  }

  #failed(error: unknown, stream: number, current = this.#current): void {
    this.counts.errors++;
    if (current === undefined) {
      this.#options.note("error", `a record (stream ${stream}) is not restored: ${reason(error)}`);
      return;
    }
    if (current.kind === "regular" && current.written === 0) this.#discard(current);
    const isPartial = current.kind === "regular" && current.written > 0;
    current.hasFailed = true;
    current.kind = "ignore";
    this.#options.note(
      "error",
      `"${this.#place.shown(current)}" is ${isPartial ? "only partly" : "not"} restored: ${reason(error)}`,
    );
  }

  /** Takes away a file of which nothing came: an empty one in its place would look like the saved one. */
  #discard(current: CurrentFile): void {
    try {
      unlinkSync(fsPath(this.#place.entry(current)));
    } catch {
      // It is gone already, which is as good.
    }
  }

  #warnOnce(key: string, text: string): void {
    const times = (this.#warned.get(key) ?? 0) + 1;
    this.#warned.set(key, times);
    if (times <= FIRST_WARNINGS) this.#options.note("warning", text);
  }

  [Symbol.dispose](): void {
    if (this.#current !== undefined && this.#current.fd >= 0) closeSync(this.#current.fd);
    this.#current = undefined;
    this.#place[Symbol.dispose]();
  }
}

const zeros = Buffer.alloc(65_536);

function isZero(data: Uint8Array): boolean {
  return data.byteLength <= zeros.length && zeros.compare(data, 0, data.byteLength, 0, data.byteLength) === 0;
}

/** Attributes that outlive the batch they came in: the extras are copied. */
function keep(current: CurrentFile): FileAttributes {
  const copy = (data: Uint8Array | undefined): Uint8Array | undefined =>
    data === undefined || current.kind === "regular" ? data : data.slice();
  return {
    record: current.record,
    accessAcl: copy(current.accessAcl),
    defaultAcl: copy(current.defaultAcl),
    xattrs: copy(current.xattrs),
    isOwned: current.isOwned,
    hasMode: current.hasMode,
  };
}

function reason(error: unknown): string {
  return systemErrorCode(error) === "" ? describeError(error) : `ERR=${systemErrorText(error)}`;
}
