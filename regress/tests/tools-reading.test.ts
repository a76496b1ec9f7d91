import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSameTree } from "#regress/compare.ts";
import { mustRun, runCommand } from "#regress/process.ts";
import { BIN, DEBIAN_BACULA, DEBIAN_BACULA_FILES } from "#regress/programs.ts";
import { scenario } from "#regress/scenario.ts";
import { everythingTree, plainTree } from "#regress/trees.ts";
import { World } from "#regress/world.ts";

/** What is saved in different ways by Debian's file daemon. */
const PARTS = ["sparse-and-attributes", "gzip", "lzo", "plain"] as const;

const DEBIAN_TOOLS = ["/usr/sbin/bls", "/usr/sbin/bextract", "/usr/sbin/bcopy"];

/** Which make of a tool is run. */
const MAKES = { debian: "/usr/sbin", ours: BIN } as const;

/** Lines of a tool, without what is bound to differ: moment, place in the program's source, and Debian's own slips. */
function sameLines(output: string): string[] {
  const lines: string[] = [];
  for (const line of output.replaceAll("\r", "").split("\n")) {
    // Debian takes labels for files and counts them, lists records of attributes only, and says no address in -j
    if (
      /JobId 0: -{10} .*  (immortal|description)$|files found\.$/.test(line) ||
      /invalid: rec=|marked as invalid|^(Unknown|Start of object|End of object) Record/.test(line)
    )
      continue;
    if (/ Stream=\d+ DataLen=/.test(line) && !/ Stream=1 /.test(line)) continue;
    lines.push(
      line
        .replace(/^(\w+): \w+\.c:\d+-0 /, "$1: ")
        .replace(/^\d\d-\w{3} \d\d:\d\d /, "")
        .replace(/Volume "([^"|]*)\|[^"]*"/, 'Volume "$1"')
        .replace(/ Type=UATTR$/, "")
        .replace(/File:blk=\d+:\d+/, "File:blk=0:0"),
    );
  }
  return lines.filter((line) => line !== "");
}

async function tool(make: keyof typeof MAKES, name: string, args: readonly string[]): Promise<string> {
  return (await mustRun(join(MAKES[make], name), args)).output;
}

/** Both bls say the same of these Volumes. */
async function assertSameListings(world: World, volumes: readonly string[], more: readonly string[]): Promise<void> {
  const common = ["-c", world.path("bacula-sd.conf")];
  const onVolumes = ["-V", volumes.join("|"), "Disk"];
  for (const flags of [
    [],
    ["-v"],
    ["-j"],
    ["-j", "-v"],
    ["-k"],
    ["-i", world.path("include")],
    ["-e", world.path("exclude")],
    more,
  ]) {
    const args = flags === more ? [...common, ...flags, "Disk"] : [...common, ...flags, ...onVolumes];
    const [debian, ours] = await Promise.all([tool("debian", "bls", args), tool("ours", "bls", args)]);
    assert.deepEqual(sameLines(ours), sameLines(debian), `bls ${flags.join(" ")}`);
  }
}

function nameLists(world: World): void {
  writeFileSync(world.path("include"), `${world.path("tree/folder-1")}\n/*/file-7.txt\n`);
  writeFileSync(world.path("exclude"), "file-1*\n");
}

