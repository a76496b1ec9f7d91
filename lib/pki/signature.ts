import { constants, publicDecrypt } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { digestBytes } from "#lib/streams/digest.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import { DerReader, derTag, hexOf } from "./der.ts";

/** One signature over the digest of a file's data; `keyId` is the subject key identifier of the signer's certificate. */
export interface Signature {
  readonly keyId: string;
  readonly digest: DigestName;
  readonly signature: Uint8Array;
}

const SIGNERS_MAX = 1000;

const digestsByOid: ReadonlyMap<string, DigestName> = new Map([
  ["2a864886f70d0205", "md5"],
  ["2b0e03021a", "sha1"],
  ["608648016503040201", "sha256"],
  ["608648016503040203", "sha512"],
]);

/** Reads a signed digest record (stream 19). Throws OperatorError PKI_DATA_INVALID, or PKI_UNSUPPORTED for a digest that is not known. */
export function decodeSignatures(record: Uint8Array): Signature[] {
  const outer = new DerReader(record).within(derTag.sequence);
  outer.take(derTag.integer);
  const set = outer.within(derTag.set);
  const signatures: Signature[] = [];
  while (!set.isAtEnd) {
    if (signatures.length >= SIGNERS_MAX) throw new OperatorError("PKI_DATA_INVALID", "too many signers");
    const signer = set.within(derTag.sequence);
    signer.take(derTag.integer);
    const keyId = hexOf(signer.take(derTag.octets));
    const oid = signer.objectId();
    const digest = digestsByOid.get(oid);
    if (digest === undefined)
      throw new OperatorError("PKI_UNSUPPORTED", `signed digest with the object identifier ${oid} (hexadecimal) is unknown`);
    signer.objectId();
    signatures.push({ keyId, digest, signature: signer.take(derTag.octets).slice() });
  }
  return signatures;
}

/** Whether the owner of this public RSA key signed the digest (PKCS #1 v1.5). */
export function isSignedBy(key: KeyObject, { digest, signature }: Signature, value: Uint8Array): boolean {
  let signed: Buffer;
  try {
    signed = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  } catch {
    return false;
  }
  return signed.equals(digestInfo(digest, value));
}

/** The DER text that is signed: SEQUENCE { SEQUENCE { algorithm, NULL }, OCTET STRING }. */
function digestInfo(name: DigestName, value: Uint8Array): Buffer {
  const oid = Buffer.from([...digestsByOid].find(([, digest]) => digest === name)![0], "hex");
  const algorithm = Buffer.concat([Buffer.from([derTag.objectId, oid.length]), oid, Buffer.from([0x05, 0x00])]);
  const bytes = digestBytes(name);
  return Buffer.concat([
    Buffer.from([derTag.sequence, 2 + algorithm.length + 2 + bytes, derTag.sequence, algorithm.length]),
    algorithm,
    Buffer.from([derTag.octets, bytes]),
    value,
  ]);
}
