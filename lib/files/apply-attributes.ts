import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  openSync,
} from "node:fs";
import { fsPath } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { parseAclText } from "#lib/platform/acl.ts";
import type { OwnerNames } from "#lib/platform/owner-names.ts";
import { setFileTimes, setPathTimes } from "#lib/platform/special-files.ts";
import type { ExactTime } from "#lib/platform/special-files.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { ACL_ACCESS, ACL_DEFAULT, setXattr } from "#lib/platform/xattr.ts";
import type { AttributeRecord } from "#lib/streams/attributes.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import { decodeXattrs } from "#lib/streams/xattr-record.ts";

/** What is set on a restored file besides its data. The extras are the data of records, kept until the file is whole. */
export interface FileAttributes {
  readonly record: AttributeRecord;
  readonly accessAcl: Uint8Array | undefined;
  readonly defaultAcl: Uint8Array | undefined;
  readonly xattrs: Uint8Array | undefined;
  /** Owner and mode are right since the file was made. */
  readonly isOwned: boolean;
  readonly hasMode: boolean;
}

export interface ApplyOptions {
  readonly names: OwnerNames;
  /** Owners by number as saved, not by name. */
  readonly numericIds: boolean;
  /** Whether owners may be set at all (root). */
  readonly mayChown: boolean;
  /** Says what could not be set. */
  readonly complain: (text: string) => void;
}

const PERMISSIONS = 0o7777;
const O_PATH = 0o10000000;

/**
 * Sets owner, then mode (setting an owner drops setuid), then ACLs, attributes and capabilities, times last. `path` is a form that is
 * not followed (SafeDirectories.entry), asked for where it is needed; `fd` the open file, or undefined for what has none. What cannot
 * be set is said, the rest is set.
 */
export function applyAttributes(
  path: () => string,
  fd: number | undefined,
  attributes: FileAttributes,
  options: ApplyOptions,
): void {
  const { record } = attributes;
  const isLink = record.type === fileType.symlink;
  const attempt = (what: string, act: () => void): void => {
    try {
      act();
    } catch (error) {
      options.complain(
        `${what} cannot be set: ${systemErrorCode(error) === "" && error instanceof Error ? error.message : `ERR=${systemErrorText(error)}`}`,
      );
    }
  };
  if (options.mayChown && !attributes.isOwned) {
    const { uid, gid } = ownerOf(record, options);
    attempt("its owner", () => (fd === undefined ? lchownSync(fsPath(path()), uid, gid) : fchownSync(fd, uid, gid)));
  }
  if (!isLink) {
    const mode = record.stat.mode & PERMISSIONS;
    if (!attributes.hasMode) attempt("its mode", () => (fd === undefined ? setNodeMode(path(), mode) : fchmodSync(fd, mode)));
    const { accessAcl, defaultAcl } = attributes;
    if (accessAcl !== undefined) attempt("its ACL", () => setAcl(path(), ACL_ACCESS, accessAcl, options));
    if (defaultAcl !== undefined) attempt("its default ACL", () => setAcl(path(), ACL_DEFAULT, defaultAcl, options));
  }
  const { xattrs } = attributes;
  if (xattrs !== undefined) attempt("its extended attributes", () => setXattrs(path(), xattrs, options));
  setTimes(path, fd, record, isLink, attempt);
}

/** chmod(2) follows links, and a hostile stream may put one where a node has just been made: the mode goes to what was looked at. */
function setNodeMode(path: string, mode: number): void {
  const fd = openSync(fsPath(path), O_PATH | constants.O_NOFOLLOW);
  try {
    if (fstatSync(fd).isSymbolicLink()) throw new OperatorError("PATH_UNSAFE", "a symbolic link has come into its place");
    chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    closeSync(fd);
  }
}

function setTimes(
  path: () => string,
  fd: number | undefined,
  record: AttributeRecord,
  isLink: boolean,
  attempt: (what: string, act: () => void) => void,
): void {
  const atime: ExactTime = { seconds: record.stat.atime, nanoseconds: record.exact?.atimeNs ?? 0 };
  const mtime: ExactTime = { seconds: record.stat.mtime, nanoseconds: record.exact?.mtimeNs ?? 0 };
  if (fd === undefined ? setPathTimes(path(), atime, mtime) : setFileTimes(fd, atime, mtime)) return;
  const seconds = (time: ExactTime): number => time.seconds + time.nanoseconds / 1e9;
  attempt(isLink ? "the link's times" : "its times", () =>
    fd === undefined
      ? lutimesSync(fsPath(path()), seconds(atime), seconds(mtime))
      : futimesSync(fd, seconds(atime), seconds(mtime)),
  );
}

/** The owner and group that a restored file is to have on this machine. */
export function ownerOf(
  record: AttributeRecord,
  options: Pick<ApplyOptions, "names" | "numericIds">,
): { readonly uid: number; readonly gid: number } {
  return { uid: userId(record, options), gid: groupId(record, options) };
}

/** Root's own name is not stored: number 0 is root everywhere. */
function userId(record: AttributeRecord, options: Pick<ApplyOptions, "names" | "numericIds">): number {
  const name = options.numericIds ? "" : (record.exact?.user ?? "");
  return (name === "" ? undefined : options.names.userId(name)) ?? record.stat.uid;
}

function groupId(record: AttributeRecord, options: Pick<ApplyOptions, "names" | "numericIds">): number {
  const name = options.numericIds ? "" : (record.exact?.group ?? "");
  return (name === "" ? undefined : options.names.groupId(name)) ?? record.stat.gid;
}

function setAcl(path: string, name: string, text: Uint8Array, options: ApplyOptions): void {
  const value = parseAclText(text, options.names, { numericIds: options.numericIds });
  const failed = setXattr(path, { name, value });
  if (failed !== 0) throw systemError(failed);
}

function setXattrs(path: string, data: Uint8Array, options: ApplyOptions): void {
  for (const attribute of decodeXattrs(data)) {
    const failed = setXattr(path, attribute);
    if (failed !== 0)
      options.complain(`the extended attribute "${attribute.name}" cannot be set: ERR=${systemErrorText(failed)}`);
  }
}

function systemError(number: number): Error {
  return Object.assign(new Error(systemErrorText(number)), { errno: -number, code: "XATTR" });
}
