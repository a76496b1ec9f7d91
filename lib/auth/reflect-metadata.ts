/*
 * @peculiar/x509 keeps its algorithms in a small container of its dependency tsyringe, which wants the three functions below on
 * Reflect (they are a language proposal that never came). Import this before it.
 */

const metadata = new WeakMap<object, Map<unknown, unknown>>();

const reflect = Reflect as unknown as {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
};

reflect.getMetadata ??= (key, target) => {
  for (let object: object | null = target; object !== null; object = Object.getPrototypeOf(object) as object | null) {
    const found = metadata.get(object)?.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
};

reflect.getOwnMetadata ??= (key, target) => metadata.get(target)?.get(key);

reflect.defineMetadata ??= (key, value, target) => {
  const known = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, known.set(key, value));
};
