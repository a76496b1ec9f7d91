import { issuerOf, makeCertificate, makeKey, type KeyAndCertificate } from "./make-certificate.ts";
import { roleUri } from "./certificate-names.ts";
import type { RoleName } from "./role.ts";

/** What a role certificate is made for. */
export interface RoleCertificateRequest {
  readonly role: RoleName;
  /** Resource name of the daemon or console. */
  readonly name: string;
  /** Host names and addresses under which it is dialled; may be empty: peers go by role and name. */
  readonly hosts?: readonly string[];
  readonly now: Date;
  /** Days of validity; default 825. */
  readonly days?: number;
}

const DAY_MS = 24 * 3_600_000;

/** Makes the site's CA: key and self-signed certificate, good for 20 years. Keep the key offline or at the Director, mode 0600. */
export async function makeSiteCa(siteName: string, now: Date): Promise<KeyAndCertificate> {
  const key = makeKey();
  const certificate = await makeCertificate(key, {
    commonName: `Nocturne CA of ${siteName}`,
    kind: "authority",
    alternativeNames: [],
    validFrom: new Date(now.getTime() - DAY_MS),
    validTo: new Date(now.getTime() + 20 * 366 * DAY_MS),
  });
  return { key, certificate };
}

/** Makes a key and a certificate that speaks for one role and name (`nocturne://fd/client1-fd`), signed by the site's CA. */
export async function issueRoleCertificate(
  authority: KeyAndCertificate,
  request: RoleCertificateRequest,
): Promise<KeyAndCertificate> {
  const key = makeKey();
  const certificate = await makeCertificate(key, {
    commonName: request.name,
    kind: "end",
    alternativeNames: [{ type: "url", value: roleUri(request.role, request.name) }, ...(request.hosts ?? []).map(hostName)],
    validFrom: new Date(request.now.getTime() - DAY_MS),
    validTo: new Date(request.now.getTime() + (request.days ?? 825) * DAY_MS),
    issuer: await issuerOf(authority),
  });
  return { key, certificate };
}

function hostName(host: string): { type: "ip" | "dns"; value: string } {
  return { type: /^[0-9.]+$|:/.test(host) ? "ip" : "dns", value: host };
}
