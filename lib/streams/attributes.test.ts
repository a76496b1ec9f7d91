import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { attributeBytesMax, decodeAttributes, putAttributes } from "./attributes.ts";
import type { AttributeRecord } from "./attributes.ts";
import { decodeLStat } from "./lstat.ts";

const STAT = decodeLStat("P4A ISI7 IGk C A A A G BAA I BrAUSg BrAUR1 BrAUR1 H A C")!;

function encoded(record: Partial<AttributeRecord>): Buffer {
  const whole = { fileIndex: 7, type: 3, name: "/a", stat: STAT, link: "", exact: undefined, ...record };
  const bytes = Buffer.alloc(attributeBytesMax(whole.name.length, whole.link.length));
  return bytes.subarray(0, putAttributes(bytes, 0, whole));
}

test("a record of Bacula's own is read", () => {
  const data = Buffer.from(
    "10 1 /tmp/src/dir/a\0P4A ISI7 IGk C A A A G BAA I BrAUSg BrAUR1 BrAUR1 H A C\0/tmp/src/dir/b\0\x000\0",
    "latin1",
  );
  const record = decodeAttributes(data);
  assert.deepEqual(
    [record.fileIndex, record.type, record.name, record.link, record.exact, record.deltaSequence],
    [10, 1, "/tmp/src/dir/a", "/tmp/src/dir/b", undefined, 0],
  );
});

test("a record may end behind any field from its numbers on; what is not there is empty", () => {
  const fields = ["10 1 /a", "P4A ISI7 IGk C A A A G BAA I BrAUSg BrAUR1 BrAUR1 H A C", "/b", "n1:B:C:user:group", "12"];
  const exact = { mtimeNs: 1, atimeNs: 2, user: "user", group: "group" };
  const expected = [
    ["", undefined, 0],
    ["/b", undefined, 0],
    ["/b", exact, 0],
    ["/b", exact, 12],
  ];
  for (const [at, whole] of expected.entries())
    for (const end of ["", "\0"]) {
      const {
        name,
        stat,
        link,
        exact: times,
        deltaSequence,
      } = decodeAttributes(Buffer.from(fields.slice(0, at + 2).join("\0") + end));
      assert.deepEqual([name, stat, link, times, deltaSequence], ["/a", STAT, ...whole]);
    }
  assert.throws(() => decodeAttributes(Buffer.from(fields[0]!)), { code: "ATTRIBUTES_INVALID" });
});

test("names of any bytes, exact times and owner names come back", () => {
  const byteName = fc
    .uint8Array({ minLength: 1, maxLength: 300 })
    .map((bytes) => `/${Buffer.from(bytes).toString("latin1").replaceAll("\0", "x")}`);
  const owner = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,30}$/);
  const ns = fc.integer({ min: 0, max: 999_999_999 });
  fc.assert(
    fc.property(byteName, byteName, ns, ns, owner, owner, (name, link, mtimeNs, atimeNs, user, group) => {
      const exact = { mtimeNs, atimeNs, user, group };
      const back = decodeAttributes(encoded({ name, link, exact }));
      assert.deepEqual([back.name, back.link, back.exact, back.stat], [name, link, exact, STAT]);
    }),
  );
});

test("text that Windows keeps in the same field is no exact times", () => {
  const data = Buffer.from("1 3 /a\0P4A ISI7 IGk C A A A G BAA I BrAUSg BrAUR1 BrAUR1 H A C\0\0gg Ggh BHo\x000\0", "latin1");
  assert.equal(decodeAttributes(data).exact, undefined);
});

test("10,000 damaged records: an error or a record, nothing else", () => {
  const good = encoded({
    name: "/some/where/file",
    link: "/else",
    exact: { mtimeNs: 1, atimeNs: 2, user: "bob", group: "staff" },
  });
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      (changes, length) => {
        const damaged = Buffer.from(good);
        for (const [at, value] of changes) damaged[at] = value;
        try {
          decodeAttributes(damaged.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof OperatorError && error.code === "ATTRIBUTES_INVALID", String(error));
          refused++;
        }
      },
    ),
    { numRuns: 10_000 },
  );
  assert.ok(refused > 1000, `${refused} were refused`);
});
