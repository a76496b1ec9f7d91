/** A Volume that a running job was given; saved with the job, for a Director that takes it up. */
export interface GivenVolume {
  readonly volume: string;
  readonly device: string;
  /** Jobs on the Volume when it was given, those given before and not yet counted included. */
  readonly jobsBefore: number;
}

interface Claim extends Omit<GivenVolume, "volume"> {
  readonly jobId: number;
}

/**
 * Volumes that running jobs were told to append to. The catalog counts a job on a Volume only when its daemon reports it, so two
 * jobs that ask at the same time would both get a Volume that takes one; and a Volume can only be in one drive.
 */
export class VolumeClaims {
  readonly #claims = new Map<string, Claim[]>();
  readonly #withheld = new Set<string>();

  /** Notes that the job was given the Volume for the device. `jobs`: jobs on it as the catalog counts them. */
  take(volume: string, claim: { readonly jobId: number; readonly device: string; readonly jobs: number }): void {
    const jobsBefore = this.jobsOn(volume, claim.jobs, claim.jobId);
    this.restore(claim.jobId, [{ volume, device: claim.device, jobsBefore }]);
  }

  /** What the job was given, in no order. */
  givenTo(jobId: number): readonly GivenVolume[] {
    return [...this.#claims].flatMap(([volume, claims]) =>
      claims.filter((claim) => claim.jobId === jobId).map(({ device, jobsBefore }) => ({ volume, device, jobsBefore })),
    );
  }

  /** Takes up what a job was given by the Director before this one. */
  restore(jobId: number, given: readonly GivenVolume[]): void {
    for (const { volume, device, jobsBefore } of given) {
      const others = (this.#claims.get(volume) ?? []).filter((each) => each.jobId !== jobId);
      this.#claims.set(volume, [...others, { jobId, device, jobsBefore }]);
    }
  }

  /** Forgets what the job was given: it has ended. */
  release(jobId: number): void {
    for (const [volume, claims] of this.#claims) {
      const rest = claims.filter((claim) => claim.jobId !== jobId);
      if (rest.length === 0) this.#claims.delete(volume);
      else this.#claims.set(volume, rest);
    }
  }

  /** Jobs on the Volume, counting those that were given it and are not in the catalog's count yet; without `jobId` itself. */
  jobsOn(volume: string, counted: number, jobId: number): number {
    const others = (this.#claims.get(volume) ?? []).filter((claim) => claim.jobId !== jobId);
    return Math.max(counted, ...others.map((claim) => claim.jobsBefore + 1));
  }

  /**
   * Keeps a Volume from all jobs until disposed, so that it can be labelled anew or removed. Undefined while a running job has it, or somebody else
   * withholds it.
   */
  withhold(volume: string): Disposable | undefined {
    if (this.isHeld(volume)) return undefined;
    this.#withheld.add(volume);
    return { [Symbol.dispose]: () => void this.#withheld.delete(volume) };
  }

  /** True if another running job was given the Volume for another device, or it is withheld. */
  isElsewhere(volume: string, device: string, jobId: number): boolean {
    if (this.#withheld.has(volume)) return true;
    return (this.#claims.get(volume) ?? []).some((claim) => claim.jobId !== jobId && claim.device !== device);
  }

  /** True if the job was given the Volume before. */
  isHeldBy(volume: string, jobId: number): boolean {
    return (this.#claims.get(volume) ?? []).some((claim) => claim.jobId === jobId);
  }

  /** True if any running job was given the Volume, or it is withheld. */
  isHeld(volume: string): boolean {
    return this.#claims.has(volume) || this.#withheld.has(volume);
  }

  /** All Volumes that are held. */
  held(): ReadonlySet<string> {
    return new Set([...this.#claims.keys(), ...this.#withheld]);
  }

  /** True if the job was given any Volume before. */
  holdsAny(jobId: number): boolean {
    return [...this.#claims.values()].some((claims) => claims.some((claim) => claim.jobId === jobId));
  }
}
