import assert from "node:assert/strict";
import { createCipheriv, hash, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { decodeCryptoSession, openCryptoSession } from "./crypto-session.ts";
import { EncryptedBlocks } from "./encrypted-blocks.ts";
import { decodeSignatures, isSignedBy } from "./signature.ts";
import { cryptoSession, der, encryptBlocks, ringOf, signedDigest, testKey } from "./testing/encrypt.ts";
import type { TestKey } from "./testing/encrypt.ts";

const client = testKey("aa01");
const master = testKey("bb02");
const stranger = testKey("cc03");
const iv = randomBytes(16);
const ciphers = [
  ["aes-128-cbc", 16],
  ["aes-192-cbc", 24],
  ["aes-256-cbc", 32],
] as const;

function mustBeOperatorError(work: () => void): void {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof OperatorError, String(error));
  }
}

test("blocks come back whatever the cipher and wherever the records are cut, by each recipient's key", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ciphers),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      fc.constantFrom(client, master),
      ([cipher, bytes], blocks, cuts, own) => {
        const key = randomBytes(bytes);
        const session = decodeCryptoSession(cryptoSession(cipher, key, iv, [client, master]));
        const decrypting = new EncryptedBlocks(openCryptoSession(session, ringOf(own), ""));
        let rest: Buffer = encryptBlocks(cipher, key, iv, blocks);
        const back: Uint8Array[] = [];
        for (const cut of cuts) {
          back.push(...decrypting.add(rest.subarray(0, cut)));
          rest = rest.subarray(cut);
        }
        back.push(...decrypting.add(rest), ...decrypting.end());
        assert.deepEqual(
          back.map((block) => Buffer.from(block)),
          blocks.map((block) => Buffer.from(block)),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("without a key that fits the error names the keys that would do, the job, and a key that only looks right", () => {
  const session = decodeCryptoSession(cryptoSession("aes-128-cbc", randomBytes(16), iv, [client, master]));
  const open = (...keys: readonly TestKey[]): unknown => openCryptoSession(session, ringOf(...keys), " (saved by JobId 7)");
  assert.throws(() => open(stranger), { code: "DATA_ENCRYPTED", message: /JobId 7.*identifier aa01 or bb02$/ });
  assert.throws(() => open({ ...stranger, keyId: "aa01" }), { code: "DATA_ENCRYPTED", message: /aa01\.pem has the right/ });
  assert.throws(() => openCryptoSession(session, undefined, ""), { code: "DATA_ENCRYPTED" });
});

test("cipher text that is cut, changed, absurdly long or of another key is an error, never anything else", () => {
  const key = randomBytes(16);
  const session = { cipher: { name: "aes-128-cbc", keyBytes: 16 }, key, iv };
  const good = encryptBlocks("aes-128-cbc", key, iv, [Buffer.alloc(100, "a"), Buffer.alloc(50, "b")]);
  const read = (text: Uint8Array, data = session): Uint8Array[] => {
    const decrypting = new EncryptedBlocks(data);
    return [...decrypting.add(text), ...decrypting.end()];
  };
  for (let cut = 0; cut < good.length; cut++)
    assert.throws(() => read(good.subarray(0, cut)), { code: "DATA_INVALID" }, `${cut}`);
  assert.throws(() => read(good, { ...session, key: randomBytes(16) }), { code: "DATA_INVALID" });
  const encryption = createCipheriv("aes-128-cbc", key, iv);
  const absurd = Buffer.concat([
    encryption.update(Buffer.from("7fffffff", "hex")),
    encryption.update(Buffer.alloc(100)),
    encryption.final(),
  ]);
  assert.throws(() => read(absurd), { code: "DATA_INVALID", message: /2147483647/ });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const damaged = Buffer.from(good);
      damaged[at] = value;
      mustBeOperatorError(() => void read(damaged));
    }),
    { numRuns: 2000 },
  );
});

test("5,000 damaged crypto sessions and signatures: read or refused, nothing else", () => {
  const data = Buffer.from("data");
  const goods = [cryptoSession("aes-256-cbc", randomBytes(32), iv, [client, master]), signedDigest("sha256", data, client)];
  const changes = fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(1), changes, fc.nat(2000), (which, bytes, cut) => {
      const damaged = Buffer.from(goods[which]!);
      for (const [at, value] of bytes) damaged[at % (which === 0 ? 60 : 40)] = value;
      const text = damaged.subarray(0, cut % 3 === 0 ? cut % damaged.length : damaged.length);
      mustBeOperatorError(() => {
        if (which === 0) openCryptoSession(decodeCryptoSession(text), ringOf(client, master), "");
        else for (const one of decodeSignatures(text)) isSignedBy(client.publicKey, one, Buffer.alloc(32));
      });
    }),
    { numRuns: 5000 },
  );
});

test("ciphers and versions that are not known are named", () => {
  const session = (version: string, oid: string): Buffer =>
    der(0x30, der(0x02, version), der(0x06, oid), der(0x04, Buffer.alloc(16)), der(0x31));
  assert.throws(() => decodeCryptoSession(session("00", "2b0601040197550102")), {
    code: "PKI_UNSUPPORTED",
    message: /Blowfish/,
  });
  assert.throws(() => decodeCryptoSession(session("00", "2a03")), { code: "PKI_UNSUPPORTED", message: /2a03/ });
  assert.throws(() => decodeCryptoSession(session("01", "608648016503040102")), {
    code: "PKI_UNSUPPORTED",
    message: /version 01/,
  });
});

test("a signature counts only for the key, the digest and the data that it was made for", () => {
  for (const digest of ["md5", "sha1", "sha256", "sha512"] as const) {
    const data = randomBytes(100);
    const value = hash(digest, data, "buffer");
    const [signature] = decodeSignatures(signedDigest(digest, data, client));
    assert.ok(isSignedBy(client.publicKey, signature!, value), digest);
    assert.ok(!isSignedBy(master.publicKey, signature!, value), digest);
    value[0]! ^= 1;
    assert.ok(!isSignedBy(client.publicKey, signature!, value), digest);
  }
});
