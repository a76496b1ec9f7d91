import { constants, createHash, X509Certificate } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  checkServerIdentity,
  type ConnectionOptions,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { RoleName } from "./role.ts";
import { certificateNames, speaksFor } from "./certificate-names.ts";
import type { TlsIdentity } from "./identity.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** The CA certificates that one resource trusts. */
export interface Trust {
  /** PEM texts; empty: no CA is named, so certificates are not judged by their issuer. */
  readonly caPems: readonly string[];
  /** SHA-256 (hex) of each CA certificate. */
  readonly caSha256: ReadonlySet<string>;
  /** Where they come from, for messages. */
  readonly source: string;
}

/** Whether the peer's certificate must be one of the CA's: whenever a CA is named, unless Verify Peer says no. */
export function verifiesPeer(settings: TlsSettings): boolean {
  return settings.verifyPeer !== false && hasCa(settings);
}

function hasCa(settings: TlsSettings): boolean {
  return settings.enable !== false && (settings.caCertificateFile !== undefined || settings.caCertificateDir !== undefined);
}

/** Reads the CA files of a resource. Throws RPC_TLS_CONFIG with the file's name. */
export async function loadTrust(settings: TlsSettings): Promise<Trust> {
  if (settings.enable === false) return { caPems: [], caSha256: new Set(), source: "" };
  const files = [
    ...(settings.caCertificateFile === undefined ? [] : [settings.caCertificateFile]),
    ...(await filesOfCaDir(settings.caCertificateDir)),
  ];
  const caPems = (await Promise.all(files.map(readPemCertificates))).flat();
  if (hasCa(settings) && caPems.length === 0)
    throw new OperatorError(
      "RPC_TLS_CONFIG",
      `no CA certificate in ${settings.caCertificateFile ?? settings.caCertificateDir}`,
    );
  return { caPems, caSha256: new Set(caPems.map((pem) => hexSha256(new X509Certificate(pem).raw))), source: files.join(", ") };
}

async function filesOfCaDir(directory: string | undefined): Promise<string[]> {
  if (directory === undefined) return [];
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => /\.(pem|crt|cer|[0-9])$/.test(name))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    throw new OperatorError("RPC_TLS_CONFIG", `cannot read the TLS CA Certificate Dir ${directory}`, { cause: error });
  }
}

const PEM_BYTES_MAX = 4 * 1024 * 1024;

/** The certificates of a PEM file, one text each. Throws RPC_TLS_CONFIG with the file's name. */
export async function readPemCertificates(file: string): Promise<string[]> {
  const text = await readPemFile(file);
  const blocks = text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new OperatorError("RPC_TLS_CONFIG", `${file} holds a certificate that cannot be read`, { cause: error });
    }
  }
  return blocks;
}

/** A small text file named by a TLS directive. Throws RPC_TLS_CONFIG with the file's name. */
export async function readPemFile(file: string): Promise<string> {
  try {
    const text = await readFile(file, "latin1");
    if (text.length > PEM_BYTES_MAX) throw new Error(`longer than ${PEM_BYTES_MAX} bytes`);
    return text;
  } catch (error) {
    throw new OperatorError("RPC_TLS_CONFIG", `cannot read ${file}`, {
      cause: error,
      hint: "it is named by a TLS directive; the daemon's user must be able to read it",
    });
  }
}

/** Options of a TLS end that both sides share: TLS 1.3, HTTP/2, no session resumption (it would skip the peer's chain). */
function commonOptions(
  identity: TlsIdentity,
  caPems: readonly string[],
): SecureContextOptions & { ALPNProtocols: string[]; rejectUnauthorized: boolean } {
  return {
    key: identity.key,
    cert: identity.certificate,
    ca: [...caPems], // an empty list, unlike none, means: not the public CAs of the world
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: ["h2"],
    secureOptions: constants.SSL_OP_NO_TICKET,
    rejectUnauthorized: false, // judged afterwards, by refusalOf, with a reason that an operator can read
  };
}

/** Options of the listening side. `caPems` are all CAs of all accounts; which account trusts which is judged at its login. */
export function serverTlsOptions(identity: TlsIdentity, caPems: readonly string[]): TlsOptions {
  return { ...commonOptions(identity, caPems), requestCert: true };
}

/** Options of the dialling side. */
export function clientTlsOptions(identity: TlsIdentity, trust: Trust): ConnectionOptions {
  // Node's own look at the host name would count as a fault of the chain; refusalOf judges names, roles first.
  return { ...commonOptions(identity, trust.caPems), checkServerIdentity: () => undefined };
}

