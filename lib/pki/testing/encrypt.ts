import { constants, createCipheriv, generateKeyPairSync, publicEncrypt, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { DigestName } from "#lib/streams/digest.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";

/** A key pair under an identifier, for tests. */
export interface TestKey {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const CIPHER_OIDS = {
  "aes-128-cbc": "608648016503040102",
  "aes-192-cbc": "608648016503040116",
  "aes-256-cbc": "60864801650304012a",
} as const;
const DIGEST_OIDS = {
  md5: "2a864886f70d0205",
  sha1: "2b0e03021a",
  sha256: "608648016503040201",
  sha512: "608648016503040203",
} as const;
const RSA = "2a864886f70d010101";

/** Ciphers that Bacula uses and we read. */
export type TestCipher = keyof typeof CIPHER_OIDS;

/** A new RSA key; small, so that it is made quickly. */
export function testKey(keyId: string): TestKey {
  return { keyId, ...generateKeyPairSync("rsa", { modulusLength: 1024 }) };
}

/** A ring of these keys, for opening and for signatures. */
export function ringOf(...keys: readonly TestKey[]): KeyRing {
  return {
    privateKeys: keys.map(({ keyId, privateKey }) => ({ keyId, file: `${keyId}.pem`, key: privateKey })),
    signers: keys.map(({ keyId, publicKey }) => ({ keyId, file: `${keyId}.pem`, key: publicKey })),
  };
}

/** A DER element. */
export function der(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part)));
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** The record of a crypto session for these recipients. */
export function cryptoSession(cipher: TestCipher, key: Uint8Array, iv: Uint8Array, keys: readonly TestKey[]): Buffer {
  const recipients = keys.map(({ keyId, publicKey }) =>
    der(
      0x30,
      der(0x02, "00"),
      der(0x04, keyId),
      der(0x06, RSA),
      der(0x04, publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, key)),
    ),
  );
  return der(0x30, der(0x02, "00"), der(0x06, CIPHER_OIDS[cipher]), der(0x04, iv), der(0x31, ...recipients));
}

/** The cipher text of blocks, each with its length in front. */
export function encryptBlocks(cipher: TestCipher, key: Uint8Array, iv: Uint8Array, blocks: readonly Uint8Array[]): Buffer {
  const encryption = createCipheriv(cipher, key, iv);
  const parts: Buffer[] = [];
  for (const block of blocks) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.byteLength);
    parts.push(encryption.update(length), encryption.update(block));
  }
  return Buffer.concat([...parts, encryption.final()]);
}

/** The record of a signature over data. */
export function signedDigest(digest: DigestName, data: Uint8Array, key: TestKey): Buffer {
  const signature = sign(digest, data, key.privateKey);
  const signer = der(
    0x30,
    der(0x02, "00"),
    der(0x04, key.keyId),
    der(0x06, DIGEST_OIDS[digest]),
    der(0x06, RSA),
    der(0x04, signature),
  );
  return der(0x30, der(0x02, "00"), der(0x31, signer));
}
