/** The key and certificate with which a daemon shows itself. */
export interface TlsIdentity {
  /** PEM. */
  readonly key: string;
  /** PEM: own certificate first, then intermediates. */
  readonly certificate: string;
  /** SHA-256 of the own certificate (DER), 32 bytes: what peers see and pin. */
  readonly sha256: Buffer;
}
