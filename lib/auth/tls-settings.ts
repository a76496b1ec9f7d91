/**
 * The TLS directives of one resource, as `tlsSettings` of lib/config gives them. TLS 1.3 is always used, and so is the proof of the
 * password; these directives add the administrator's own certificates. With `enable` false they are not used.
 */
export interface TlsSettings {
  /** False: certificate, key and CA of this resource are not used. Default true. */
  readonly enable?: boolean | undefined;
  readonly require?: boolean | undefined;
  /** Check the peer's certificate against the CA; default yes when a CA is named. */
  readonly verifyPeer?: boolean | undefined;
  readonly caCertificateFile?: string | undefined;
  readonly caCertificateDir?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Common names of which the peer's certificate must carry one; empty: any that the role check allows. */
  readonly allowedCn?: readonly string[] | undefined;
}
