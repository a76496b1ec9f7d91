import { statSync } from "node:fs";
import { resolve } from "node:path";
import { byteStringOf } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { RestoreTree } from "#lib/files/restore-tree.ts";
import { loadKeyRing } from "#lib/pki/key-ring.ts";
import { Extraction, UNDER_WAY_BYTES_MAX } from "./extraction.ts";
import { NameLists } from "./name-lists.ts";
import { VolumeMounts, volumeWish } from "./open-volumes.ts";
import { EXIT_FAILED } from "./run-tool.ts";
import { scanVolumes } from "./scan-volumes.ts";
import { StoredChunks } from "./stored-chunks.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import type { RestoreNote } from "#lib/files/restore-place.ts";
import type { ToolLine, ToolSpec } from "./tool-line.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** The command line of bextract: Bacula's. */
export const bextractSpec: ToolSpec = {
  program: "bextract",
  letters: "TK:tb:c:e:i:npvV:",
  operands: [2, 2],
  operandsWrong: "Wrong number of arguments: ",
  usage: `Usage: bextract <options> <bacula-archive-device-name> <directory-to-store-files>
       -b <file>       specify a bootstrap file
       -c <file>       specify a Storage configuration file
       -d <nn>         set debug level to <nn>
       -dt             print timestamp in debug output
       -e <file>       exclude list
       -i <file>       include list
       -K <file>       private key and certificate (PEM) that open encrypted files; may come several times
       -n              do not compare files with their digests, which takes most of the time
       -p              proceed inspite of I/O errors
       -t              read data from volume, do not write anything
       -v              verbose
       -V <volumes>    specify Volume names (separated by |)
       -?              print this message
`,
};

/** Restores files from Volumes below a directory; answers the exit code. */
export async function bextract(line: ToolLine, voice: ToolVoice, signal: AbortSignal): Promise<number> {
  const names = NameLists.read(line);
  const where = resolve(line.operands[1]!);
  mustBeDirectory(where);
  const keys = await loadKeyRing({ keypairs: line.values("K"), masters: [], signers: [] });
  const mounts = await VolumeMounts.open(volumeWish(line), voice, signal);
  await using chunks = new StoredChunks(mounts.device.facts.store, voice);
  const isDry = line.has("t");
  await using tree = isDry ? undefined : treeBelow({ where, ignoresDigests: line.has("n"), keys }, voice, signal);
  const extraction = new Extraction({ voice, names, where, tree, chunks, isListed: !isDry || line.has("v") });
  await scanVolumes(mounts, extraction, { voice, signal, mustProceed: line.has("p") });
  const counts = await tree?.finish();
  voice.plain(`${(counts?.files ?? extraction.files).toLocaleString("en-US")} files restored.`);
  return voice.errors > 0 ? EXIT_FAILED : 0;
}

function treeBelow(
  { where, ignoresDigests, keys }: { readonly where: string; readonly ignoresDigests: boolean; readonly keys: KeyRing },
  voice: ToolVoice,
  signal: AbortSignal,
): RestoreTree {
  return new RestoreTree({
    where: where === "/" ? "" : byteStringOf(where),
    regexWhere: "",
    replace: "always",
    // The machine at hand may be a rescue system with other users than the one that was saved.
    numericIds: true,
    prefixLinks: false,
    ignoresDigests,
    keys,
    bytesMax: UNDER_WAY_BYTES_MAX,
    note: (kind, text) => tell(voice, kind, text),
    signal,
  });
}

function tell(voice: ToolVoice, kind: RestoreNote, text: string): void {
  if (kind === "error") voice.error(text);
  else if (kind === "warning") voice.warning(text);
  else voice.message(text);
}

function mustBeDirectory(path: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (cause) {
    throw new OperatorError("RESTORE_PLACE_MISSING", `Cannot stat ${path}. It must exist.`, { cause });
  }
  if (!isDirectory) throw new OperatorError("RESTORE_PLACE_MISSING", `${path} must be a directory.`);
}
