import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { issueRoleCertificate, makeSiteCa, type RoleCertificateRequest } from "#lib/auth/site-ca.ts";
import { scenario } from "#regress/scenario.ts";
import { PASSWORDS } from "#regress/site.ts";
import { plainTree } from "#regress/trees.ts";
import type { World } from "#regress/world.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

interface Shown {
  /** What the file daemon's certificate says. */
  readonly fileDaemon?: Partial<RoleCertificateRequest>;
  /** The file daemon's certificate is signed by a CA that nobody here knows. */
  readonly foreign?: boolean;
  /** Further directives of the Client resource. */
  readonly client?: string;
}

/** Gives the Director and the file daemon certificates of one CA, and the directives that ask for them. */
async function useCertificates(world: World, shown: Shown): Promise<void> {
  const now = new Date();
  const authority = await makeSiteCa("site", now);
  const other = await makeSiteCa("elsewhere", now);
  const director = await issueRoleCertificate(authority, { role: "director", name: "site-dir", now });
  const fileDaemon = await issueRoleCertificate(shown.foreign === true ? other : authority, {
    role: "fileDaemon",
    name: "client-fd",
    now,
    ...shown.fileDaemon,
  });
  mkdirSync(world.path("tls"));
  writeFileSync(world.path("tls/ca.crt"), authority.certificate);
  for (const [name, pair] of Object.entries({ director, fileDaemon })) {
    writeFileSync(world.path("tls", `${name}.crt`), pair.certificate);
    writeFileSync(world.path("tls", `${name}.key`), pair.key, { mode: 0o600 });
  }
  const lines = (name: string): string => `TLS Enable = yes
  TLS Require = yes
  TLS CA Certificate File = "${world.path("tls/ca.crt")}"
  TLS Certificate = "${world.path("tls", `${name}.crt`)}"
  TLS Key = "${world.path("tls", `${name}.key`)}"`;
  const password = `Password = "${PASSWORDS.client}"`;
  world.edit("bacula-dir.conf", password, `${password}\n  ${lines("director")}\n  ${shown.client ?? ""}`);
  world.edit("bacula-fd.conf", password, `${password}\n  ${lines("fileDaemon")}\n  TLS Verify Peer = yes`);
}

async function runSave(world: World): Promise<string> {
  plainTree(world.path("tree"), { files: 3 });
  await world.start();
  return (await world.run("job=Save level=Full")).termination;
}

scenario("certificates of one CA with the right names: the job runs", {}, async (world) => {
  await useCertificates(world, {});
  assert.equal(await runSave(world), "Backup OK", world.messages());
});

scenario("a file daemon with a certificate of another CA is refused, and the Director says so in a line", {}, async (world) => {
  await useCertificates(world, { foreign: true });
  assert.match(await runSave(world), /Backup Error/);
  assert.match(world.messages(), /client-fd.*certificate|certificate.*client-fd/i);
  assert.doesNotMatch(world.messages() + world.daemonLog("dir") + world.daemonLog("fd"), /^\s+at .*\.ts:\d+/m);
});

scenario("a file daemon whose certificate is made out to another name is refused", {}, async (world) => {
  await useCertificates(world, { fileDaemon: { name: "other-fd" } });
  assert.match(await runSave(world), /Backup Error/);
  assert.match(world.messages(), /certificate/i);
});

scenario("a file daemon whose certificate is made out to another role is refused", {}, async (world) => {
  await useCertificates(world, { fileDaemon: { role: "console" } });
  assert.match(await runSave(world), /Backup Error/);
  assert.match(world.messages(), /certificate/i);
});

scenario("a certificate that has expired is refused by name", {}, async (world) => {
  await useCertificates(world, { fileDaemon: { now: new Date(Date.now() - 2 * YEAR_MS), days: 365 } });
  assert.match(await runSave(world), /Backup Error/);
  assert.match(world.messages(), /expired/i);
});

scenario("TLS Allowed CN admits no other name", {}, async (world) => {
  await useCertificates(world, { client: 'TLS Allowed CN = "somebody-else"' });
  assert.match(await runSave(world), /Backup Error/);
  assert.match(world.messages(), /certificate|Allowed CN/i);
});
