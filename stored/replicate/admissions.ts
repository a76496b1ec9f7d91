import { OperatorError } from "#lib/errors/operator-error.ts";
import { sameSecret } from "#lib/auth/secret-compare.ts";
import type { AdmitReplicaRequest } from "#proto/stored.ts";
import type { CallPeer } from "#lib/rpc/call.ts";

/** How long a sender that a Director announced may take to come. */
const ADMITTED_MS = 600_000;

/** Senders that may be announced at one time. */
const ADMITTED_MAX = 100;

interface Admission {
  readonly device: string;
  readonly key: Uint8Array;
  readonly certificateSha256: Uint8Array;
  readonly untilMs: number;
}

/** The storage daemons that Directors have announced: each may come once, with the key that its Director gave to both. */
export class Admissions {
  #waiting: Admission[] = [];
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Notes who may come. */
  admit({ device, key, certificateSha256 }: AdmitReplicaRequest): void {
    if (key.byteLength < 16) throw new OperatorError("REPLICA_REFUSED", `a key of ${key.byteLength} bytes protects nothing`);
    this.#drop();
    if (this.#waiting.length >= ADMITTED_MAX)
      throw new OperatorError("REPLICA_REFUSED", "too many senders were announced and have not come");
    this.#waiting.push({
      device,
      key: Uint8Array.from(key),
      certificateSha256: Uint8Array.from(certificateSha256),
      untilMs: this.#now() + ADMITTED_MS,
    });
  }

  /** The device of a sender that proves that it was announced; it is forgotten. REPLICA_REFUSED for anybody else. */
  take(key: Uint8Array, peer: CallPeer): string {
    this.#drop();
    const found = this.#waiting.find(
      (one) =>
        sameSecret(one.key, key) &&
        (one.certificateSha256.byteLength === 0 || sameSecret(one.certificateSha256, peer.certificateSha256)),
    );
    if (found === undefined)
      throw new OperatorError("REPLICA_REFUSED", `${peer.address} was not announced as a sender of a replica`);
    this.#waiting = this.#waiting.filter((one) => one !== found);
    return found.device;
  }

  #drop(): void {
    this.#waiting = this.#waiting.filter((one) => one.untilMs > this.#now());
  }
}
