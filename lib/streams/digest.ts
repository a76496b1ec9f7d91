import { streamType } from "./stream-type.ts";

/** Digest algorithms of a file's data, by the names that node:crypto knows. */
export type DigestName = "md5" | "sha1" | "sha256" | "sha512";

const byOption: Readonly<Record<string, DigestName>> = { MD5: "md5", SHA1: "sha1", SHA256: "sha256", SHA512: "sha512" };
const streams: Readonly<Record<DigestName, number>> = {
  md5: streamType.md5,
  sha1: streamType.sha1,
  sha256: streamType.sha256,
  sha512: streamType.sha512,
};
const lengths: Readonly<Record<DigestName, number>> = { md5: 16, sha1: 20, sha256: 32, sha512: 64 };

/** The algorithm that a FileSet's Signature option names; undefined: none. */
export function digestOfOption(option: string): DigestName | undefined {
  return byOption[option.toUpperCase()];
}

/** The stream number under which this digest is stored. */
export function digestStream(name: DigestName): number {
  return streams[name];
}

/** The algorithm of a digest record; undefined if the stream is not a digest's. */
export function digestOfStream(stream: number): DigestName | undefined {
  return (Object.keys(streams) as DigestName[]).find((name) => streams[name] === stream);
}

/** Bytes of a digest. */
export function digestBytes(name: DigestName): number {
  return lengths[name];
}
