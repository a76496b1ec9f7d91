import { readFile } from "node:fs/promises";
import { BatchBuilder } from "#lib/wire/record.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { appendWish, fileBench, sessionStart } from "./device-bench.ts";

/** The Volume whose dump stands in docs/formats/volume.md: one job with one file of eleven bytes. */
export async function sampleVolume(): Promise<Buffer> {
  await using dir = await TempDir.make();
  const { server } = fileBench(dir.path);
  await server.call("mountAppend", appendWish("Sample-0001"));
  await server.call("resume", null);
  await server.call("begin", sessionStart(1));
  const builder = new BatchBuilder();
  builder.append(1, 1, Buffer.from("1 3 /etc/motd\0P0A IGk B A A A L BAA I BpVzWl BpVzWl BpVzWl A A C\0\0\x000\0"));
  builder.append(1, 2, Buffer.from("hello world"));
  builder.append(1, 3, Buffer.from("5eb63bbbe01eeed093cb22bb8f5acdc3", "hex"));
  server.engine.append(1, 1, builder.take());
  await server.call("end", { sessionId: 1, date: Date.UTC(2026, 0, 2, 3, 4, 8), status: "T", errors: 0 });
  await server.call("unmountAppend", null);
  return await readFile(dir.file("Sample-0001"));
}

/** Bytes as the lines of a dump: address, sixteen bytes in hexadecimal, the same as text. */
export function dumpOf(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    const hex = part.toString("hex").replace(/(..)(?=.)/g, "$1 ");
    const text = part.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines;
}

/** The bytes of a dump. */
export function bytesOfDump(lines: readonly string[]): Buffer {
  return Buffer.concat(lines.map((line) => Buffer.from(line.slice(8, 55).replaceAll(" ", ""), "hex")));
}
