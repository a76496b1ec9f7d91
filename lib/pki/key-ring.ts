import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { DerReader, derTag, hexOf } from "./der.ts";

/** A key, the subject key identifier by which Volumes name it, and the file that it came from. */
export interface RingKey {
  readonly keyId: string;
  readonly file: string;
  readonly key: KeyObject;
}

/** The keys of a restore; may be handed to a thread. */
export interface KeyRing {
  /** Open encrypted data. */
  readonly privateKeys: readonly RingKey[];
  /** Public keys of those whose signatures are believed. */
  readonly signers: readonly RingKey[];
}

/** Paths of PEM files. */
export interface KeyFiles {
  /** Private keys are taken from these, certificates of signers, too. */
  readonly keypairs: readonly string[];
  /** Private keys are taken from these, if there are some: usually they hold the certificate alone. */
  readonly masters: readonly string[];
  /** Certificates of signers are taken from these. */
  readonly signers: readonly string[];
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const SUBJECT_KEY_IDENTIFIER = "551d0e";
const EXTENSIONS = 0xa3;
const BOOLEAN = 0x01;

/** Reads the keys. Throws OperatorError PKI_KEY_INVALID for a file that cannot be read or lacks what it is there for. */
export async function loadKeyRing(files: KeyFiles): Promise<KeyRing> {
  const keypairs = await Promise.all(files.keypairs.map(readPem));
  const masters = await Promise.all(files.masters.map(readPem));
  const signers = await Promise.all(files.signers.map(readPem));
  for (const { file, privateKeys } of keypairs)
    if (privateKeys.length === 0) throw invalid(file, "there is no private key in it");
  return {
    privateKeys: [...keypairs, ...masters].flatMap((pem) => pem.privateKeys),
    signers: [...keypairs, ...signers].flatMap((pem) => pem.certificates),
  };
}

interface PemFile {
  readonly file: string;
  readonly privateKeys: readonly RingKey[];
  readonly certificates: readonly RingKey[];
}

async function readPem(file: string): Promise<PemFile> {
  let text: string;
  try {
    text = await readFile(file, "latin1");
  } catch (cause) {
    throw invalid(file, "it cannot be read", cause);
  }
  const certificates: RingKey[] = [];
  const keys: KeyObject[] = [];
  for (const [block, label = ""] of text.matchAll(PEM_BLOCK)) {
    if (label.endsWith("CERTIFICATE")) certificates.push(certificateOf(file, block));
    else if (label.endsWith("PRIVATE KEY")) keys.push(privateKeyOf(file, block));
  }
  if (certificates.length + keys.length === 0) throw invalid(file, "there is neither key nor certificate in PEM form in it");
  const privateKeys = keys.map((key): RingKey => {
    const own = createPublicKey(key);
    const certificate = certificates.find((one) => one.key.equals(own));
    return { keyId: certificate?.keyId ?? keyIdOfPublicKey(own), file, key };
  });
  return { file, privateKeys, certificates };
}

function privateKeyOf(file: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    const isLocked = pem.includes("ENCRYPTED");
    throw invalid(
      file,
      isLocked ? "its private key has a passphrase; nobody is there to type it" : "its private key cannot be read",
      cause,
    );
  }
  if (key.asymmetricKeyType !== "rsa") throw invalid(file, `its private key is not an RSA key but ${key.asymmetricKeyType}`);
  return key;
}

function certificateOf(file: string, pem: string): RingKey {
  try {
    const certificate = new X509Certificate(pem);
    const key = certificate.publicKey;
    return { keyId: subjectKeyIdentifier(certificate.raw) ?? keyIdOfPublicKey(key), file, key };
  } catch (cause) {
    throw invalid(file, "its certificate cannot be read", cause);
  }
}

/** The identifier that a certificate (DER) names itself; undefined: none. */
function subjectKeyIdentifier(certificate: Uint8Array): string | undefined {
  const fields = new DerReader(certificate).within(derTag.sequence).within(derTag.sequence);
  while (!fields.isAtEnd && fields.tag !== EXTENSIONS) fields.skip();
  if (fields.isAtEnd) return undefined;
  const extensions = fields.within(EXTENSIONS).within(derTag.sequence);
  while (!extensions.isAtEnd) {
    const extension = extensions.within(derTag.sequence);
    const id = extension.objectId();
    if (extension.tag === BOOLEAN) extension.skip();
    const value = extension.take(derTag.octets);
    if (id === SUBJECT_KEY_IDENTIFIER) return hexOf(new DerReader(value).take(derTag.octets));
  }
  return undefined;
}

/** The identifier that certificates usually carry: SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1). */
function keyIdOfPublicKey(key: KeyObject): string {
  const info = new DerReader(key.export({ type: "spki", format: "der" })).within(derTag.sequence);
  info.skip();
  return createHash("sha1").update(info.take(derTag.bitString).subarray(1)).digest("hex");
}

function invalid(file: string, what: string, cause?: unknown): OperatorError {
  return new OperatorError("PKI_KEY_INVALID", `the file of PKI keys "${file}": ${what}`, { cause });
}
