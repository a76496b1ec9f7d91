import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { DescriptionJoiner, descriptionRecords } from "./description-records.ts";
import {
  decodeJobDescription,
  decodeJobEndDescription,
  encodeJobDescription,
  encodeJobEndDescription,
  type JobDescription,
} from "./job-description.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

function description(text: string): JobDescription {
  return {
    job: { scheduled: 1, started: 2, priority: 10, comment: "ümlaut" },
    client: { uname: "Linux", autoPrune: 1, fileRetention: 60, jobRetention: 600 },
    fileset: { created: 5, text },
    pool: { labelFormat: "Vol-", numbers: { MaxVols: 7 }, scratchPool: "Scratch", recyclePool: "", nextPool: "" },
    storage: { name: "Disks", autoChanger: 0 },
  };
}

function joined(bytes: Uint8Array): Buffer | undefined {
  const joiner = new DescriptionJoiner();
  let whole: Buffer | undefined;
  for (const record of descriptionRecords(bytes)) whole = joiner.take(record);
  return whole;
}

test("a description comes back from its records as it was", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20_000 }), (text) => {
      const given = description(text.toWellFormed());
      assert.deepEqual(decodeJobDescription(joined(encodeJobDescription(given)) ?? Buffer.alloc(0)), given);
    }),
    { numRuns: 50 },
  );
});

test("an end's description comes back with the mount table", () => {
  const end = { files: 3, bytes: 4, readBytes: 5, missingFiles: 6, mounts: [{ point: "/", type: "ext4", source: "/dev/x" }] };
  assert.deepEqual(decodeJobEndDescription(encodeJobEndDescription(end)), end);
});

test("a FileSet that is too long is left out, the rest stays", () => {
  const decoded = decodeJobDescription(encodeJobDescription(description("x".repeat(2 * 1024 * 1024))));
  assert.equal(decoded.fileset.text, "");
  assert.equal(decoded.client.uname, "Linux");
});

test("whatever lies there gives a description or DESCRIPTION_DAMAGED", () => {
  const bytes = encodeJobDescription(description("File = /etc"));
  fc.assert(
    fc.property(fc.nat(bytes.byteLength - 1), fc.nat(255), fc.array(fc.uint8Array({ maxLength: 60 })), (at, value, others) => {
      const mutated = Buffer.from(bytes);
      mutated[at] = value;
      const joiner = new DescriptionJoiner();
      try {
        decodeJobDescription(mutated);
        decodeJobEndDescription(mutated);
        for (const record of [
          ...others,
          ...descriptionRecords(mutated).map((one) => Buffer.concat([one, Buffer.from(others[0] ?? [])])),
        ])
          joiner.take(record);
      } catch (error) {
        assert.ok(error instanceof OperatorError && error.code === "DESCRIPTION_DAMAGED", String(error));
      }
    }),
  );
});

test("parts out of order are damage", () => {
  const [first, second] = descriptionRecords(encodeJobDescription(description("y".repeat(9000))));
  const joiner = new DescriptionJoiner();
  joiner.take(first ?? Buffer.alloc(0));
  joiner.take(second ?? Buffer.alloc(0));
  assert.throws(() => joiner.take(second ?? Buffer.alloc(0)), /does not belong here/);
});

test("times, flags and names that no catalog can hold are left out", () => {
  const given = description("");
  const most = Number.MAX_SAFE_INTEGER;
  const hostile = {
    ...given,
    job: { ...given.job, scheduled: most, started: most },
    client: { uname: "u".repeat(300), autoPrune: most, fileRetention: most, jobRetention: most },
    fileset: { created: most, text: "" },
    pool: {
      ...given.pool,
      labelFormat: "x".repeat(300),
      numbers: { MaxVols: 7, VolRetention: most },
      scratchPool: "z".repeat(200),
    },
    storage: { name: "a\0b", autoChanger: most },
  };
  assert.deepEqual(decodeJobDescription(encodeJobDescription(hostile)), {
    job: { ...given.job, scheduled: 0, started: 0 },
    client: { uname: "", autoPrune: 1, fileRetention: 0, jobRetention: 0 },
    fileset: { created: 0, text: "" },
    pool: { ...given.pool, labelFormat: "", numbers: { MaxVols: 7, VolRetention: 0 }, scratchPool: "" },
    storage: { name: "", autoChanger: 1 },
  });
});
