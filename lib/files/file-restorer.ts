import { closeSync, unlinkSync } from "node:fs";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import type { AttributeRecord } from "#lib/streams/attributes.ts";
import { digestOfStream } from "#lib/streams/digest.ts";
import { STREAM_TYPE_MASK, streamKind } from "#lib/streams/stream-type.ts";
import { applyAttributes } from "./apply-attributes.ts";
import type { FileAttributes } from "./apply-attributes.ts";
import { DataDigest } from "./data-digest.ts";
import { GatheredWrite } from "./gathered-write.ts";
import { RestoredData } from "./restored-data.ts";
import { RestorePlace } from "./restore-place.ts";
import type { CurrentFile, DeferredFile, FileRestorerOptions, RestoreCounts } from "./restore-place.ts";

const FIRST_WARNINGS = 1;

/** Sessions that may have a file at hand at one time: each keeps a file open. Of more, those silent for longest are given up. */
const LANES_MAX = 256;

/** What is kept for each session whose records come: sessions of one Volume may alternate in the middle of a file. */
interface Lane {
  current: CurrentFile | undefined;
  readonly data: RestoredData;
  readonly links: DeferredFile[];
  /** Of the saved job, for messages; 0: not known. */
  jobId: number;
}

/**
 * Turns the records of saved files into files. For one thread; calls block. Feed `record` with the records of whole files in order
 * (`session` says whose they are, where there are several), then call `endFile`, and when all restorers of the job have done so
 * `makeLinks`, `openUnknownDirectories` and `setDirectories`, each when all have done the step before.
 */
export class FileRestorer implements Disposable {
  readonly counts: RestoreCounts = { files: 0, bytes: 0, errors: 0, skipped: 0 };
  readonly #options: FileRestorerOptions;
  readonly #place: RestorePlace;
  readonly #names = new OwnerNames();
  readonly #mayChown = process.geteuid?.() === 0;
  readonly #late: DeferredFile[] = [];
  readonly #warned = new Map<string, number>();
  readonly #lanes = new Map<string, Lane>();
  readonly #gathered = new GatheredWrite();
  #lane: Lane;

  constructor(options: FileRestorerOptions) {
    this.#options = options;
    this.#place = new RestorePlace(options, this.counts, this.#names);
    this.#lane = this.#newLane();
    this.#lanes.set("", this.#lane);
  }

  /** The records that follow are of this session, which goes on where it was; `jobId` of the saved job, 0: not known. */
  session(key: string, jobId = 0): void {
    const known = this.#lanes.get(key);
    if (known !== this.#lane) this.#flush();
    if (known === undefined && this.#lanes.size >= LANES_MAX) this.#giveUpOldest();
    this.#lane = known ?? this.#newLane();
    // Last in the map is what was used last.
    this.#lanes.delete(key);
    this.#lanes.set(key, this.#lane);
    if (jobId > 0) this.#lane.jobId = jobId;
  }

  #newLane(): Lane {
    const say = (current: CurrentFile, text: (where: string) => string): void =>
      this.#options.note("error", text(this.#place.shown(current)));
    return { current: undefined, data: new RestoredData(this.counts, say, this.#gathered, this.#options), links: [], jobId: 0 };
  }

  #giveUpOldest(): void {
    const [oldest] = this.#lanes;
    if (oldest === undefined) return;
    this.#lane = oldest[1];
    this.#endCurrent();
    this.#linkLane(oldest[1]);
    this.#lanes.delete(oldest[0]);
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

  /** Writes or copies what is still needed of the records given so far, so that their memory may be used for others. */
  letGo(): void {
    this.#flush();
    const { current } = this.#lane;
    if (current === undefined) return;
    current.accessAcl = copyOf(current.accessAcl);
    current.defaultAcl = copyOf(current.defaultAcl);
    current.xattrs = copyOf(current.xattrs);
    current.digest.letGo();
  }

  /** Writes what waits of the file at hand. */
  #flush(): void {
    try {
      this.#lane.data.flush();
    } catch (error) {
      this.#failed(error, 0);
    }
  }

  #take(fileIndex: number, stream: number, data: Uint8Array): void {
    const kind = streamKind(stream);
    if (kind.kind === "attributes") {
      this.#endCurrent();
      this.#begin(fileIndex, decodeAttributes(data));
      return;
    }
    const { current, data: written } = this.#lane;
    if (current === undefined || current.fileIndex !== fileIndex) {
      if (current !== undefined) this.#endCurrent();
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
        written.write(current, kind, data);
        break;
      case "chunks":
        written.chunk(current, kind.isList, data);
        break;
      case "digest":
        written.verify(current, digestOfStream(stream & STREAM_TYPE_MASK)!, data);
        break;
      case "acl":
        if (kind.scope === "access") current.accessAcl = data;
        else current.defaultAcl = data;
        break;
      case "xattr":
        current.xattrs = data;
        break;
      case "cryptoSession":
        written.cryptoSession(data, this.#lane.jobId);
        break;
      case "signature":
        this.#warnUnchecked(current, written.verifySignature(current, data));
        break;
      case "foreign":
        this.#warnOnce(
          kind.name,
          `"${shown(current.record.name)}" and maybe others have a part that cannot be restored on this system and is left out: ${kind.name}`,
        );
        break;
    }
  }

  #warnUnchecked(current: CurrentFile, what: string | undefined): void {
    if (what !== undefined) this.#warnOnce(what, `"${shown(current.record.name)}" and maybe others: ${what}`);
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
    this.#lane.current = current;
    this.#lane.data.begin();
    const unknown = this.#place.create(current, path);
    if (unknown === undefined) return;
    this.counts.errors++;
    this.#warnOnce(unknown, `"${shown(record.name)}" and maybe others are of a type that cannot be restored here (${unknown})`);
  }