/** What the TLS connection says about the far side. */
export interface PeerCertificate {
  readonly der: Uint8Array<ArrayBuffer>;
  readonly sha256: Buffer;
  /** OpenSSL's verdict on the chain against all CAs known to the connection; undefined: good. */
  readonly chainError: string | undefined;
  /** SHA-256 (hex) of the chain's certificates above the peer's own. */
  readonly issuersSha256: ReadonlySet<string>;
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: string;
}

const CHAIN_LENGTH_MAX = 16;

/** Reads the far side's certificate from a fresh TLS connection; undefined if it showed none. */
export function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const issuersSha256 = new Set<string>();
  let above = socket.getPeerCertificate(true).issuerCertificate;
  for (let depth = 0; depth < CHAIN_LENGTH_MAX && above?.raw !== undefined; depth++) {
    issuersSha256.add(hexSha256(above.raw));
    if (above.issuerCertificate === above) break;
    above = above.issuerCertificate;
  }
  const error: unknown = socket.authorizationError;
  return {
    der: new Uint8Array(certificate.raw),
    sha256: createHash("sha256").update(certificate.raw).digest(),
    chainError: socket.authorized ? undefined : error instanceof Error ? error.message : String(error),
    issuersSha256,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validTo: certificate.validTo,
  };
}

/** Whom the certificate should speak for. */
export interface ExpectedPeer {
  readonly role: RoleName;
  /** "": any name of the role. */
  readonly name: string;
  /** Host that was dialled; undefined on the listening side. */
  readonly host?: string | undefined;
}

/**
 * Why a resource does not accept this certificate; undefined if it does. Without Verify Peer the password proof alone decides,
 * which is bound to both certificates anyway.
 */
export function refusalOf(
  peer: PeerCertificate,
  settings: TlsSettings,
  trust: Trust,
  expected: ExpectedPeer,
): string | undefined {
  if (!verifiesPeer(settings)) return undefined;
  const broken = chainRefusal(peer, trust);
  if (broken !== undefined) return broken;
  const names = certificateNames(peer.der);
  const allowed = settings.allowedCn ?? [];
  if (allowed.length > 0 && !names.commonNames.some((name) => allowed.includes(name))) {
    return `the certificate of "${names.commonNames.join('", "')}" is not of an allowed name (TLS Allowed CN)`;
  }
  if (names.roleUris.length > 0) {
    if (speaksFor(names.roleUris, expected.role, expected.name)) return undefined;
    return `the certificate is for ${names.roleUris.join(", ")}, not for ${describeExpected(expected)}`;
  }
  return allowed.length > 0 || expected.host === undefined ? undefined : hostRefusal(peer, expected.host);
}

function chainRefusal(peer: PeerCertificate, trust: Trust): string | undefined {
  switch (peer.chainError) {
    case undefined:
      break;
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${peer.subject} (or its issuer) expired; it was valid to ${peer.validTo}`;
    case "CERT_NOT_YET_VALID":
      return `the certificate of ${peer.subject} is not valid yet; compare the clocks of both machines`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return `the certificate of ${peer.subject} is self-signed, not issued by the CA in ${trust.source}`;
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return `the certificate of ${peer.subject} is issued by ${peer.issuer}, not by the CA in ${trust.source}`;
    default:
      return `the certificate of ${peer.subject} is not valid (${peer.chainError})`;
  }
  // The chain is good for one of the CAs that the listening side knows; here only those of this resource count.
  if (peer.issuersSha256.intersection(trust.caSha256).size === 0)
    return `the certificate of ${peer.subject} is issued by ${peer.issuer}, not by the CA in ${trust.source}`;
  return undefined;
}

/** A certificate without role URIs and without Allowed CN must name the host that was dialled, as in Bacula. */
function hostRefusal(peer: PeerCertificate, host: string): string | undefined {
  const error = checkServerIdentity(host, new X509Certificate(peer.der).toLegacyObject());
  return error === undefined
    ? undefined
    : `the certificate of ${peer.subject} does not name the host ${host} (use TLS Allowed CN for other names)`;
}

function describeExpected(expected: ExpectedPeer): string {
  return expected.name === "" ? `a ${expected.role}` : `the ${expected.role} "${expected.name}"`;
}

/** SHA-256 in lower-case hex. */
export function hexSha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function oneLine(name: string): string {
  return `"${name.replaceAll("\n", ", ")}"`;
}
