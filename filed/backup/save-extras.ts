import { shown } from "#lib/base/byte-string.ts";
import { aclText } from "#lib/platform/acl.ts";
import type { LongPaths } from "#lib/platform/long-path.ts";
import type { OwnerNames } from "#lib/platform/owner-names.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import { ACL_ACCESS, ACL_DEFAULT, getXattr, listXattrs } from "#lib/platform/xattr.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { encodeXattrs } from "#lib/streams/xattr-record.ts";
import type { Xattr } from "#lib/streams/xattr-record.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { SaveOptions } from "./save-options.ts";

/** Saves what files have besides attributes and data. */
export class ExtrasSaver {
  /** Bytes of ACLs and extended attributes put into records. */
  bytes = 0;
  readonly #writer: RecordWriter;
  readonly #paths: LongPaths;
  readonly #names: OwnerNames;
  readonly #warn: (text: string) => void;

  constructor(parts: { writer: RecordWriter; paths: LongPaths; names: OwnerNames; warn: (text: string) => void }) {
    this.#writer = parts.writer;
    this.#paths = parts.paths;
    this.#names = parts.names;
    this.#warn = parts.warn;
  }

  /** ACLs and extended attributes; what cannot be read is said and left out. */
  save(fileIndex: number, path: string, options: SaveOptions, type: number): void {
    if (!options.withAcl && !options.withXattr) return;
    const reachable = this.#paths.reachable(path);
    const names = listXattrs(reachable);
    if (typeof names === "number") {
      this.#warn(`     Extended attributes of "${shown(path)}" cannot be read: ERR=${systemErrorText(names)}`);
      return;
    }
    if (names.length === 0) return;
    if (options.withAcl && type !== fileType.symlink) {
      this.#saveAcl(fileIndex, reachable, names, ACL_ACCESS, streamType.linuxAccessAcl);
      if (type === fileType.directory) this.#saveAcl(fileIndex, reachable, names, ACL_DEFAULT, streamType.linuxDefaultAcl);
    }
    if (!options.withXattr) return;
    const attributes: Xattr[] = [];
    for (const name of names) {
      if (name === ACL_ACCESS || name === ACL_DEFAULT) continue;
      const value = getXattr(reachable, name);
      if (value !== undefined) attributes.push({ name, value });
    }
    if (attributes.length === 0) return;
    const data = encodeXattrs(attributes);
    this.#writer.append(fileIndex, streamType.linuxXattr, data);
    this.bytes += data.byteLength;
  }

  #saveAcl(fileIndex: number, path: string, names: readonly string[], name: string, stream: number): void {
    if (!names.includes(name)) return;
    const value = getXattr(path, name);
    const text = value === undefined ? undefined : aclText(value, this.#names);
    if (text === undefined) return;
    this.#writer.append(fileIndex, stream, text);
    this.bytes += text.byteLength;
  }
}
