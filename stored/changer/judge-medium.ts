import { isUnwritten, judgeVolume, type VolumeVerdict } from "../mount/judge-volume.ts";
import type { CatalogVolume } from "#proto/job.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { Inspection } from "../device/device-protocol.ts";

/**
 * Decides what is done with the medium that is in a drive, where the Director wants a Volume. Unlike in a directory, another medium in
 * its place says nothing about the Volume: it is elsewhere, and never marked in Error for that.
 */
export function judgeMedium(
  catalog: CatalogVolume,
  found: Inspection,
  facts: Parameters<typeof judgeVolume>[2] & { readonly drive: string; readonly hasChanger: boolean },
): VolumeVerdict {
  const { volume, slot } = catalog;
  const isFetched = facts.hasChanger && slot > 0 && catalog.inChanger;
  const elsewhere = (reason: string): VolumeVerdict =>
    isFetched
      ? {
          kind: "refuse",
          reason: `Autochanger Volume "${volume}" not found in slot ${slot}: ${reason}. The command "update slots scan" corrects the catalog`,
          marksError: false,
        }
      : { kind: "operator", reason };
  if (found.kind === "missing") return elsewhere(`drive "${facts.drive}" holds no medium`);
  if (found.kind === "labeled")
    return found.label.volume === volume
      ? judgeVolume(catalog, found, facts)
      : elsewhere(`drive "${facts.drive}" holds Volume "${found.label.volume}", not "${volume}"`);
  if (found.bytes > 0) return elsewhere(`the medium in drive "${facts.drive}" cannot be used: ${found.reason}`);
  if (!isUnwritten(catalog)) return elsewhere(`the medium in drive "${facts.drive}" is blank`);
  if (catalog.autoLabel ?? facts.labelMedia) return judgeVolume(catalog, found, facts);
  return {
    kind: "operator",
    reason: `the medium in drive "${facts.drive}" is blank, and the device does not label by itself (LabelMedia = no). Please use the "label" command`,
  };
}

/** The same for any device: a drive, or a directory of Volumes. */
export function judgeInDevice(host: DeviceHost, catalog: CatalogVolume, found: Inspection): VolumeVerdict {
  const verdict = judgeWhereItIs(host, catalog, found);
  // What the medium says, for the catalog forgets the size of a Volume that is recycled.
  const givesUpData = verdict.kind === "relabel" && found.kind === "labeled" && !found.isPreLabel;
  if (!givesUpData || host.settings.forbidden?.includes("delete") !== true) return verdict;
  const reason = `Volume "${catalog.volume}" would be recycled, but device "${host.name}" is not allowed to delete (Allowed Operations)`;
  return { kind: "refuse", reason, marksError: false };
}

function judgeWhereItIs(host: DeviceHost, catalog: CatalogVolume, found: Inspection): VolumeVerdict {
  // Nobody can look behind a pipe for a label.
  const facts = { ...host.settings, labelMedia: host.settings.labelMedia || host.isPipe, keepsData: host.keepsData };
  const { drive } = host;
  if (drive === undefined) return judgeVolume(catalog, found, facts);
  return judgeMedium(catalog, found, { ...facts, drive: drive.name, hasChanger: drive.changer !== undefined });
}
