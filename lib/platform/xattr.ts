import type { Xattr } from "#lib/streams/xattr-record.ts";
import { cString, errno, libc } from "./libc.ts";

/** Names under which Linux shows POSIX ACLs as attributes; they travel as ACL records instead. */
export const ACL_ACCESS = "system.posix_acl_access";
export const ACL_DEFAULT = "system.posix_acl_default";

const pathBytes = Buffer.alloc(8192);
const listBytes = Buffer.alloc(65_536);
const valueBytes = Buffer.alloc(65_536);
const nameCache = new Map<string, Buffer>();

function pathOf(path: string): Uint8Array {
  if (path.length >= pathBytes.length) return cString(path);
  pathBytes[pathBytes.write(path, 0, "latin1")] = 0;
  return pathBytes;
}

function nameOf(name: string): Buffer {
  let bytes = nameCache.get(name);
  if (bytes === undefined) {
    bytes = cString(name);
    if (nameCache.size < 1000) nameCache.set(name, bytes);
  }
  return bytes;
}

const none: readonly string[] = [];

/**
 * Names of a path's extended attributes, not following a symlink; ACLs among them. Answers none where the file system has none, and
 * an errno where they cannot be read. `path` is a byte string.
 */
export function listXattrs(path: string): readonly string[] | number {
  const c = libc();
  if (c === undefined) return none;
  const length = c.llistxattr(pathOf(path), listBytes, listBytes.length);
  if (length === 0) return none;
  if (length < 0) {
    const code = c.errno();
    return code === errno.EOPNOTSUPP || code === errno.ENOENT ? none : code;
  }
  return listBytes.toString("latin1", 0, length - 1).split("\0");
}

/** The value of an attribute, copied; undefined if it is gone or may not be read. */
export function getXattr(path: string, name: string): Buffer | undefined {
  const c = libc();
  if (c === undefined) return undefined;
  const length = c.lgetxattr(pathOf(path), nameOf(name), valueBytes, valueBytes.length);
  return length < 0 ? undefined : Buffer.from(valueBytes.subarray(0, length));
}

/** Sets an attribute, not following a symlink; answers 0 or an errno. */
export function setXattr(path: string, attribute: Xattr): number {
  const c = libc();
  if (c === undefined) return errno.EOPNOTSUPP;
  const value = attribute.value.byteLength === 0 ? valueBytes : attribute.value;
  return c.lsetxattr(pathOf(path), nameOf(attribute.name), value, attribute.value.byteLength, 0) < 0 ? c.errno() : 0;
}
