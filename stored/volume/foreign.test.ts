import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { BatchBuilder } from "#lib/wire/record.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { SESSION_TIME, appendWish, fileBench, sessionStart } from "../testing/device-bench.ts";

/* Debian's Bacula reads what we wrote: a judge that nobody here wrote. */

const run = promisify(execFile);
const reason = ["/usr/sbin/bls", "/usr/sbin/bextract"].every((path) => existsSync(path))
  ? undefined
  : "package bacula-sd is not installed";
const options = process.env.CI === "true" || reason === undefined ? {} : { skip: reason };

/** LStat of a regular file of so many bytes, mode 0644, owner root. */
function lstatOf(bytes: number): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let size = "";
  for (let left = bytes; size === "" || left > 0; left = Math.floor(left / 64)) size = `${digits[left % 64]}${size}`;
  return `P0A B IGk B A A A ${size} BAA I BpVzWl BpVzWl BpVzWl A A C`;
}

interface Written {
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly volumes: readonly string[];
}

/** Writes `sessions` jobs of five files each, whose blocks alternate, on as many Volumes as `volumeBytesMax` asks for. */
async function writeVolumes(
  directory: string,
  facts: { readonly sessions: number; readonly volumeBytesMax: number; readonly blockBytesMin: number },
): Promise<Written> {
  const { server, reports } = fileBench(directory, { blockBytesMin: facts.blockBytesMin });
  const volumes: string[] = [];
  const contents = new Map<string, Buffer>();
  const goOn = async () => {
    while (volumes.length === 0 || reports.splice(0).some(({ full }) => full !== undefined)) {
      if (volumes.length > 0) await server.call("unmountAppend", null);
      volumes.push(`Ours-000${volumes.length + 1}`);
      const [previousVolume = "", volume = ""] = [volumes.at(-2), volumes.at(-1)];
      await server.call("mountAppend", appendWish(volume, { volumeBytesMax: facts.volumeBytesMax, previousVolume }));
      await server.call("resume", null);
    }
  };
  await goOn();
  for (let id = 1; id <= facts.sessions; id += 1) await server.call("begin", sessionStart(id));
  for (let index = 1; index <= 5; index += 1) {
    for (let id = 1; id <= facts.sessions; id += 1) {
      const content = Buffer.alloc(id * 37_000 + index * 50_000, `session ${id} file ${index} `);
      const name = `/data/s${id}/file-${index}`;
      contents.set(name, content);
      const builder = new BatchBuilder();
      builder.append(index, 1, Buffer.from(`${index} 3 ${name}\0${lstatOf(content.length)}\0\0\x000\0`));
      for (let at = 0; at < content.length; at += 65_536) builder.append(index, 2, content.subarray(at, at + 65_536));
      builder.append(index, 3, createHash("md5").update(content).digest());
      server.engine.append(id, index, builder.take());
      server.engine.drain();
      await goOn();
    }
  }
  for (let id = 1; id <= facts.sessions; id += 1) {
    await server.call("end", { sessionId: id, date: Date.UTC(2026, 0, 2, 3, 4, 9), status: "T", errors: 0 });
    await goOn();
  }
  await server.call("unmountAppend", null);
  return { contents, volumes };
}

/** A configuration for Bacula's tools with one device on the directory. */
async function toolConfig(dir: TempDir): Promise<string> {
  const path = dir.file("tools.conf");
  await writeFile(
    path,
    `Director { Name = d; Password = x }
Storage { Name = s; SDPort = 9103; WorkingDirectory = "${dir.path}"; PidDirectory = "${dir.path}"; }
Device { Name = Disk; Media Type = File; Device Type = File; Archive Device = "${dir.file("volumes")}"; LabelMedia = yes; Random Access = yes; AutomaticMount = yes; RemovableMedia = no; AlwaysOpen = no; }
Messages { Name = m; director = d = all }
`,
  );
  return path;
}

async function tool(name: "bls" | "bextract", args: readonly string[]): Promise<string> {
  const running = run(`/usr/sbin/${name}`, args, { timeout: 30_000, maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.end();
  const { stdout, stderr } = await running;
  return stdout + stderr;
}

for (const [title, facts] of [
  ["one job on one Volume", { sessions: 1, volumeBytesMax: 0, blockBytesMin: 0 }],
  ["one job over several Volumes", { sessions: 1, volumeBytesMax: 300_000, blockBytesMin: 0 }],
  ["jobs whose blocks alternate", { sessions: 3, volumeBytesMax: 0, blockBytesMin: 0 }],
  ["blocks of one fixed size", { sessions: 1, volumeBytesMax: 0, blockBytesMin: 64_512 }],
] as const) {
  test(`Debian's bls and bextract read ${title}`, options, async () => {
    assert.equal(reason, undefined);
    await using dir = await TempDir.make();
    await mkdir(dir.file("volumes"));
    const { contents, volumes } = await writeVolumes(dir.file("volumes"), facts);
    assert.ok(facts.volumeBytesMax === 0 || volumes.length > 3);
    const config = await toolConfig(dir);
    const labels = await tool("bls", ["-c", config, "-v", "-j", "-V", volumes.join("|"), "Disk"]);
    assert.match(labels, /JobStatus +: T/);
    assert.doesNotMatch(labels, /checksum|Error:|ERR=/i);
    for (let id = 1; id <= facts.sessions; id += 1) {
      const out = dir.file(`out-${id}`);
      await mkdir(out);
      const entries = volumes.map(
        (volume) => `Volume="${volume}"\nMediaType="File"\nVolSessionId=${id}\nVolSessionTime=${SESSION_TIME}\nFileIndex=1-5\n`,
      );
      await writeFile(dir.file("job.bsr"), entries.join(""));
      const text = await tool("bextract", ["-c", config, "-b", dir.file("job.bsr"), "Disk", out]);
      assert.match(text, /5 files restored/);
      for (const [name, content] of contents) {
        if (!name.startsWith(`/data/s${id}/`)) continue;
        assert.ok((await readFile(`${out}${name}`)).equals(content), `${name}\n${text}`);
      }
    }
  });
}
