import { decodeAttributes } from "#lib/streams/attributes.ts";
import { streamKind } from "#lib/streams/stream-type.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BlockListing } from "./list-blocks.ts";
import { JobListing, labelRecordLine } from "./list-jobs.ts";
import { sessionLabelLines, volumeLabelLines } from "./dump-label.ts";
import { NameLists } from "./name-lists.ts";
import { VolumeMounts, volumeWish } from "./open-volumes.ts";
import { EXIT_FAILED } from "./run-tool.ts";
import { scanVolumes } from "./scan-volumes.ts";
import { labelType } from "#stored/volume/format.ts";
import { lsLine } from "./ls-line.ts";
import { streamName } from "./stream-name.ts";
import type { OpenVolume } from "./open-volumes.ts";
import type { ScanSink } from "./scan-volumes.ts";
import type { ToolLine, ToolSpec } from "./tool-line.ts";
import type { ToolVoice } from "./tool-voice.ts";
import type { VolumeRecord } from "#stored/volume/record-reader.ts";

/** The command line of bls: Bacula's. */
export const blsSpec: ToolSpec = {
  program: "bls",
  letters: "b:c:e:i:jkLpvV:E",
  operands: [1, 1],
  operandsWrong: "No archive name specified",
  usage: `Usage: bls [options] <device-name>
     -b <file>          specify a bootstrap file
     -c <file>          specify a Storage configuration file
     -d <nn>            set debug level to <nn>
     -dt                print timestamp in debug output
     -e <file>          exclude list
     -i <file>          include list
     -j                 list jobs
     -k                 list blocks
  (no j or k option)    list saved files
     -L                 dump label
     -p                 proceed inspite of errors
     -V                 specify Volume names (separated by |)
     -E                 Check records to detect errors
     -v                 be verbose
     -?                 print this message
`,
};

/** Lists what lies on Volumes; answers the exit code. */
export async function bls(line: ToolLine, voice: ToolVoice, signal: AbortSignal): Promise<number> {
  const names = NameLists.read(line);
  const mounts = await VolumeMounts.open(volumeWish(line), voice, signal);
  const listing = listingOf(line, names, mounts, voice);
  if (listing === undefined) {
    for await (const volume of mounts.volumes()) for (const text of labelLines(volume, true)) voice.plain(text);
    return voice.errors > 0 ? EXIT_FAILED : 0;
  }
  const mustProceed = line.has("p");
  await scanVolumes(mounts, listing, { voice, signal, mustProceed, isEndTold: listing.tellsEnd !== false });
  listing.finish();
  return voice.errors > 0 ? EXIT_FAILED : 0;
}

/** What bls does with what it reads. */
interface Listing extends ScanSink {
  /** False: it says by itself that a Volume is over. */
  readonly tellsEnd?: boolean;
  /** Says what comes last. */
  finish(): void;
}

/** Undefined: labels only. */
function listingOf(line: ToolLine, names: NameLists, mounts: VolumeMounts, voice: ToolVoice): Listing | undefined {
  const verbosity = line.count("v");
  if (line.has("L")) return undefined;
  if (line.has("k")) return new BlockListing({ voice, verbosity, device: mounts.device.title });
  if (line.has("j")) return new JobListing(voice, verbosity > 0);
  return new FileListing({ voice, names, isVerbose: verbosity > 0, isChecking: line.has("E") });
}

/** A Volume's label for -L. */
function labelLines({ label }: OpenVolume, isFull: boolean): string[] {
  if (label === undefined) return [];
  return volumeLabelLines(label.label, { fileIndex: label.isPreLabel ? -1 : -2, bytes: label.recordBytes }, isFull);
}

/** Saved files, one a line; with -v labels and every record, too. */
class FileListing implements Listing {
  readonly #voice: ToolVoice;
  readonly #names: NameLists;
  readonly #isVerbose: boolean;
  readonly #wantsAll: boolean;
  #files = 0;

  constructor(options: {
    readonly voice: ToolVoice;
    readonly names: NameLists;
    readonly isVerbose: boolean;
    readonly isChecking: boolean;
  }) {
    this.#voice = options.voice;
    this.#names = options.names;
    this.#isVerbose = options.isVerbose;
    this.#wantsAll = options.isVerbose || options.isChecking;
  }

  wantsStream(stream: number): boolean {
    return this.#wantsAll || streamKind(stream).kind === "attributes";
  }

  volume(volume: OpenVolume): void {
    if (!this.#isVerbose) return;
    for (const text of labelLines(volume, false)) this.#voice.plain(text);
  }

  sessionLabel(_record: VolumeRecord, label: Parameters<typeof sessionLabelLines>[0]): void {
    if (this.#isVerbose) for (const text of sessionLabelLines(label)) this.#voice.plain(text);
  }

  volumeLabel(record: VolumeRecord): void {
    // The label of the Volume itself was shown when it was opened.
    const isOfVolume = record.fileIndex === labelType.volumeLabel || record.fileIndex === labelType.preLabel;
    if (this.#isVerbose && !isOfVolume) this.#voice.plain(labelRecordLine(record));
  }

  record(record: VolumeRecord): void {
    const { fileIndex, stream, session, data } = record;
    if (this.#isVerbose) {
      this.#voice.say(
        `FileIndex=${fileIndex} VolSessionId=${session.id} VolSessionTime=${session.time} Stream=${stream} DataLen=${data.byteLength} Type=${streamName(stream)}`,
      );
    }
    if (streamKind(stream).kind !== "attributes") return;
    try {
      const attributes = decodeAttributes(data);
      if (!this.#names.takes(attributes.name)) return;
      this.#files += 1;
      this.#voice.entry(lsLine(attributes, attributes.name));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.#voice.error(`block at address ${record.address}: FileIndex ${fileIndex}: ${error.message}`);
    }
  }

  finish(): void {
    if (this.#isVerbose) this.#voice.plain('Bacula "End of Tape" label found.');
    this.#voice.plain(`${this.#files} files found.`);
  }
}
