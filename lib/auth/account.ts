import type { TlsSettings } from "./tls-settings.ts";
import type { Secret } from "#lib/config/secret.ts";

/** A resource under whose name and password a peer may log in. */
export interface Account {
  readonly password: Secret;
  /** The resource's TLS directives: what the peer's certificate must fulfil. */
  readonly tls: TlsSettings;
  /** Where the password stands, for the log: e.g. `Director "backup-dir" in /etc/bacula/bacula-fd.conf:12`. */
  readonly where: string;
}

/** How a client proves itself: by the password of a resource, or (StorageData) only by its certificate, checking the server's. */
export type Login =
  | { readonly kind: "password"; readonly password: Secret; readonly where: string }
  | { readonly kind: "pinned"; readonly certificateSha256: Uint8Array };
