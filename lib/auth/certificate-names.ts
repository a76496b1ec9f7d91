import { X509Certificate } from "node:crypto";
import type { RoleName } from "./role.ts";

/** The word for a role in a certificate: `nocturne://fd/client1-fd`. */
const roleWords = { director: "dir", fileDaemon: "fd", storageDaemon: "sd", console: "console" } as const satisfies Record<
  RoleName,
  string
>;

/** The URI under which a certificate speaks for a role and name. */
export function roleUri(role: RoleName, name: string): string {
  return `nocturne://${roleWords[role]}/${encodeURIComponent(name)}`;
}

/** Names that a certificate carries. */
export interface CertificateNames {
  readonly commonNames: readonly string[];
  /** `nocturne://` URIs: roles for which the site CA vouches. */
  readonly roleUris: readonly string[];
}

/** Reads the names of a certificate. Throws on bytes that are no certificate. */
export function certificateNames(der: Uint8Array): CertificateNames {
  const certificate = new X509Certificate(der);
  const commonName: unknown = certificate.toLegacyObject().subject?.CN;
  const commonNames = (Array.isArray(commonName) ? commonName : [commonName]).filter((name) => typeof name === "string");
  return { commonNames, roleUris: urisOf(certificate.subjectAltName ?? "").filter((uri) => uri.startsWith("nocturne://")) };
}

/** Node prints alternative names as `DNS:a, URI:b`, and quotes any that hold a comma, a quote or a control character; we use none of those. */
function urisOf(alternativeNames: string): string[] {
  const entries = alternativeNames.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return entries
    .map((entry) => entry.trim())
    .filter((entry) => entry.startsWith("URI:") && !entry.includes('"'))
    .map((entry) => entry.slice("URI:".length));
}

/** Whether the URIs speak for this role and name; a URI without name speaks for every name of its role. Name "": any name. */
export function speaksFor(roleUris: readonly string[], role: RoleName, name: string): boolean {
  const everyName = `nocturne://${roleWords[role]}`;
  if (name === "") return roleUris.some((uri) => uri === everyName || uri.startsWith(`${everyName}/`));
  return roleUris.includes(everyName) || roleUris.includes(roleUri(role, name));
}
