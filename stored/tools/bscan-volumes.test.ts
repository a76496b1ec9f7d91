import assert from "node:assert/strict";
import { test } from "node:test";
import { openSync, closeSync } from "node:fs";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Catalog } from "#catalog/catalog.ts";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { findMedia, updateMedia } from "#catalog/queries/media.ts";
import { must } from "#lib/base/assert.ts";
import { BscanVolumes } from "./bscan-volumes.ts";
import { ToolVoice } from "./tool-voice.ts";

const label = {
  version: 11, labelDate: 1e12, writeDate: 1e12, volume: "V", previousVolume: "", pool: "P", poolType: "Backup", mediaType: "File",
  host: "h", program: "p", programVersion: "v", programDate: "",
}; // prettier-ignore

test("the row of a Volume that a job writes to while it is read stays as the Director wrote it", async () => {
  await using dir = await TempDir.make();
  const options = { driver: "sqlite", file: dir.file("catalog.db") } as const;
  await createCatalog(options);
  await using catalog = await Catalog.open(options);
  const nowhere = openSync("/dev/null", "w");
  try {
    using voice = new ToolVoice("bscan", nowhere);
    const counts = { media: 0, pools: 0, jobs: 0, files: 0 };
    const volumes = new BscanVolumes(catalog, { scope: "media", voice, isVerbose: false }, counts);
    const media = must(await volumes.volume(label, 1), "a row");
    const facts = { tapeEnd: undefined, blocks: 3, jobs: 1, firstWritten: 0, lastWritten: 0, isPreLabel: false, storageId: 0 };
    const found = (bytes: number) => ({ ...facts, end: bytes, bytes });
    await volumes.volumeEnd(media, found(1000));
    assert.equal((await findMedia(catalog, "V"))?.VolBytes, 1000);
    const known = must(await volumes.volume(label, 1), "a row");
    await updateMedia(catalog, known.MediaId, { VolBytes: 5000, VolBlocks: 9 });
    await volumes.volumeEnd(known, found(2000));
    assert.equal((await findMedia(catalog, "V"))?.VolBytes, 5000);
  } finally {
    closeSync(nowhere);
  }
});
