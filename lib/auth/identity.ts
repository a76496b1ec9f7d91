import { X509Certificate, createHash, createPrivateKey, randomUUID } from "node:crypto";
import { access, link, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { readPemFile } from "./tls.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** The key and certificate with which a daemon shows itself. */
export interface TlsIdentity {
  /** PEM. */
  readonly key: string;
  /** PEM: own certificate first, then intermediates. */
  readonly certificate: string;
  /** SHA-256 of the own certificate (DER), 32 bytes: what peers see and pin. */
  readonly sha256: Buffer;
}

/** Where an identity is looked for and kept. */
export interface IdentityPlace {
  /** TLS directives, the daemon's own resource first: the first that names a certificate wins. */
  readonly settings: readonly TlsSettings[];
  /** Without a configured certificate: `<base>.key` and `<base>.crt`, made on first start. */
  readonly base: string;
  /** Resource name, for the certificate's subject. */
  readonly name: string;
}

/** The configured key and certificate, or the daemon's own self-signed pair. Throws RPC_TLS_CONFIG. */
export async function loadIdentity(place: IdentityPlace): Promise<TlsIdentity> {
  const configured = place.settings.find(
    ({ enable, certificate, key }) => enable !== false && (certificate !== undefined || key !== undefined),
  );
  if (configured === undefined) return loadOwnIdentity(place);
  if (configured.certificate === undefined || configured.key === undefined) {
    throw new OperatorError("RPC_TLS_CONFIG", "TLS Certificate and TLS Key must be given together", {
      hint: "add the one that is missing",
    });
  }
  return readIdentity(configured.certificate, configured.key);
}

/** The identity for dialling by a resource: its own certificate and key if it names them, else the daemon's. Throws RPC_TLS_CONFIG. */
export async function dialIdentity(settings: TlsSettings, own: TlsIdentity): Promise<TlsIdentity> {
  const { enable, certificate, key } = settings;
  return enable === false || certificate === undefined || key === undefined ? own : readIdentity(certificate, key);
}

/** Reads a key and certificate and checks that they belong together. Throws RPC_TLS_CONFIG. */
export async function readIdentity(certificateFile: string, keyFile: string): Promise<TlsIdentity> {
  const [certificate, key] = await Promise.all([readPemFile(certificateFile), readPemFile(keyFile)]);
  let own: X509Certificate;
  try {
    own = new X509Certificate(certificate);
  } catch (error) {
    throw new OperatorError("RPC_TLS_CONFIG", `${certificateFile} is not a PEM certificate`, { cause: error });
  }
  try {
    if (!own.checkPrivateKey(createPrivateKey(key))) throw new Error("they do not belong together");
  } catch (error) {
    throw new OperatorError("RPC_TLS_CONFIG", `the key ${keyFile} does not serve the certificate ${certificateFile}`, {
      cause: error,
    });
  }
  return { key, certificate, sha256: createHash("sha256").update(own.raw).digest() };
}

async function loadOwnIdentity(place: IdentityPlace): Promise<TlsIdentity> {
  const certificateFile = `${place.base}.crt`;
  const keyFile = `${place.base}.key`;
  if (!(await exists(certificateFile))) await makeOwnIdentity(place, certificateFile, keyFile);
  return readIdentity(certificateFile, keyFile);
}

/**
 * Makes the pair: first the key, then a certificate for whatever key is there. Each appears whole, by link(2), and is never
 * replaced; so a crash in between is made good at the next start, and two programs that start at once end up with one pair.
 */
async function makeOwnIdentity(place: IdentityPlace, certificateFile: string, keyFile: string): Promise<void> {
  const { makeCertificate, makeKey } = await import("./make-certificate.ts"); // only here: X.509 writing costs start-up time
  try {
    makeDirectory(dirname(place.base), 0o700);
    if (!(await exists(keyFile))) await createWhole(keyFile, makeKey());
    const certificate = await makeCertificate(await readFile(keyFile, "latin1"), {
      commonName: place.name,
      kind: "end",
      alternativeNames: [],
      validFrom: new Date(Date.now() - 24 * 3_600_000), // clocks of new machines are often behind
      validTo: new Date(Date.UTC(9999, 11, 31, 23, 59, 59)),
    });
    await createWhole(certificateFile, certificate);
  } catch (error) {
    throw new OperatorError("RPC_TLS_CONFIG", `cannot make the daemon's own key and certificate ${place.base}.key and .crt`, {
      cause: error,
      hint: "the daemon's user must be able to write there",
    });
  }
}

/** Creates a file of mode 0600 with its whole text, unless another process was first. */
async function createWhole(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}.new`;
  try {
    await writeFile(fresh, text, { mode: 0o600, flush: true });
    await link(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw new OperatorError("RPC_TLS_CONFIG", `cannot reach ${file}`, { cause: error });
    },
  );
}
