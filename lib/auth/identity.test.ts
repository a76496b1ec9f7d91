import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { OperatorError } from "#lib/errors/operator-error.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { loadIdentity } from "./identity.ts";

test("a daemon without certificate makes its own key once, for its own eyes only", async () => {
  await using dir = await TempDir.make();
  const place = { settings: [{}], base: dir.file("fd"), name: "client1-fd" };
  const several = await Promise.all([loadIdentity(place), loadIdentity(place), loadIdentity(place)]);
  const again = await loadIdentity(place);
  for (const identity of several) assert.deepEqual(identity, again);
  assert.equal((await stat(dir.file("fd.key"))).mode & 0o777, 0o600);
  assert.equal(new X509Certificate(again.certificate).subject, "CN=client1-fd");
});

test("a crash between key and certificate is made good at the next start", async () => {
  await using dir = await TempDir.make();
  const place = { settings: [], base: dir.file("fd"), name: "client1-fd" };
  const before = await loadIdentity(place);
  await rm(dir.file("fd.crt"));
  assert.equal((await loadIdentity(place)).key, before.key);
});

test("a directive that names a bad, missing or foreign file is told with the file's name", async () => {
  await using dir = await TempDir.make();
  await loadIdentity({ settings: [], base: dir.file("a"), name: "a" });
  await loadIdentity({ settings: [], base: dir.file("b"), name: "b" });
  await writeFile(dir.file("noise"), "noise");
  const attempt = (certificate: string | undefined, key: string | undefined) =>
    loadIdentity({ settings: [{ certificate, key }], base: dir.file("c"), name: "c" });
  const cases: [string | undefined, string | undefined, RegExp][] = [
    [dir.file("a.crt"), dir.file("b.key"), /the key .*b\.key does not serve the certificate .*a\.crt/],
    [dir.file("noise"), dir.file("b.key"), /noise is not a PEM certificate/],
    [dir.file("a.crt"), dir.file("noise"), /the key .*noise does not serve/],
    [dir.file("missing"), dir.file("a.key"), /cannot read .*missing/],
    [dir.file("a.crt"), undefined, /must be given together/],
  ];
  for (const [certificate, key, text] of cases) {
    await assert.rejects(
      attempt(certificate, key),
      (error: OperatorError) => error.code === "RPC_TLS_CONFIG" && text.test(error.message),
    );
  }
});
