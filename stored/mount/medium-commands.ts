import { splitCommand } from "#lib/base/split-command.ts";
import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { reportTime } from "#lib/base/local-time.ts";
import { cleanDrive, requireAllowed, requireEnabled } from "../changer/clean-drive.ts";
import { bringForOperator } from "../changer/operate-drive.ts";
import { runProgram } from "../changer/run-program.ts";
import { checkedVolumeName } from "../device/volume-name.ts";
import { originFields } from "../volume/volume-label.ts";
import { sizeText } from "../status/units.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceReply, MediumFindings, MediumRequest } from "#proto/stored.ts";
import type { Inspection } from "../device/device-protocol.ts";
import type { OperatorsTable } from "./operate.ts";

/** Bytes read in one step of a scan: other jobs of the device wait no longer than for these. */
const STEP_BYTES = 32 * 1024 * 1024;

/** A line about how far a scan is comes this often. */
const PROGRESS_MS = 10_000;

/** How long a Format Command may take: rewriting a large medium takes hours. */
const FORMAT_MS = 24 * 3_600_000;

/** Looks at a medium, reads all of it, or formats it. The last reply tells how it went; failures that concern the medium stand there too. */
export async function* careForMedium(
  host: DeviceHost,
  request: MediumRequest,
  table: OperatorsTable,
  signal: AbortSignal,
): AsyncGenerator<DeviceReply> {
  const { drive } = host;
  if (request.action === "clean") return yield* cleanDrive(host, request, table);
  if (drive !== undefined && table.reservations.useOf(host.name).kind !== "idle" && request.slot > 0)
    throw new OperatorError("DEVICE_BUSY", `${host.title} is in use by jobs`);
  using _ = drive === undefined ? undefined : yield* bringForOperator(drive, request.slot, request.volume);
  const volume = volumeOf(host, request);
  switch (request.action) {
    case "label":
      return yield* dumpLabel(host, volume);
    case "scan":
      return yield* scan(host, volume, table, signal);
    case "format":
      return yield* format(host, volume, table, signal);
    default:
      throw new OperatorError(
        "DEVICE_TYPE_UNSUPPORTED",
        `this storage daemon cannot "${request.action.slice(0, 50)}" a medium`,
      );
  }
}

/** The Volume that is meant: the one named, else the one that is in the drive or open. */
function volumeOf(host: DeviceHost, request: MediumRequest): string {
  if (request.volume !== "") return checkedVolumeName(request.volume);
  const open = host.appending?.name ?? host.reading.values().next().value ?? host.drive?.volume ?? "";
  if (open !== "" || host.drive !== undefined) return open;
  throw new OperatorError("VOLUME_NOT_FOUND", `no Volume is open on ${host.title}`, { hint: "name one: volume=<name>" });
}

async function* dumpLabel(host: DeviceHost, volume: string): AsyncGenerator<DeviceReply> {
  const found = host.isPipe ? await labelBehindPipe(host, volume) : await host.call("inspect", { volume });
  if (found.kind !== "labeled") throw unlabeled(host, volume, found);
  const { label, isPreLabel, bytes } = found;
  const fields: readonly (readonly [string, string | number])[] = [
    ["Id", "Bacula 1.0 immortal"],
    ["VerNo", label.version],
    ["VolName", label.volume],
    ["PrevVolName", label.previousVolume],
    ["LabelType", isPreLabel ? "PRE_LABEL" : "VOL_LABEL"],
    ["PoolName", label.pool],
    ["MediaType", label.mediaType],
    ["PoolType", label.poolType],
    ["HostName", label.host],
    ["Program", label.program],
    ["ProgVersion", label.programVersion],
    ["ProgDate", label.programDate],
    ["VolBytes", bytes],
    ...originFields(label.origin),
  ];
  yield told("Volume Label:");
  for (const [name, value] of fields) yield told(`${name.padEnd(18)}: ${printable(String(value))}`);
  if (!isPreLabel) yield told(`Date first written: ${reportTime(label.writeDate)}`);
  yield { line: `Date label written: ${reportTime(label.labelDate)}`, ok: true, volume: undefined };
}

/** A program is asked for the Volume, and let go when its label has come. */
async function labelBehindPipe(host: DeviceHost, volume: string): Promise<Inspection> {
  const scanId = host.newReaderId();
  try {
    return await host.call("openScan", { scanId, volume });
  } finally {
    await host.call("closeScan", { scanId });
  }
}

