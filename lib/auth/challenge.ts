import { createHmac, randomBytes, scrypt } from "node:crypto";
import type { Secret } from "#lib/config/secret.ts";

/*
 * Mutual proof of a shared password inside TLS. Both sides compute an HMAC over the same transcript, which binds the protocol
 * number, the direction, both roles and names, both fresh nonces and the certificates of both ends of this very TLS connection.
 * So a proof is worth nothing in another run (nonces), in the other direction (direction), to another name (names), or through a
 * man in the middle (his certificate is in the transcript). docs/protocols/connection.md gives the bytes.
 */

/** Bytes of a nonce, a proof and a session token. */
export const NONCE_BYTES = 32;

/** Longest resource name, in bytes. */
export const LOGIN_NAME_BYTES_MAX = 127;

/** What both sides of one login must agree upon. Role numbers are those of proto/common.proto. */
export interface Transcript {
  readonly protocol: number;
  readonly clientRole: number;
  readonly clientName: string;
  readonly serverRole: number;
  readonly serverName: string;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  /** SHA-256 of the client's and the server's certificate (DER), as the TLS connection shows them. */
  readonly clientCertificate: Uint8Array;
  readonly serverCertificate: Uint8Array;
}

/** Who makes a proof. */
export type ProofDirection = "client" | "server";

/** A fresh nonce (or session token). */
export function makeNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}

/** The proof of one side, 32 bytes. `key` comes from `loginKey`. */
export function proof(key: Uint8Array, direction: ProofDirection, transcript: Transcript): Buffer {
  const hmac = createHmac("sha256", key);
  for (const field of transcriptFields(direction, transcript)) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.byteLength);
    hmac.update(length).update(field);
  }
  return hmac.digest();
}

/** The transcript's fields in their order; each is preceded by its length, so that no two transcripts have the same bytes. */
function transcriptFields(direction: ProofDirection, transcript: Transcript): Uint8Array[] {
  const text = (value: string | number) => Buffer.from(String(value), "utf8");
  return [
    text("nocturne password proof"),
    text(direction),
    text(transcript.protocol),
    text(transcript.clientRole),
    text(transcript.clientName),
    text(transcript.serverRole),
    text(transcript.serverName),
    transcript.clientNonce,
    transcript.serverNonce,
    transcript.clientCertificate,
    transcript.serverCertificate,
  ];
}

/** Cost of deriving a key: about 50 ms and 16 MiB, so that guessing a short password from a proof is slow. */
const SCRYPT = { N: 16_384, r: 8, p: 1 } as const;

/** Keys derived lately, by password object and pair of names; a reload makes new password objects, so old keys go by themselves. */
const derived = new WeakMap<Secret, Map<string, Promise<Buffer>>>();
const DERIVED_PER_PASSWORD_MAX = 64;

/** The key of a pair of names, 32 bytes, derived from their password. Salted by the names: one guess serves one pair only. */
export function loginKey(password: Secret, clientName: string, serverName: string): Promise<Buffer> {
  const salt = JSON.stringify(["nocturne login key", clientName, serverName]);
  let keys = derived.get(password);
  if (keys === undefined) derived.set(password, (keys = new Map()));
  let key = keys.get(salt);
  if (key === undefined) {
    if (keys.size >= DERIVED_PER_PASSWORD_MAX) keys.clear();
    key = deriveKey(password.reveal(), salt);
    keys.set(salt, key);
  }
  return key;
}

function deriveKey(password: string, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, SCRYPT, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
