import "./reflect-metadata.ts";
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, type KeyObject } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  cryptoProvider,
  type Extension,
  type JsonGeneralNames,
  Name,
} from "@peculiar/x509";

cryptoProvider.set(webcrypto as unknown as Crypto);

/** Key and certificate as PEM texts. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** Who signs: a CA's key and certificate name; absent: the certificate signs itself. */
export interface Issuer {
  readonly key: CryptoKey;
  readonly name: string;
}

/** What a certificate says. */
export interface CertificatePlan {
  readonly commonName: string;
  readonly kind: "authority" | "end";
  /** URIs, DNS names and addresses. */
  readonly alternativeNames: JsonGeneralNames;
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly issuer?: Issuer;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A fresh ECDSA P-256 private key as PEM. */
export function makeKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Makes a certificate (PEM) for a private key (PEM, ECDSA P-256), signed by the issuer or by the key itself. */
export async function makeCertificate(keyPem: string, plan: CertificatePlan): Promise<string> {
  const privateKey = createPrivateKey(keyPem);
  const publicKey = await importKey(createPublicKey(privateKey));
  const subject = nameOf(plan.commonName);
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: plan.issuer === undefined ? subject : plan.issuer.name,
    notBefore: plan.validFrom,
    notAfter: plan.validTo,
    publicKey,
    signingKey: plan.issuer?.key ?? (await importKey(privateKey)),
    signingAlgorithm: ALGORITHM,
    serialNumber: serialNumber(),
    extensions: await extensions(plan, publicKey),
  });
  return `${certificate.toString("pem")}\n`;
}

/** The signing half of a CA from its PEM texts. Throws on a key of another kind than ours. */
export async function issuerOf(authority: KeyAndCertificate): Promise<Issuer> {
  return { key: await importKey(createPrivateKey(authority.key)), name: new X509Certificate(authority.certificate).subject };
}

async function importKey(key: KeyObject): Promise<CryptoKey> {
  const der =
    key.type === "private" ? key.export({ type: "pkcs8", format: "der" }) : key.export({ type: "spki", format: "der" });
  return webcrypto.subtle.importKey(key.type === "private" ? "pkcs8" : "spki", new Uint8Array(der), ALGORITHM, true, [
    key.type === "private" ? "sign" : "verify",
  ]);
}

function nameOf(commonName: string): string {
  return new Name([{ CN: [{ utf8String: commonName }] }]).toString();
}

async function extensions(plan: CertificatePlan, publicKey: CryptoKey): Promise<Extension[]> {
  const isAuthority = plan.kind === "authority";
  return [
    new BasicConstraintsExtension(isAuthority, isAuthority ? 0 : undefined, true),
    new KeyUsagesExtension(
      isAuthority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature,
      true,
    ),
    await SubjectKeyIdentifierExtension.create(publicKey),
    ...(isAuthority ? [] : [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth])]),
    ...(plan.alternativeNames.length === 0 ? [] : [new SubjectAlternativeNameExtension(plan.alternativeNames)]),
  ];
}

/** A random positive serial number of 16 bytes, in hex. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
