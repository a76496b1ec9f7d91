import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { decodeXattrs, encodeXattrs } from "./xattr-record.ts";

test("the bytes are those that Bacula writes", () => {
  const record = encodeXattrs([
    { name: "user.foo", value: Buffer.from("bar") },
    { name: "user.empty", value: Buffer.alloc(0) },
  ]);
  assert.equal(record.toString("latin1"), "\0\x5cX\x84\0\0\0\x08user.foo\0\0\0\x03bar\0\x5cX\x84\0\0\0\nuser.empty\0\0\0\0");
});

test("names and values come back", () => {
  const attribute = fc.record(
    { name: fc.stringMatching(/^user\.[a-z]{1,100}$/), value: fc.uint8Array({ maxLength: 2000 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 20 }), (attributes) => {
      assert.deepEqual(
        decodeXattrs(encodeXattrs(attributes)).map(({ name, value }) => ({ name, value: new Uint8Array(value) })),
        attributes,
      );
    }),
  );
});

test("10,000 damaged records: an error or attributes, nothing else", () => {
  const good = encodeXattrs([
    { name: "user.foo", value: Buffer.from("bar") },
    { name: "security.capability", value: Buffer.alloc(20) },
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
      fc.nat(good.length),
      (changes, length) => {
        const damaged = Buffer.from(good);
        for (const [at, value] of changes) damaged[at] = value;
        try {
          decodeXattrs(damaged.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof OperatorError && error.code === "XATTR_INVALID", String(error));
        }
      },
    ),
    { numRuns: 10_000 },
  );
});