scenario(
  "bls says the same as Debian's of our Volumes, bcopy's copy is one that Debian's tools and our restore read",
  {
    programs: DEBIAN_TOOLS,
    site: (dir) => ({ pool: "Maximum Volume Bytes = 300K", job: `Write Bootstrap = "${dir}/save.bsr"` }),
  },
  async (world) => {
    plainTree(world.path("tree"), { files: 120 });
    nameLists(world);
    await world.start();
    await world.backup("Full");
    writeFileSync(world.path("tree/folder-1/added.txt"), "added");
    await world.backup("Incremental");
    const volumes = world.volumes();
    assert.ok(volumes.length >= 2, `several Volumes: ${volumes.join(" ")}`);
    await assertSameListings(world, volumes, ["-b", world.path("save.bsr")]);

    writeFileSync(
      world.path("copy.conf"),
      `${readFileSync(world.path("bacula-sd.conf"), "utf8")}
Device { Name = Out; Media Type = File; Device Type = File; Archive Device = "${world.path("volumes")}"; Label Media = yes
  Random Access = yes; Automatic Mount = yes; Removable Media = no; Always Open = no; Maximum Block Size = 262144
}
`,
    );
    const copied = await tool("ours", "bcopy", [
      "-c",
      world.path("copy.conf"),
      "-i",
      volumes.join("|"),
      "-o",
      "Copy",
      "Disk",
      "Out",
    ]);
    assert.match(copied, /2 Jobs copied\./);
    const copy = ["-c", world.path("copy.conf"), "-V", "Copy", "Out"];
    assert.match(await tool("debian", "bls", ["-k", ...copy]), /Block: 1 size=262144/);
    const files = async (args: readonly string[]): Promise<string[]> =>
      sameLines(await tool("debian", "bls", args)).filter((line) => line.includes(`  ${world.dir}`));
    const original = await files(["-c", world.path("bacula-sd.conf"), "-V", volumes.join("|"), "Disk"]);
    assert.deepEqual(await files(copy), original);
    // A bootstrap may name sessions by what their labels say, which stand on the first Volume of each only.
    const selectedBy = async (selector: string): Promise<string[]> => {
      writeFileSync(world.path("by.bsr"), `Volume="${volumes.join("|")}"\n${selector}\n`);
      const shown = await tool("ours", "bls", ["-b", world.path("by.bsr"), "-c", world.path("bacula-sd.conf"), "Disk"]);
      return sameLines(shown).filter((line) => line.includes(`  ${world.dir}`));
    };
    const described = await tool("ours", "bls", [
      "-j",
      "-v",
      "-c",
      world.path("bacula-sd.conf"),
      "-V",
      volumes[0] ?? "",
      "Disk",
    ]);
    assert.match(
      described,
      /^Start of object Record: .* ClientUname="\S+ \S+ x86_64-linux .*" Storage="Disks" Priority=10 Scheduled=\d/m,
    );
    assert.deepEqual(await selectedBy('Client="client-fd"\nJob="Save"'), original);
    assert.deepEqual([...(await selectedBy("JobId=1")), ...(await selectedBy("JobLevel=I"))], original);
    assert.deepEqual(await selectedBy("Client=nobody"), []);
    mkdirSync(world.path("debian"));
    await tool("debian", "bextract", [...copy, world.path("debian")]);
    await assertSameTree(world.path("tree"), world.path("debian") + world.path("tree"), { wholeSeconds: true });

    const oneDrive = [
      "-c",
      world.path("copy.conf"),
      "-w",
      world.path("logs"),
      "-i",
      volumes.join("|"),
      "-o",
      "Copy2",
      "Disk",
      "Disk",
    ];
    const asked = await runCommand(join(BIN, "bcopy"), oneDrive, { input: "\n" });
    assert.match(asked.output, /Mount Volume "Copy2" on device "Disk" .* and press return when ready: /);
    assert.deepEqual(await files(["-c", world.path("copy.conf"), "-V", "Copy2", "Disk"]), original);
    const nobody = await runCommand(join(BIN, "bls"), ["-c", world.path("copy.conf"), "-V", "Nope", "Disk"], { input: "" });
    assert.match(nobody.output, /Mount Volume "Nope" on device "Disk"/);
    assert.equal(nobody.status, 1);

    const sessions = (await tool("ours", "bls", ["-j", ...copy])).matchAll(/Begin Job.* SessId=(\d+) SessTime=(\d+)/g);
    const bootstrap = [...sessions].map(
      ([, id, time]) => `Volume="Copy"\nMediaType="File"\nVolSessionId=${id}\nVolSessionTime=${time}\n`,
    );
    writeFileSync(world.path("copy.bsr"), bootstrap.join(""));
    const report = await world.run(`job=Restore bootstrap=${world.path("copy.bsr")} where=${world.path("restored")}`);
    assert.equal(report.termination, "Restore OK", report.text + world.messages().slice(-2000));
    await assertSameTree(world.path("tree"), world.path("restored") + world.path("tree"));
  },
);

scenario(
  "bextract restores everything from our Volumes by a bootstrap, with Director and daemons gone",
  { root: true, site: (dir) => ({ job: `Write Bootstrap = "${dir}/save.bsr"` }) },
  async (world) => {
    everythingTree(world.path("tree"));
    await world.start();
    await world.backup("Full");
    await world.stop();
    mkdirSync(world.path("extracted"));
    const output = await tool("ours", "bextract", [
      "-c",
      world.path("bacula-sd.conf"),
      "-b",
      world.path("save.bsr"),
      "Disk",
      world.path("extracted"),
    ]);
    assert.match(output, /\d+ files restored\.\n$/);
    await assertSameTree(world.path("tree"), world.path("extracted") + world.path("tree"));
  },
);

