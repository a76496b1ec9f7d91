import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogTime } from "#lib/base/local-time.ts";
import { chooseVolume, type Candidate } from "./choose-volume.ts";
import { VolumeClaims } from "./volume-claims.ts";
import { limitReached, type LimitedVolume, type PoolLimits } from "./volume-limits.ts";

const now = new Date(2026, 10, 21, 12, 0, 0).getTime();
const noLimits: PoolLimits = { useOnce: false, maxPoolBytes: 0, poolBytes: 0 };
function volume(given: Partial<LimitedVolume> = {}): LimitedVolume {
  return {
    VolumeName: "A", VolStatus: "Append", VolBytes: 1000, VolJobs: 1, VolFiles: 1, MaxVolBytes: 0, MaxVolJobs: 0, MaxVolFiles: 0, VolUseDuration: 0,
    FirstWritten: catalogTime(now - 3_600_000), ...given,
  }; // prettier-ignore
}
function candidate(row: LimitedVolume, given: Partial<Candidate<LimitedVolume>> = {}): Candidate<LimitedVolume> {
  return { row, jobs: row.VolJobs, isElsewhere: false, isMine: false, ...given };
}

test("the first candidate that has reached no limit is taken", () => {
  const full = volume({ VolumeName: "Full", MaxVolBytes: 1000 });
  const good = volume({ VolumeName: "Good" });
  const choice = chooseVolume([candidate(full), candidate(good)], noLimits, now);
  assert.equal(choice.volume, good);
  assert.deepEqual(choice.spent, [
    { row: full, limit: { status: "Full", text: 'Max Volume bytes=1000 exceeded. Marking Volume "Full" as Full.' } },
  ]);
});

test("each limit has its status and its line", () => {
  const reached = (given: Partial<LimitedVolume>, pool: Partial<PoolLimits> = {}) =>
    limitReached(volume(given), { ...noLimits, ...pool }, now);
  assert.match(reached({ MaxVolJobs: 1 })!.text, /^Max Volume jobs=1 exceeded\. Marking Volume "A" as Used\.$/);
  assert.match(reached({ MaxVolFiles: 1 })!.text, /^Max Volume files=1/);
  assert.match(reached({ VolUseDuration: 3600 })!.text, /^Max configured use duration=3600 sec\. exceeded/);
  assert.equal(reached({ VolUseDuration: 3601 }), null);
  assert.match(reached({}, { useOnce: true })!.text, /^Volume used once\./);
  assert.match(reached({}, { maxPoolBytes: 10, poolBytes: 10 })!.text, /^Max Pool Bytes 10B exceeded/);
  assert.equal(reached({ MaxVolJobs: 1, VolJobs: 0 }), null);
  assert.equal(reached({ MaxVolJobs: 1, VolStatus: "Full" }), null);
});

test("a Volume for one job is not given to two jobs that ask at the same time", () => {
  const claims = new VolumeClaims();
  const fresh = volume({ VolJobs: 0, MaxVolJobs: 1 });
  const ask = (jobId: number) =>
    chooseVolume([candidate(fresh, { jobs: claims.jobsOn("A", 0, jobId), isMine: claims.isHeldBy("A", jobId) })], noLimits, now)
      .volume;
  assert.equal(ask(1), fresh);
  claims.take("A", { jobId: 1, device: "d", jobs: 0 });
  assert.equal(ask(2), null);
  assert.equal(ask(1), fresh);
  claims.release(1);
  assert.equal(ask(2), fresh);
});

test("a Volume with room for three jobs takes three, counted or not", () => {
  const claims = new VolumeClaims();
  claims.take("A", { jobId: 1, device: "d", jobs: 1 });
  assert.equal(claims.jobsOn("A", 1, 2), 2);
  claims.take("A", { jobId: 2, device: "d", jobs: 1 });
  assert.equal(claims.jobsOn("A", 1, 3), 3);
  assert.equal(claims.jobsOn("A", 3, 3), 3);
});

test("a Volume that another job has in another drive is passed over", () => {
  const claims = new VolumeClaims();
  claims.take("A", { jobId: 1, device: "drive-0", jobs: 0 });
  assert.equal(claims.isElsewhere("A", "drive-1", 2), true);
  assert.equal(claims.isElsewhere("A", "drive-0", 2), false);
  assert.equal(chooseVolume([candidate(volume(), { isElsewhere: true })], noLimits, now).volume, null);
});
