import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { bootstrapText, parseBootstrap } from "./bootstrap-text.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";

const range = fc.tuple(fc.nat({ max: 2 ** 40 }), fc.nat({ max: 1000 })).map(([first, more]) => ({ first, last: first + more }));
const entry: fc.Arbitrary<BootstrapEntry> = fc.record(
  {
    volume: fc.stringMatching(/^[A-Za-z0-9:._-]{1,20}$/),
    mediaType: fc.constantFrom("", "File1", "LTO 8"),
    device: fc.constantFrom("", "FileChgr1"),
    slot: fc.nat({ max: 100 }),
    volSessionId: fc.nat({ max: 2 ** 32 - 1 }),
    volSessionTime: fc.nat({ max: 2 ** 32 - 1 }),
    addresses: fc.array(range, { maxLength: 3 }),
    fileIndexes: fc.array(range, { maxLength: 3 }),
    count: fc.nat(),
    fileRegex: fc.constantFrom("", "^/etc/.*"),
    jobId: fc.nat(),
    streams: fc.array(fc.nat({ max: 100 }), { maxLength: 2 }),
    session: fc.constantFrom(undefined, { clients: ["a-fd", "b"], jobs: ["Save"], types: ["B"], levels: ["F", "I"] }),
  },
  { noNullPrototype: true },
);

test("a Bootstrap survives the way to text and back", () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 4 }), (entries) => {
      assert.deepEqual(
        parseBootstrap(
          bootstrapText({ entries }, () => "File1"),
          "x.bsr",
        ),
        { entries },
      );
    }),
  );
});

test("volumes and sessions in lists become an entry each; VolFile and VolBlock become addresses", () => {
  const { entries } = parseBootstrap('Volume="A|B"\nVolSessionId=1-2\nVolFile=1-1\nVolBlock=5-9\n', "x.bsr");
  assert.deepEqual(
    entries.map((one) => [one.volume, one.volSessionId]),
    [
      ["A", 1],
      ["A", 2],
      ["B", 1],
      ["B", 2],
    ],
  );
  assert.deepEqual(entries[0]!.addresses, [{ first: 2 ** 32 + 5, last: 2 ** 32 + 9 }]);
});

test("damaged text gives an error that names the line, never another failure", () => {
  assert.throws(() => parseBootstrap("Volume=A\nVolAddr=9-1\n", "x.bsr"), /x\.bsr:2: "9-1" is no number or range/);
  assert.throws(() => parseBootstrap("Volume=A\nInclude=/etc\n", "x.bsr"), /x\.bsr:2: include cannot be followed/);
  assert.throws(() => parseBootstrap("Volume=A\nVolBlock=1-5\n", "x.bsr"), /each VolBlock needs a VolFile of its own/);
  assert.throws(() => parseBootstrap("# nothing\n", "x.bsr"), /names no Volume/);
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.string(), fc.constantFrom("Volume=", "VolAddr=1-", "FileIndex=1,2-x", "Slot=99999999999999999999", "=")),
        { maxLength: 8 },
      ),
      (lines) => {
        try {
          parseBootstrap(lines.join("\n"), "x.bsr");
        } catch (error) {
          assert.ok(error instanceof OperatorError);
        }
      },
    ),
  );
});
