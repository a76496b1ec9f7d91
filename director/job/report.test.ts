import assert from "node:assert/strict";
import { test } from "node:test";
import { adminReport, backupReport, levelWords, restoreReport, type BackupFacts, type ReportHead } from "./report.ts";
import { bytesWords, compressionWords, elapsedWords, rateWords, withCommas } from "./report-words.ts";

const head: ReportHead = { director: "backup-dir", version: "0.1.0", date: "21Nov26", buildOs: "x86_64 linux Debian" };
const start = new Date(2026, 10, 21, 7, 0, 0).getTime();
const backup: BackupFacts = {
  jobId: 12, job: "BackupClient1.2026-11-21_07.00.00_03", outcome: "ok", scheduledMs: start, startMs: start, endMs: start + 63_000,
  level: "F", upgradedFrom: "I", sinceMs: null, client: { name: "c-fd", uname: "0.1.0 Linux" }, fileset: { name: "Full Set", createTime: "2026-11-21 07:00:00" },
  pool: { name: "File", from: "Job resource" }, catalog: { name: "MyCatalog", from: "Client resource" }, storage: { name: "File1", from: "Job resource" },
  priority: 10, fdFiles: 1234, sdFiles: 1234, fdBytes: 5_000_000, sdBytes: 5_200_000, readBytes: 10_000_000, hasSnapshot: false, isEncrypted: false,
  isAccurate: false, volumes: ["Vol-0001", "Vol-0002"], volSessionId: 1, volSessionTime: 1_795_000_000, lastVolumeBytes: 5_300_123,
  fdErrors: 0, sdErrors: 0, fdStatus: "T", sdStatus: "T", dedup: null,
}; // prettier-ignore

test("a backup report has every label in order with values at column 27", () => {
  const lines = backupReport(head, backup).split("\n");
  assert.equal(lines[0], "Nocturne backup-dir 0.1.0 (21Nov26):");
  assert.equal(lines[4], "  Backup Level:           Full (upgraded from Incremental)");
  assert.equal(lines[24 + 1], "  Volume name(s):         Vol-0001|Vol-0002");
  assert.equal(lines.at(-3), "  Termination:            Backup OK");
  assert.deepEqual(lines.slice(-2), ["", ""]);
  const labels = lines.slice(1, -2).map((line) => line.slice(2).split(":")[0]);
  assert.deepEqual(labels, [
    "Build OS", "JobId", "Job", "Backup Level", "Client", "FileSet", "Pool", "Catalog", "Storage", "Scheduled time", "Start time", "End time",
    "Elapsed time", "Priority", "FD Files Written", "SD Files Written", "FD Bytes Written", "SD Bytes Written", "Rate", "Software Compression",
    "Comm Line Compression", "Snapshot/VSS", "Encryption", "Accurate", "Volume name(s)", "Volume Session Id", "Volume Session Time",
    "Last Volume Bytes", "Non-fatal FD errors", "SD Errors", "FD termination status", "SD termination status", "Termination",
  ]); // prettier-ignore
  for (const line of lines.slice(1, -2)) assert.equal(line[25], " ");
});

test("a job into a store of chunks tells what the store made of it, and no other job does", () => {
  const dedup = {
    fileBytes: 20_000_000, chunks: 81, newChunks: 3, newBytes: 800_000, storedBytes: 200_000, rememberedFiles: 1200, rememberedBytes: 15_000_000, method: "zstd 3",
    networkBytes: 345_678,
  }; // prettier-ignore
  const lines = backupReport(head, { ...backup, dedup }).split("\n");
  const at = lines.findIndex((line) => line.startsWith("  Software Compression:"));
  assert.deepEqual(lines.slice(at, at + 6), [
    "  Software Compression:   75.0 % (4.0:1)",
    "  Deduplication:          100.0:1, 20,000,000 (20.000 MB) in 81 chunks",
    "  New Chunks:             3, 800,000 (800.000 KB), stored as 200,000 (200.000 KB) zstd 3",
    "  Remembered Files:       1,200, 15,000,000 (15.000 MB) not read",
    "  Network Bytes:          345,678 (345.678 KB)",
    "  Comm Line Compression:  None",
  ]);
  const nothingNew = backupReport(head, {
    ...backup,
    dedup: { ...dedup, newChunks: 0, newBytes: 0, storedBytes: 0, method: "" },
  });
  assert.match(
    nothingNew,
    /Compression: {3}None\n {2}Deduplication: {10}all known, 20,000,000 .*\n {2}New Chunks: {13}0, 0 \(0 B\), stored as 0 \(0 B\)\n/,
  );
  assert.doesNotMatch(backupReport(head, backup), /Dedup|Chunks|Remembered|Network/);
});

test("numbers are written as reports show them", () => {
  assert.equal(withCommas(1_234_567), "1,234,567");
  assert.equal(bytesWords(1_234_567), "1,234,567 (1.234 MB)");
  assert.equal(bytesWords(0), "0 (0 B)");
  assert.equal(bytesWords(999), "999 (999 B)");
  assert.equal(rateWords(5_000_000, 2000), "2500.0 KB/s");
  assert.equal(compressionWords(5_000_000, 10_000_000), "50.0% 2.0:1");
  assert.equal(compressionWords(9_960_000, 10_000_000), "None");
  assert.equal(elapsedWords(3_723_000), "1 hour 2 mins 3 secs");
  assert.equal(elapsedWords(10), "1 sec");
});

test("the level says since when, or from what it was upgraded", () => {
  assert.equal(levelWords({ level: "I", upgradedFrom: null, sinceMs: start }), "Incremental, since=2026-11-21 07:00:00");
  assert.equal(levelWords({ level: "F", upgradedFrom: "D", sinceMs: null }), "Full (upgraded from Differential)");
});

test("restore and admin reports have their own labels", () => {
  const common = {
    jobId: 3,
    job: "R.2026",
    outcome: "error" as const,
    scheduledMs: start,
    startMs: start,
    endMs: start + 1000,
  };
  const restore = restoreReport(head, {
    ...common,
    client: "c-fd",
    where: "/tmp/r",
    replace: "Always",
    filesExpected: 9,
    filesRestored: 8,
    bytesRestored: 1000,
    fdErrors: 1,
    fdStatus: "W",
    sdStatus: "T",
  });
  assert.match(restore, /^ {2}Files Expected: {9}9\n {2}Files Restored: {9}8\n {2}Bytes Restored: {9}1,000 \(1\.000 KB\)$/m);
  assert.match(restore, /Termination: {12}\*\*\* Restore Error \*\*\*\n\n$/);
  assert.match(
    adminReport(head, { ...common, outcome: "ok" }),
    /^Nocturne 0\.1\.0 \(21Nov26\): 21-Nov-2026 07:00:01\n {2}JobId: .*\n[^]*Admin OK\n\n$/,
  );
});