scenario(
  "bextract puts files back from a store of chunks; only its directory is left",
  { site: { deviceType: "Dedup" } },
  async (world) => {
    plainTree(world.path("tree"));
    writeFileSync(world.path("tree/twice"), Buffer.alloc(3_000_000, "the same again and again, "));
    await world.start("sd");
    await mustRun(join(BIN, "nocturne-sd"), ["--init", "-c", world.path("bacula-sd.conf")]).catch(() => {});
    await world.start();
    await world.console("dedup init storage=Disks yes");
    await world.backup("Full");
    await world.stop();
    const volume = world.volumes().find((name) => !name.startsWith("@")) ?? "";
    mkdirSync(world.path("extracted"));
    await tool("ours", "bextract", [world.path("volumes", volume), world.path("extracted")]);
    await assertSameTree(world.path("tree"), world.path("extracted") + world.path("tree"));
    const refused = await runCommand(join(BIN, "bcopy"), [
      "-o",
      "Copy",
      world.path("volumes", volume),
      `${world.path("logs")}/`,
    ]);
    assert.match(refused.output, /chunks that lie in a store/);
  },
);

scenario(
  "Volumes of Debian's Bacula with every stream that it makes: the same listings, everything comes back, what is encrypted by the client's key and by the master key",
  { root: true, programs: [...DEBIAN_BACULA_FILES, ...DEBIAN_TOOLS] },
  async (world) => {
    await using foreign = await World.create(debianSite, DEBIAN_BACULA);
    everythingTree(foreign.path("tree/sparse-and-attributes"));
    for (const part of ["gzip", "lzo", "plain"]) plainTree(foreign.path("tree", part), { files: 25, seed: part });
    nameLists(foreign);
    await foreign.start();
    await foreign.backup("Full");
    const first = foreign.volumes();
    cpSync(foreign.path("save.bsr"), foreign.path("first.bsr"));
    assert.ok(first.length >= 2, `several Volumes: ${first.join(" ")}`);
    const config = ["-c", foreign.path("bacula-sd.conf")];
    mkdirSync(world.path("extracted"));
    await tool("ours", "bextract", [...config, "-b", foreign.path("first.bsr"), "Disk", world.path("extracted")]);
    const rsync = ["--exclude=xattr-link", "--exclude=linked-symlink*"];
    const options = { ignoreAttributes: true, wholeSeconds: true, rsync };
    for (const part of PARTS)
      await assertSameTree(foreign.path("tree", part), world.path("extracted") + foreign.path("tree", part), options);

    rmSync(foreign.path("tree/sparse-and-attributes/sparse"), { recursive: true });
    await foreign.stop("fd");
    await encrypt(foreign);
    await foreign.start();
    await foreign.run("job=Save level=Full");
    await foreign.stop();

    const streams = await tool("ours", "bls", ["-v", ...config, "-V", foreign.volumes().join("|"), "Disk"]);
    for (const name of ["UATTR", "SPARSE-DATA", "GZIP", "COMPRESSED", "MD5", "SHA1", "SHA256", "SHA512", "LINUX-ACCESS-ACL",
      "LINUX-XATTR", "SIGNED-DIGEST", "ENCRYPTED-SESSION-DATA"]) assert.match(streams, new RegExp(` Type=${name}\n`), `no ${name}`); // prettier-ignore
    await assertSameFiles(foreign, config);
    mkdirSync(world.path("no-key"));
    const keyless = ["-b", foreign.path("save.bsr"), "Disk", world.path("no-key")];
    const ended = await runCommand(join(BIN, "bextract"), [...config, ...keyless]);
    assert.match(
      ended.output,
      /is not restored: its data \(saved by JobId 2\) is encrypted, .* identifier [0-9a-f]{40} or [0-9a-f]{40}/,
    );
    assert.equal(ended.status, 1);
    assert.ok(existsSync(world.path("no-key") + foreign.path("tree/plain/folder-1")), "directories have no data to encrypt");

    for (const key of ["pki.pem", "master.pem"]) {
      const where = world.path(`extracted-${key}`);
      mkdirSync(where);
      await tool("ours", "bextract", [...config, "-b", foreign.path("save.bsr"), "-K", foreign.path(key), "Disk", where]);
      for (const part of PARTS) await assertSameTree(foreign.path("tree", part), where + foreign.path("tree", part), options);
    }
    await restoreByFileDaemon(world, foreign, options);
  },
);

