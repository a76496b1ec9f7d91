/** Thrown when the program itself is wrong, never for what a peer, a file or an operator did. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** States what must be true here. A failure stops the job (or the daemon) before it writes on. */
export function invariant(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${claim}`);
}

/** Marks a branch that the types rule out, so that a new member of a union fails to compile here. */
export function impossible(value: never, where: string): never {
  throw new InvariantError(`impossible value in ${where}: ${JSON.stringify(value)}`);
}

/** The value, which the caller knows to be there. */
export function must<T>(value: T | null | undefined, claim: string): T {
  if (value === null || value === undefined) throw new InvariantError(`missing: ${claim}`);
  return value;
}
