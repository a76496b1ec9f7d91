import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { freeMetadata, parseDeviceErrors, parseScrub, parseUsage } from "./filesystem.ts";
import { clientQgroup, parseQgroups } from "./quota.ts";
import { parseSubvolume } from "./subvolume.ts";

const USAGE = `Overall:
    Device size:		         268435456
    Device allocated:		          92274688
    Device unallocated:		         176160768
    Device missing:		                 0
    Used:			            360448
    Free (estimated):		         184549376	(min: 96468992)
    Free (statfs, df):		         183500800
    Data ratio:			              1.00
    Metadata ratio:		              2.00
    Global reserve:		           5767168	(used: 16384)

Data,single: Size:8388608, Used:1000 (0.00%)
   /dev/loop0	   8388608

Data,RAID1: Size:1000000, Used:24 (0.00%)

Metadata,DUP: Size:33554432, Used:163840 (0.49%)
   /dev/loop0	  67108864
`;

test("space is read as btrfs counts it, over all profiles", () => {
  const usage = parseUsage("/x", USAGE);
  assert.deepEqual(usage.data, { size: 9_388_608, used: 1024 });
  assert.deepEqual(usage.metadata, { size: 33_554_432, used: 163_840 });
  assert.equal(usage.freeLeast, 96_468_992);
  assert.equal(freeMetadata(usage), 33_554_432 - 163_840 - 5_767_168 + 176_160_768 / 2);
});

test("mixed block groups count as data and as metadata", () => {
  const usage = parseUsage("/x", USAGE.replace(/^Data,[\s\S]*$/m, "Data+Metadata,single: Size:100, Used:40 (40%)\n"));
  assert.deepEqual(
    [usage.data, usage.metadata],
    [
      { size: 100, used: 40 },
      { size: 100, used: 40 },
    ],
  );
});

test("qgroups are read whatever columns follow", () => {
  const table = `Qgroupid    Referenced    Exclusive  Max referenced  Max exclusive Parent   Child         Path
--------    ----------    ---------  --------------  ------------- ------   -----         ----
0/5              16384        16384            none           none -        -             <toplevel>
0/256         52396032     20938752            none           none 1/7,1/8  -             dom
1/7           52412416     52412416        52428800           none -        0/256,0/258   <0 member qgroups>
0/300  18446744073709535232  16384 none none ---
`;
  const groups = parseQgroups(table);
  assert.deepEqual([...groups.keys()], ["0/5", "0/256", "1/7", "0/300"]);
  assert.equal(groups.get("1/7")?.limit, 52_428_800);
  assert.deepEqual(groups.get("0/256")?.parents, ["1/7", "1/8"]);
  assert.equal(groups.get("0/300")?.referenced, 0, "a counter that fell below nothing");
});

test("a client's qgroup is a number that btrfs takes, and its own", () => {
  assert.match(clientQgroup("client-a"), /^1\/\d{1,15}$/);
  assert.notEqual(clientQgroup("client-a"), clientQgroup("client-b"));
});

test("a subvolume's facts are read, those of a received one too", () => {
  const shown = `name
	Name: 			UUID: tricky
	UUID: 			b2f78ed2-0b44-554e-8009-237000db49f1
	Parent UUID: 		-
	Received UUID: 		0a0a8ed2-0b44-554e-8009-237000db49f1
	Subvolume ID: 		256
	Generation: 		7
	Flags: 			readonly
`;
  const facts = parseSubvolume("/x", shown);
  assert.deepEqual(facts, {
    id: 256,
    uuid: "b2f78ed2-0b44-554e-8009-237000db49f1",
    parentUuid: undefined,
    receivedUuid: "0a0a8ed2-0b44-554e-8009-237000db49f1",
    generation: 7,
    isReadOnly: true,
  });
});

test("disks with errors are named, others are not", () => {
  const errors = parseDeviceErrors("[/dev/a].write_io_errs    0\n[/dev/a].corruption_errs  3\n[/dev/b].read_io_errs 0\n");
  assert.deepEqual(errors, [{ disk: "/dev/a", counts: new Map([["corruption_errs", 3]]) }]);
});

test("a scrub's counters are summed over the disks", () => {
  const report = parseScrub(
    "UUID: x\n\tdata_bytes_scrubbed: 10\n\ttree_bytes_scrubbed: 5\n\tcsum_errors: 2\n\tcsum_errors: 1\n\tread_errors: 0\n",
  );
  assert.equal(report.bytes, 15);
  assert.deepEqual([...report.errors], [["csum_errors", 3]]);
});

test("whatever is printed is understood or refused, never a crash", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(2000), (noise, at) => {
      const text = USAGE.slice(0, at) + noise + USAGE.slice(at);
      for (const parse of [parseUsage, parseSubvolume]) {
        try {
          parse("/x", text);
        } catch (error) {
          assert.ok(error instanceof OperatorError);
        }
      }
      parseQgroups(text);
      parseDeviceErrors(text);
      parseScrub(text);
    }),
    { numRuns: 200 },
  );
});
