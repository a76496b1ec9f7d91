/** The generated protocol code against a decoder that nobody here wrote, and against damaged bytes. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { seededRandom } from "#lib/testing/mutate-text.ts";

const PROTO = join(import.meta.dirname, "../../proto");
const MUTATIONS = 10_000;

/** The part of generated code that is used here. */
interface Codec {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => join(PROTO, basename(target));
root.loadSync(globSync(join(PROTO, "*.proto")), { keepCase: true });
const reflected = [...messageTypes(root)];
const generated = new Map<string, Codec>();
for (const file of globSync(join(PROTO, "gen/*.ts"))) {
  for (const [name, value] of Object.entries((await import(file)) as Record<string, unknown>)) {
    if (typeof value === "object" && value !== null && "decode" in value) generated.set(name, value as Codec);
  }
}

function* messageTypes(namespace: protobuf.NamespaceBase): Generator<protobuf.Type> {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Type) yield nested;
    if (nested instanceof protobuf.Namespace) yield* messageTypes(nested);
  }
}

/** Random messages of a type, as plain objects. */
function messageOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const chosenOneofs = fc.tuple(
    ...type.oneofsArray
      .filter((one) => !isOptionalMark(one))
      .map((one) => fc.constantFrom(...one.fieldsArray.map(({ name }) => name), "")),
  );
  const fields = Object.fromEntries(type.fieldsArray.map((field) => [field.name, fieldOf(field.resolve(), depth)]));
  return fc.tuple(fc.record(fields, { requiredKeys: [] }), chosenOneofs).map(([record, chosen]) => {
    const inOneof = (field: protobuf.Field): boolean => field.partOf !== null && !isOptionalMark(field.partOf);
    return Object.fromEntries(
      Object.entries(record).filter(
        ([name]) => type.fields[name] !== undefined && (!inOneof(type.fields[name]) || chosen.includes(name)),
      ),
    );
  });
}

/** proto3 `optional` is a oneof of one field, made by the parser. */
function isOptionalMark(oneof: protobuf.OneOf): boolean {
  return oneof.name.startsWith("_");
}

function fieldOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const single = valueOf(field, depth);
  if (field instanceof protobuf.MapField)
    return fc.dictionary(
      fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
      single,
      { maxKeys: 3 },
    );
  return field.repeated ? fc.array(single, { maxLength: 3 }) : single;
}

function valueOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  if (field.resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.values(field.resolvedType.values));
  if (field.resolvedType instanceof protobuf.Type)
    return depth > 3 ? fc.constant({}) : messageOf(field.resolvedType, depth + 1);
  switch (field.type) {
    case "string":
      return fc.string({ unit: "grapheme", maxLength: 40 });
    case "bytes":
      return fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    case "bool":
      return fc.boolean();
    case "int32":
      return fc.integer();
    case "uint32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "int64":
      return fc.maxSafeInteger();
    default:
      throw new RangeError(`no values for ${field.type}`);
  }
}

function plain(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, enums: Number, arrays: true, objects: true });
}

test("every message has generated code", () => {
  assert.ok(reflected.length > 60);
  assert.deepEqual(
    reflected.map(({ name }) => name).filter((name) => !generated.has(name)),
    [],
  );
});

test("what an independent encoder writes, the generated code reads and writes again without loss", () => {
  for (const type of reflected) {
    const codec = generated.get(type.name);
    assert.ok(codec);
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = type.encode(type.fromObject(message)).finish();
        const again = codec.encode(codec.decode(bytes)).finish();
        assert.deepEqual(plain(type, again), plain(type, bytes), type.name);
      }),
      { numRuns: 30, seed: 7 },
    );
  }
});

test(`${MUTATIONS} damaged messages: each is refused with an error or read as a message, and none costs much memory or time`, () => {
  const random = seededRandom(20_261_121);
  const samples = reflected.flatMap((type) =>
    fc
      .sample(messageOf(type), { numRuns: 4, seed: 11 })
      .map((message) => ({ type, bytes: type.encode(type.fromObject(message)).finish() })),
  );
  let refused = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const { type, bytes } = samples[i % samples.length] ?? assert.fail("no samples");
    const damaged = damage(bytes, random);
    const before = process.memoryUsage().heapUsed;
    try {
      generated.get(type.name)?.decode(damaged);
    } catch (error) {
      assert.ok(error instanceof Error, type.name);
      refused += 1;
    }
    assert.ok(process.memoryUsage().heapUsed - before < 64 << 20, `${type.name}: ${Buffer.from(damaged).toString("hex")}`);
  }
  assert.ok(refused > MUTATIONS / 20, `${refused} were refused`);
});

/** One to four bytes changed, cut out, or put in. */
function damage(bytes: Uint8Array, random: () => number): Uint8Array {
  let damaged = Buffer.from(bytes);
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    const at = Math.floor(random() * (damaged.length + 1));
    const byte = Buffer.of(Math.floor(random() * 256));
    const kind = Math.floor(random() * 3);
    if (kind === 0 && at < damaged.length) damaged[at] = byte[0] ?? 0;
    else if (kind === 1)
      damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + 1 + Math.floor(random() * 4))]);
    else damaged = Buffer.concat([damaged.subarray(0, at), byte, damaged.subarray(at)]);
  }
  return damaged;
}
