/**
 * The TLS directives of one resource, as the configuration gives them (lib/config). Paths are absolute. TLS 1.3 is always used;
 * `enable = no` and `require = no` do not turn it off.
 */
export interface TlsSettings {
  readonly enable?: boolean | undefined;
  readonly require?: boolean | undefined;
  /** Ask for and check the peer's certificate against the CA; default yes when a CA is named. */
  readonly verifyPeer?: boolean | undefined;
  readonly caCertificateFile?: string | undefined;
  readonly caCertificateDir?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Common names of which the peer's certificate must carry one; empty: any that the role check allows. */
  readonly allowedCn?: readonly string[] | undefined;
}
