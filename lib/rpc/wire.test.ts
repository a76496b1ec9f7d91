import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import protobuf from "protobufjs";
import * as authMessages from "#proto/auth.ts";
import * as bootstrapMessages from "#proto/bootstrap.ts";
import * as commonMessages from "#proto/common.ts";
import * as consoleMessages from "#proto/console.ts";
import * as dataMessages from "#proto/data.ts";
import * as filedMessages from "#proto/filed.ts";
import * as filesetMessages from "#proto/fileset.ts";
import * as jobMessages from "#proto/job.ts";
import * as storedMessages from "#proto/stored.ts";
import { bulkStorageData } from "./bulk-codec.ts";

/** A message as ts-proto generates it. */
interface Generated {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

const modules = [
  authMessages,
  bootstrapMessages,
  commonMessages,
  consoleMessages,
  dataMessages,
  filedMessages,
  filesetMessages,
  jobMessages,
  storedMessages,
];
const generated = new Map<string, Generated>();
for (const module of modules) {
  for (const [name, value] of Object.entries(module))
    if (typeof value === "object" && "encode" in value && "decode" in value) generated.set(name, value as unknown as Generated);
}

const folder = fileURLToPath(new URL("../../proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith("/") ? target : folder + target);
root.loadSync(
  readdirSync(folder).filter((name) => name.endsWith(".proto")),
  { keepCase: false },
);
root.resolveAll();
const namespace = root.lookup("nocturne.v1") as protobuf.Namespace;
const types = namespace.nestedArray.filter((entry) => entry instanceof protobuf.Type);

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TEXTS = ["", "a", "größe", "日本 𝄞", "line\nbreak", "x".repeat(300)];

/** A random message of a type, as protobufjs takes it. */
function randomMessage(type: protobuf.Type, next: () => number, depth = 0): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const chosen = new Set(
    type.oneofsArray.map((oneof) => oneof.fieldsArray[Math.floor(next() * oneof.fieldsArray.length)]?.name),
  );
  for (const field of type.fieldsArray) {
    if (field.partOf !== null && !chosen.has(field.name)) continue;
    if (next() < 0.2 || depth > 4) continue;
    const value = () => randomValue(field, next, depth);
    if (field instanceof protobuf.MapField) message[field.name] = { [`k${Math.floor(next() * 9)}`]: value(), "": value() };
    else if (field.repeated) message[field.name] = Array.from({ length: Math.floor(next() * 4) }, value);
    else message[field.name] = value();
  }
  return message;
}

function randomValue(field: protobuf.Field, next: () => number, depth: number): unknown {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!;
  switch (field.type) {
    case "string":
      return pick(TEXTS);
    case "bytes":
      return Buffer.from(Array.from({ length: Math.floor(next() * 40) }, () => Math.floor(next() * 256)));
    case "bool":
      return next() < 0.5;
    case "int32":
      return pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]);
    case "uint32":
      return pick([0, 1, 127, 128, 2 ** 32 - 1]);
    case "int64":
      return pick([0, 1, -1, 2 ** 31, 2 ** 53 - 1, -(2 ** 53) + 1]);
    default: {
      const resolved = field.resolvedType;
      if (resolved instanceof protobuf.Type) return randomMessage(resolved, next, depth + 1);
      if (resolved instanceof protobuf.Enum) return pick(Object.values(resolved.values));
      return assert.fail(`field type ${field.type} is new: teach it to this test`);
    }
  }
}

function seen(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, enums: Number, arrays: true, oneofs: true });
}

test("every message of the protocol has a generated codec", () => {
  assert.ok(types.length > 50);
  for (const type of types) assert.ok(generated.has(type.name), `${type.name} has no generated codec`);
});

test("what protobufjs encodes, the generated code decodes and encodes to the same meaning, for every message", () => {
  for (const [index, type] of types.entries()) {
    const codec = generated.get(type.name)!;
    for (let round = 0; round < 40; round++) {
      const bytes = type.encode(type.fromObject(randomMessage(type, random(index * 1000 + round)))).finish();
      const decoded = codec.decode(bytes);
      const again = codec.encode(decoded).finish();
      assert.deepEqual(seen(type, again), seen(type, bytes), `${type.name}, round ${round}`);
      assert.deepEqual(codec.decode(again), decoded, `${type.name}, round ${round}`);
    }
  }
});

test("10,000 mutated messages are decoded or refused, never more", () => {
  const next = random(20260105);
  const pairs = types.map((type) => ({ type, codec: generated.get(type.name)! }));
  const bulk = [bulkStorageData.append.requestDeserialize, bulkStorageData.read.responseDeserialize];
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    const { type, codec } = pairs[count % pairs.length]!;
    const bytes = mutate(Buffer.from(type.encode(type.fromObject(randomMessage(type, next))).finish()), next);
    for (const decode of [(raw: Buffer) => codec.decode(raw), ...bulk]) {
      try {
        decode(bytes);
      } catch (error) {
        assert.ok(error instanceof Error);
        refused += 1;
      }
    }
  }
  assert.ok(refused > 1000, `only ${refused} of the mutated messages were refused`);
});

/** Flips, inserts, removes or repeats a few bytes, or claims a huge length. */
function mutate(bytes: Buffer, next: () => number): Buffer {
  let result = bytes;
  const rounds = 1 + Math.floor(next() * 4);
  for (let round = 0; round < rounds; round++) {
    const at = Math.floor(next() * (result.byteLength + 1));
    const kind = Math.floor(next() * 5);
    if (kind === 0 && at < result.byteLength) result[at]! ^= 1 << Math.floor(next() * 8);
    else if (kind === 1)
      result = Buffer.concat([result.subarray(0, at), Buffer.from([Math.floor(next() * 256)]), result.subarray(at)]);
    else if (kind === 2) result = result.subarray(0, at);
    else if (kind === 3) result = Buffer.concat([result, result.subarray(at)]);
    else result = Buffer.concat([result.subarray(0, at), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f]), result.subarray(at)]);
  }
  return Buffer.from(result);
}
