import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { issuerOf, makeCertificate, makeKey } from "#lib/auth/make-certificate.ts";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Catalog } from "../catalog.ts";
import { typed } from "../conformance/database-under-test.ts";
import { createCatalog } from "../migrations/migrate.ts";

const reason = await PrivateMariadb.whyNot();
const validity = { validFrom: new Date(Date.now() - 3_600_000), validTo: new Date(Date.now() + 3_600_000) };

async function authority(commonName: string): Promise<{ key: string; certificate: string }> {
  const key = makeKey();
  return { key, certificate: await makeCertificate(key, { commonName, kind: "authority", alternativeNames: [], ...validity }) };
}

describe("a MySQL catalog over TLS", { skip: reason ?? false }, () => {
  test("is used when its certificate is of the given CA and names the address, else refused", async () => {
    await using directory = await TempDir.make();
    await chmod(directory.path, 0o755);
    const ca = await authority("test CA");
    const serverKey = makeKey();
    const plan = {
      commonName: "db",
      kind: "end" as const,
      alternativeNames: [{ type: "ip" as const, value: "127.0.0.1" }],
      ...validity,
      issuer: await issuerOf(ca),
    };
    const files = { ca: ca.certificate, cert: await makeCertificate(serverKey, plan), key: serverKey };
    for (const [name, text] of Object.entries(files)) await writeFile(directory.file(name), text, { mode: 0o644 });
    const extraArguments = Object.keys(files).map((name) => `--ssl-${name}=${directory.file(name)}`);
    await using server = await PrivateMariadb.start({ extraArguments: [...extraArguments, "--require-secure-transport=ON"] });
    server.createDatabase("tls");
    const at = (address: string, tls?: object) => ({
      driver: "mysql" as const,
      name: "tls",
      user: server.user,
      password: server.password,
      addresses: [address],
      port: server.port,
      ...(tls === undefined ? {} : { tls }),
    });
    await createCatalog(at("127.0.0.1", { ca: ca.certificate }));
    await using catalog = await Catalog.open(at("127.0.0.1", { ca: ca.certificate }));
    assert.match(String((await typed(catalog, "SHOW STATUS LIKE 'Ssl_version'"))[0]?.[1]), /^TLSv1\.[23]$/);
    const foreign = await authority("foreign CA");
    await assert.rejects(Catalog.open(at("127.0.0.1", { ca: foreign.certificate })), { code: "CATALOG_UNREACHABLE" });
    await assert.rejects(Catalog.open(at("localhost", { ca: ca.certificate })), { code: "CATALOG_UNREACHABLE" });
    await assert.rejects(Catalog.open(at("127.0.0.1")), { code: "CATALOG_UNREACHABLE" });
    await using unverified = await Catalog.open(at("localhost", { verify: false }));
    assert.deepEqual(await typed(unverified, "SELECT 1"), [[1]]);
  });
});
