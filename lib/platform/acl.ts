import { OperatorError } from "#lib/errors/operator-error.ts";
import type { OwnerNames } from "./owner-names.ts";

/*
 * Linux keeps a POSIX ACL as an attribute: u32 version 2, then entries of u16 tag, u16 permissions, u32 id, all little-endian.
 * Volumes hold the text of acl_to_text(3), as Bacula does: one entry a line, a NUL at the end. We add each named entry's number
 * as a comment, so that a restore with numeric ids needs no name.
 */

const tags = { userOwner: 0x01, user: 0x02, groupOwner: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;
const words = new Map<number, string>([
  [tags.userOwner, "user"],
  [tags.user, "user"],
  [tags.groupOwner, "group"],
  [tags.group, "group"],
  [tags.mask, "mask"],
  [tags.other, "other"],
]);
const VERSION = 2;
const NO_ID = 0xffffffff;
/** An ACL of the largest attribute value that Linux keeps. */
const ENTRIES_MAX = 8191;
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

/** The text of an ACL attribute's value; undefined if it is no ACL that we know, or only says what the mode says. */
export function aclText(value: Uint8Array, names: OwnerNames): Buffer | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== VERSION || (bytes.length - 4) % 8 !== 0) return undefined;
  let text = "";
  for (let at = 4; at < bytes.length; at += 8) {
    const tag = bytes.readUInt16LE(at);
    const word = words.get(tag);
    if (word === undefined) return undefined;
    const id = bytes.readUInt32LE(at + 4);
    const isNamed = tag === tags.user || tag === tags.group;
    const name = isNamed ? (tag === tags.user ? names.user(id) : names.group(id)) || String(id) : "";
    text += `${word}:${name}:${permissionText(bytes.readUInt16LE(at + 2))}${isNamed ? `\t#id:${id}` : ""}\n`;
  }
  return text === "" ? undefined : Buffer.from(`${text}\0`, "latin1");
}

function permissionText(permissions: number): string {
  return (permissions & 4 ? "r" : "-") + (permissions & 2 ? "w" : "-") + (permissions & 1 ? "x" : "-");
}

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/**
 * The attribute value for an ACL text, ours or Bacula's. Names become numbers of this machine unless `numericIds` and the text says
 * the number. Throws OperatorError ACL_INVALID, also for a name that nobody has here.
 */
export function parseAclText(data: Uint8Array, names: OwnerNames, options: { readonly numericIds: boolean }): Buffer {
  if (data.byteLength > TEXT_BYTES_MAX) throw invalid(`it has ${data.byteLength} bytes`);
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    .toString("latin1")
    .replace(/\0[^]*$/, "");
  const entries: AclEntry[] = [];
  for (const line of text.split(/[\n,]/)) {
    const [body, comment] = splitAt(line, "#");
    if (body.trim() === "") continue;
    if (entries.length === ENTRIES_MAX) throw invalid(`it has more than ${ENTRIES_MAX} entries`);
    entries.push(parseEntry(body.trim(), comment, names, options.numericIds));
  }
  if (entries.length === 0) throw invalid("it is empty");
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  const value = Buffer.alloc(4 + 8 * entries.length);
  value.writeUInt32LE(VERSION, 0);
  for (const [index, entry] of entries.entries()) {
    value.writeUInt16LE(entry.tag, 4 + 8 * index);
    value.writeUInt16LE(entry.permissions, 6 + 8 * index);
    value.writeUInt32LE(entry.id, 8 + 8 * index);
  }
  return value;
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

const entryPattern = /^(u|user|g|group|m|mask|o|other):([^:]*):\s*([rwx-]{0,3})$/;

function parseEntry(body: string, comment: string, names: OwnerNames, numericIds: boolean): AclEntry {
  const found = entryPattern.exec(body);
  if (found === null) throw invalid(`the entry "${body}"`);
  const [, word = "", who = "", letters = ""] = found;
  const permissions = (letters.includes("r") ? 4 : 0) | (letters.includes("w") ? 2 : 0) | (letters.includes("x") ? 1 : 0);
  const kind = word[0];
  if (kind === "m") return { tag: tags.mask, permissions, id: NO_ID };
  if (kind === "o") return { tag: tags.other, permissions, id: NO_ID };
  if (who === "") return { tag: kind === "u" ? tags.userOwner : tags.groupOwner, permissions, id: NO_ID };
  const saved = /^#id:(\d{1,10})/.exec(comment)?.[1];
  const named = kind === "u" ? names.userId(who) : names.groupId(who);
  const number = /^\d{1,10}$/.test(who) ? Number(who) : undefined;
  const id =
    (numericIds && saved !== undefined ? Number(saved) : undefined) ??
    named ??
    number ??
    (saved === undefined ? undefined : Number(saved));
  if (id === undefined || id >= NO_ID) throw invalid(`nobody here is called "${who}"`);
  return { tag: kind === "u" ? tags.user : tags.group, permissions, id };
}

function invalid(text: string): OperatorError {
  return new OperatorError("ACL_INVALID", `an access control list cannot be set: ${text}`);
}