async function* scan(
  host: DeviceHost,
  volume: string,
  table: OperatorsTable,
  signal: AbortSignal,
): AsyncGenerator<DeviceReply> {
  const holder = `the scan command on ${host.name}`;
  if (volume !== "" && !table.volumes.take(volume, holder))
    throw new OperatorError("DEVICE_BUSY", `Volume "${volume}" is in use by device "${table.volumes.deviceOf(volume)}"`);
  const scanId = host.newReaderId();
  const startMs = performance.now();
  try {
    const opened = await host.call("openScan", { scanId, volume });
    if (opened.kind !== "labeled") throw unlabeled(host, volume, opened);
    const name = opened.label.volume;
    if (volume !== "" && name !== volume)
      throw new OperatorError("VOLUME_WRONG_LABEL", `${host.title} holds Volume "${name}", not "${volume}"`);
    yield told(`Reading Volume "${name}" on ${host.title} ...`);
    let toldMs = startMs;
    let firstBad = 0;
    for (;;) {
      signal.throwIfAborted();
      const step = await host.call("scan", { scanId, bytes: STEP_BYTES });
      firstBad ||= step.bad[0]?.address ?? 0;
      for (const { address, bytes, reason } of step.bad)
        yield told(`Volume "${name}", address ${address}: ${bytes.toLocaleString("en-US")} bytes are bad: ${reason}`);
      if (step.isDone) return yield result(name, { ...step, firstBadAddress: firstBad }, performance.now() - startMs);
      if (performance.now() - toldMs < PROGRESS_MS) continue;
      toldMs = performance.now();
      yield told(`... ${sizeText(step.bytes)}B read, ${step.badBlocks.toLocaleString("en-US")} bad`);
    }
  } finally {
    await host.call("closeScan", { scanId }).catch(() => {});
    table.volumes.release(volume, holder);
    table.poke.notify();
  }
}

function result(volume: string, findings: Omit<MediumFindings, "volume">, ms: number): DeviceReply {
  const { blocks, bytes, badBlocks, firstBadAddress } = findings;
  const commas = (value: number) => value.toLocaleString("en-US");
  const rate = sizeText(bytes / Math.max(ms / 1000, 0.001));
  return {
    line: `Volume "${volume}": ${commas(blocks)} blocks, ${commas(bytes)} bytes, ${commas(badBlocks)} bad blocks, ${rate} Bytes/second`,
    ok: true,
    volume: undefined,
    findings: { blocks, bytes, badBlocks, firstBadAddress, volume },
  };
}

async function* format(
  host: DeviceHost,
  volume: string,
  table: OperatorsTable,
  signal: AbortSignal,
): AsyncGenerator<DeviceReply> {
  const { formatCommand, archiveDevice, isReadOnly } = host.settings;
  if (formatCommand === "")
    throw new OperatorError("DEVICE_TYPE_UNSUPPORTED", `${host.title} has no Format Command`, {
      hint: "set Format Command in its Device resource",
    });
  if (isReadOnly) throw new OperatorError("VOLUME_READ_ONLY", `${host.title} is read-only`);
  requireEnabled(host);
  requireAllowed(host, "delete");
  using _alone = table.reservations.takeAlone(host.name); // jobs that come meanwhile wait
  await requireMeant(host, volume);
  const words = splitCommand(formatCommand).map((word) =>
    word.replaceAll(/%([av%])/g, (_all, code: string) => (code === "%" ? "%" : code === "a" ? archiveDevice : volume)),
  );
  yield told(`Running "${words.join(" ")}" ...`);
  try {
    const output = await runProgram(words, { doing: `Format Command of device "${host.name}"`, timeoutMs: FORMAT_MS, signal });
    for (const line of output.split("\n")) if (line.trim() !== "") yield told(printable(line));
    yield { line: "The Format Command has ended with status 0.", ok: true, volume: undefined };
  } catch (error) {
    if (!(error instanceof OperatorError) || signal.aborted) throw error;
    yield { line: describeError(error), ok: false, volume: undefined };
  }
}

/** What is formatted is lost: a labeled medium only by its name, of which the Director knows whether it may go. VOLUME_WRONG_LABEL. */
async function requireMeant(host: DeviceHost, volume: string): Promise<void> {
  if (host.isPipe || !host.keepsData) return;
  const found = await host.call("inspect", { volume }).catch((error: unknown) => {
    // What was never formatted may not be readable at all.
    if (error instanceof OperatorError) return undefined;
    throw error;
  });
  if (found?.kind !== "labeled" || found.label.volume === volume) return;
  throw new OperatorError(
    "VOLUME_WRONG_LABEL",
    `${host.title} holds Volume "${found.label.volume}", not "${volume}": it is not formatted`,
  );
}

function unlabeled(host: DeviceHost, volume: string, found: Exclude<Inspection, { kind: "labeled" }>): OperatorError {
  if (found.kind === "missing") return new OperatorError("VOLUME_NOT_FOUND", `${host.title} has no Volume "${volume}"`);
  return new OperatorError(
    found.code,
    `${host.title}: what is there for Volume "${volume}" has no label that can be read: ${found.reason}`,
  );
}

function told(line: string): DeviceReply {
  return { line, volume: undefined };
}

/** Text from a medium or a program, without what would play tricks on a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?");
}
