import "#lib/auth/reflect-metadata.ts";
import assert from "node:assert/strict";
import { KeyObject, generateKeyPairSync, webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { SubjectKeyIdentifierExtension, X509CertificateGenerator, cryptoProvider } from "@peculiar/x509";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { loadKeyRing } from "./key-ring.ts";

cryptoProvider.set(webcrypto as unknown as Crypto);

const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

async function keypair(keyId: string | undefined): Promise<{ readonly key: string; readonly certificate: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=client",
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: keyId === undefined ? [] : [new SubjectKeyIdentifierExtension(keyId)],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { key, certificate: certificate.toString("pem") };
}

test("keys go by the identifier of their certificate, or by the usual one without certificate", async () => {
  await using dir = await TempDir.make();
  const { key, certificate } = await keypair("0102abcd");
  writeFileSync(dir.file("pair.pem"), `${certificate}\n${key}`);
  writeFileSync(dir.file("key.pem"), key);
  writeFileSync(dir.file("certificate.pem"), certificate);
  const files = { keypairs: [dir.file("pair.pem"), dir.file("key.pem")], masters: [dir.file("certificate.pem")], signers: [] };
  const ring = await loadKeyRing(files);
  assert.equal(ring.privateKeys[0]!.keyId, "0102abcd");
  assert.match(ring.privateKeys[1]!.keyId, /^[0-9a-f]{40}$/);
  assert.deepEqual(
    ring.signers.map(({ keyId }) => keyId),
    ["0102abcd"],
  );
});

test("files that hold no usable key are refused, each with its reason", async () => {
  await using dir = await TempDir.make();
  const { certificate } = await keypair(undefined);
  const encoding = { type: "pkcs8", format: "pem" } as const;
  const locked = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
    ...encoding,
    cipher: "aes-128-cbc",
    passphrase: "secret",
  });
  const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(encoding);
  const wrong: readonly (readonly [text: string | Buffer, reason: RegExp])[] = [
    [certificate, /no private key/],
    [locked, /passphrase/],
    [elliptic, /not an RSA key but ec/],
    ["nothing", /neither key nor certificate/],
    [certificate.replace(/M/g, "N"), /certificate cannot be read/],
  ];
  for (const [text, message] of wrong) {
    writeFileSync(dir.file("wrong.pem"), text);
    await assert.rejects(loadKeyRing({ keypairs: [dir.file("wrong.pem")], masters: [], signers: [] }), {
      code: "PKI_KEY_INVALID",
      message,
    });
  }
  await assert.rejects(loadKeyRing({ keypairs: [dir.file("gone.pem")], masters: [], signers: [] }), {
    message: /cannot be read/,
  });
});
