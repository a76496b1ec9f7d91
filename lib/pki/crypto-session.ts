import { constants, privateDecrypt } from "node:crypto";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { DerReader, derTag, hexOf } from "./der.ts";
import type { KeyRing } from "./key-ring.ts";

/** A cipher of file data, by the name that node:crypto has for it. */
export interface DataCipher {
  readonly name: string;
  readonly keyBytes: number;
}

/** For whom the session key was encrypted: `keyId` is the subject key identifier of the certificate. */
export interface Recipient {
  readonly keyId: string;
  readonly encryptedKey: Uint8Array;
}

/** What a crypto session record (stream 22) says: how the data of its file was encrypted, and who can open it. */
export interface CryptoSession {
  readonly cipher: DataCipher;
  readonly iv: Uint8Array;
  readonly recipients: readonly Recipient[];
}

/** What decrypts the data of a file. */
export interface DataKey {
  readonly cipher: DataCipher;
  readonly iv: Uint8Array;
  readonly key: Uint8Array;
}

const VERSION = 0;
const IV_BYTES = 16;
const RECIPIENTS_MAX = 1000;
const RSA_ENCRYPTION = "2a864886f70d010101";

const ciphers: ReadonlyMap<string, DataCipher> = new Map([
  ["608648016503040102", { name: "aes-128-cbc", keyBytes: 16 }],
  ["608648016503040116", { name: "aes-192-cbc", keyBytes: 24 }],
  ["60864801650304012a", { name: "aes-256-cbc", keyBytes: 32 }],
]);
const BLOWFISH_CBC = "2b0601040197550102";

/** Reads a crypto session record. Throws OperatorError PKI_DATA_INVALID, or PKI_UNSUPPORTED for a cipher that is not known here. */
export function decodeCryptoSession(record: Uint8Array): CryptoSession {
  const outer = new DerReader(record).within(derTag.sequence);
  mustBeVersion(outer, "crypto session");
  const oid = outer.objectId();
  const cipher = ciphers.get(oid);
  if (cipher === undefined)
    throw new OperatorError(
      "PKI_UNSUPPORTED",
      oid === BLOWFISH_CBC
        ? "data that was encrypted with Blowfish cannot be read"
        : `cipher with the object identifier ${oid} (hexadecimal) is unknown`,
    );
  const iv = outer.take(derTag.octets).slice();
  if (iv.byteLength !== IV_BYTES) throw invalid(`an initial vector of ${iv.byteLength} bytes`);
  const set = outer.within(derTag.set);
  const recipients: Recipient[] = [];
  while (!set.isAtEnd) {
    if (recipients.length >= RECIPIENTS_MAX) throw invalid("too many recipients");
    const recipient = set.within(derTag.sequence);
    mustBeVersion(recipient, "recipient");
    const keyId = hexOf(recipient.take(derTag.octets));
    const isRsa = recipient.objectId() === RSA_ENCRYPTION;
    const encryptedKey = recipient.take(derTag.octets);
    if (isRsa) recipients.push({ keyId, encryptedKey });
  }
  return { cipher, iv, recipients };
}

/**
 * Finds the session key with a private key of the ring. Throws OperatorError DATA_ENCRYPTED, naming the keys that would do; `ofJob` is
 * text about the saved job for it.
 */
export function openCryptoSession(session: CryptoSession, ring: KeyRing | undefined, ofJob: string): DataKey {
  const { cipher, iv, recipients } = session;
  const failed: string[] = [];
  for (const { keyId, encryptedKey } of recipients) {
    for (const own of ring?.privateKeys ?? []) {
      if (own.keyId !== keyId) continue;
      const key = decryptKey(own.key, encryptedKey);
      if (key?.byteLength === cipher.keyBytes) return { cipher, iv, key };
      failed.push(own.file);
    }
  }
  const wanted = recipients.map(({ keyId }) => keyId).join(" or ");
  const what =
    failed.length > 0
      ? `the private key in ${failed.join(", ")} has the right identifier, but does not open it`
      : "there is no key for it here";
  throw new OperatorError(
    "DATA_ENCRYPTED",
    `its data${ofJob} is encrypted, and ${what}: needed is the private key with the subject key identifier ${wanted}`,
    { hint: "PKI Keypair or PKI Master Key of the file daemon, -K of bextract" },
  );
}

function decryptKey(key: KeyRing["privateKeys"][number]["key"], encrypted: Uint8Array): Uint8Array | undefined {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encrypted);
  } catch {
    return undefined;
  }
}

function mustBeVersion(reader: DerReader, what: string): void {
  const version = reader.take(derTag.integer);
  if (version.byteLength !== 1 || version[0] !== VERSION)
    throw new OperatorError("PKI_UNSUPPORTED", `a ${what} of version ${hexOf(version)}`);
}

function invalid(text: string): OperatorError {
  return new OperatorError("PKI_DATA_INVALID", `a crypto session cannot be read: ${text}`);
}
