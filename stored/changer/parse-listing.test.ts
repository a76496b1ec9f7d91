import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseList, parseListAll, parseNumber, PLACES_MAX } from "./parse-listing.ts";

test("a list names slots and barcodes", () => {
  const told = parseList("1:A1\n2:\n noise\n 3 : A3 \n99999999999:X\n");
  assert.deepEqual(
    told.map(({ number, full, barcode }) => [number, full, barcode]),
    [
      [1, true, "A1"],
      [2, false, ""],
      [3, true, "A3"],
    ],
  );
});

test("a whole list names drives and import slots too", () => {
  const told = parseListAll("D:0:F:3:A3\nD:1:E\nS:1:F:A1\nS:3:E\nI:5:F:CLN1\nX:1:F\n");
  assert.deepEqual(
    told.map((place) => Object.values(place).join()),
    ["drive,0,true,A3,3", "drive,1,false,,0", "slot,1,true,A1,0", "slot,3,false,,0", "import,5,true,CLN1,0"],
  );
});

test("what is no number is none", () => {
  assert.equal(parseNumber("\n 8 \n"), 8);
  assert.equal(parseNumber("eight"), undefined);
  assert.equal(parseNumber(""), undefined);
  assert.equal(parseNumber("99999999999999"), undefined);
});

test("any output is read without an error and within bounds", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 2000, unit: fc.constantFrom("1", "23", ":", "\n", "D", "S", "F", "E", "x", " ") }),
      (output) => {
        for (const places of [parseList(output), parseListAll(output)]) {
          assert.ok(places.length <= PLACES_MAX);
          for (const place of places) assert.ok(Number.isSafeInteger(place.number) && place.barcode.length <= 127);
        }
      },
    ),
  );
});