/** Our file daemon restores the encrypted job by each key, and checks the signatures. */
async function restoreByFileDaemon(world: World, foreign: World, options: Parameters<typeof assertSameTree>[2]): Promise<void> {
  cpSync(foreign.path("volumes"), world.path("volumes"), { recursive: true });
  const settings = [
    `PKI Keypair = "${foreign.path("pki.pem")}"`,
    `PKI Keypair = "${foreign.path("stranger.pem")}"; PKI Signer = "${foreign.path("pki.crt")}"; PKI Master Key = "${foreign.path("master.pem")}"`,
  ];
  await makeKeypair(foreign, "stranger");
  const plain = readFileSync(world.path("bacula-fd.conf"), "utf8");
  const startWith = async (directives: string): Promise<void> => {
    await world.stop("fd");
    writeFileSync(world.path("bacula-fd.conf"), plain.replace("FileDaemon {", `FileDaemon {\n  ${directives}`));
    await world.start();
  };
  for (const [number, directives] of settings.entries()) {
    await startWith(directives);
    const where = world.path(`restored-${number}`);
    const report = await world.run(`job=Restore bootstrap=${foreign.path("save.bsr")} where=${where}`);
    assert.equal(report.termination, "Restore OK", report.text + world.messages().slice(-3000));
    assert.doesNotMatch(world.messages(), /signature/, "every signature is checked and good");
    for (const part of PARTS) await assertSameTree(foreign.path("tree", part), where + foreign.path("tree", part), options);
  }
  await startWith(`PKI Keypair = "${foreign.path("gone.pem")}"`);
  const failed = await world.run(`job=Restore bootstrap=${foreign.path("save.bsr")} where=${world.path("restored-none")}`);
  assert.notEqual(failed.termination, "Restore OK", failed.text);
  assert.match(world.messages(), /Encrypted files cannot be restored: .*gone\.pem/);
  assert.match(world.messages(), /is not restored: its data \(saved by JobId 2\) is encrypted, .* identifier [0-9a-f]{40} or /);
}

/** Parts of the tree are saved with every compression and digest that Debian's file daemon has. */
function debianSite(dir: string) {
  const include = (part: string, options: string): string =>
    `Include { Options { ACL Support = yes; XAttr Support = yes; ${options} } \n File = "${dir}/tree/${part}" }`;
  return {
    fileset: [
      include("sparse-and-attributes", "Signature = SHA256; Sparse = yes"),
      include("gzip", "Signature = MD5; Compression = GZIP6"),
      include("lzo", "Signature = SHA512; Compression = LZO"),
      include("plain", "Signature = SHA1"),
    ].join("\n"),
    job: `Write Bootstrap = "${dir}/save.bsr"`,
    pool: "Maximum Volume Bytes = 5M",
  };
}

/** Both list the same files; the listing is long, so only what differs is shown. */
async function assertSameFiles(world: World, config: readonly string[]): Promise<void> {
  const args = [...config, "-V", world.volumes().join("|"), "Disk"];
  const lists = await Promise.all(
    (["debian", "ours"] as const).map(async (make) => sameLines(await tool(make, "bls", ["-j", "-v", ...args]))),
  );
  assert.deepEqual(lists[1], lists[0]);
}

/** Makes NAME.crt and NAME.pem, which holds the private key, too. */
async function makeKeypair(world: World, name: string): Promise<void> {
  const key = world.path(`${name}.key`);
  const certificate = world.path(`${name}.crt`);
  await mustRun("openssl", [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    key,
    "-out",
    certificate,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  ]);
  writeFileSync(world.path(`${name}.pem`), readFileSync(key, "utf8") + readFileSync(certificate, "utf8"));
}

/** Debian's file daemon encrypts and signs from now on. */
async function encrypt(world: World): Promise<void> {
  for (const name of ["pki", "master"]) await makeKeypair(world, name);
  world.edit(
    "bacula-fd.conf",
    "FileDaemon {",
    `FileDaemon {\n  PKI Signatures = Yes\n  PKI Encryption = Yes\n  PKI Keypair = "${world.path("pki.pem")}"
  PKI Master Key = "${world.path("master.crt")}"\n  PKI Cipher = aes256\n  PKI Digest = sha256`,
  );
}