  /** Ends the files at hand: sets their attributes, or keeps them until all files are there. */
  endFile(): void {
    for (const lane of this.#lanes.values()) {
      this.#lane = lane;
      this.#endCurrent();
    }
  }

  /** Ends the file at hand of the session that was named last. */
  #endCurrent(): void {
    const { current } = this.#lane;
    if (current === undefined) return;
    this.#lane.current = undefined;
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
    if (current.kind === "hardLink") this.#lane.links.push(deferred);
    else if (current.kind === "directory") this.#late.push(deferred);
    else {
      if (current.kind === "regular") this.#lane.data.finish(current);
      this.#apply(deferred, () => this.#place.entry(deferred), current.kind === "regular" ? current.fd : undefined);
      if (!current.hasFailed) this.counts.files++;
    }
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
    for (const lane of this.#lanes.values()) this.#linkLane(lane);
  }

  /** Ends the file at hand of the session that was named last: no more of it will come. */
  endSessionFile(): void {
    this.#endCurrent();
  }

  /** Makes the hard links of the session that was named last, when all its files are there. */
  makeSessionLinks(): void {
    this.#linkLane(this.#lane);
  }

  #linkLane({ links }: Lane): void {
    for (const deferred of links) {
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
    links.length = 0;
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

  #failed(error: unknown, stream: number, current = this.#lane.current): void {
    this.counts.errors++;
    if (current === undefined) {
      this.#options.note("error", `a record (stream ${stream}) is not restored: ${reason(error)}`);
      return;
    }
    if (current.kind === "regular") this.#lane.data.salvage(current);
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
    for (const lane of this.#lanes.values()) {
      if (lane.current !== undefined && lane.current.fd >= 0) closeSync(lane.current.fd);
      lane.current = undefined;
    }
    this.#place[Symbol.dispose]();
  }
}

/** Attributes that outlive the batch they came in: the extras are copied. */
function keep(current: CurrentFile): FileAttributes {
  const copy = (data: Uint8Array | undefined): Uint8Array | undefined => (current.kind === "regular" ? data : copyOf(data));
  return {
    record: current.record,
    accessAcl: copy(current.accessAcl),
    defaultAcl: copy(current.defaultAcl),
    xattrs: copy(current.xattrs),
    isOwned: current.isOwned,
    hasMode: current.hasMode,
  };
}

/** Memory of its own. (`slice` of a Buffer is a view.) */
function copyOf(data: Uint8Array | undefined): Uint8Array | undefined {
  return data === undefined ? undefined : new Uint8Array(data);
}

function reason(error: unknown): string {
  return systemErrorCode(error) === "" ? describeError(error) : `ERR=${systemErrorText(error)}`;
}
