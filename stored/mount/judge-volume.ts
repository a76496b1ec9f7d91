import type { CatalogVolume } from "#proto/job.ts";
import type { Inspection } from "../device/device-protocol.ts";

/** What is done with a Volume that the Director named. */
export type VolumeVerdict =
  | { readonly kind: "create" }
  | { readonly kind: "relabel" }
  | { readonly kind: "append" }
  /**
   * Not this one; ask for another. `marksError`: what lies there is not what the catalog says, nothing may be written to it, and no other
   * job need try it: a person has to look.
   */
  | { readonly kind: "refuse"; readonly reason: string; readonly marksError: boolean }
  /** Only a person can help: label it, or bring the medium. */
  | { readonly kind: "operator"; readonly reason: string };

/** Largest size in the catalog of a Volume on which nothing but a label was ever written. Recycled Volumes say 1. */
const UNWRITTEN_BYTES_MAX = 1;

/** Decides what is done with a Volume, from what the catalog says and what is on the device. Never gives up data that the catalog knows. */
export function judgeVolume(
  catalog: CatalogVolume,
  found: Inspection,
  facts: { readonly labelMedia: boolean; readonly mediaType: string; readonly keepsData: boolean },
): VolumeVerdict {
  const { volume } = catalog;
  // What the Pool says of labelling counts before what the device says.
  const labelsMedia = catalog.autoLabel ?? facts.labelMedia;
  if (catalog.mediaType !== "" && catalog.mediaType !== facts.mediaType) {
    return {
      kind: "refuse",
      reason: `Volume "${volume}" has Media Type "${catalog.mediaType}", the device "${facts.mediaType}"`,
      marksError: false,
    };
  }
  const isVoid = catalog.status === "Recycle" || catalog.status === "Purged";
  if (found.kind === "missing") {
    if (!facts.keepsData) return { kind: "create" };
    if (!isVoid && !isUnwritten(catalog))
      return {
        kind: "refuse",
        reason: `Volume "${volume}" is not on the device, but the catalog says that it holds ${catalog.bytes} bytes`,
        marksError: true,
      };
    if (labelsMedia) return { kind: "create" };
    return {
      kind: "operator",
      reason:
        `Volume "${volume}" is not labeled, and ` +
        (catalog.autoLabel === undefined
          ? "the device does not label by itself (LabelMedia = no)"
          : "its Pool says Auto Label = no"),
    };
  }
  if (found.kind === "foreign") {
    if (found.bytes === 0 && isUnwritten(catalog) && labelsMedia) return { kind: "relabel" };
    return {
      kind: "refuse",
      reason: `what is on the device for Volume "${volume}" cannot be used: ${found.reason}`,
      marksError: true,
    };
  }
  if (found.label.volume !== volume) {
    return {
      kind: "refuse",
      reason: `the device holds Volume "${found.label.volume}" where Volume "${volume}" should be`,
      marksError: true,
    };
  }
  if (found.label.mediaType !== "" && found.label.mediaType !== facts.mediaType) {
    return {
      kind: "refuse",
      reason: `the label of Volume "${volume}" says Media Type "${found.label.mediaType}", the device "${facts.mediaType}"`,
      marksError: false,
    };
  }
  if (isVoid) return { kind: "relabel" };
  // Else what is only labeled counts as new, and the jobs that the catalog has on it would be forgotten without a word.
  if (found.isPreLabel && !isUnwritten(catalog) && found.bytes < catalog.bytes)
    return {
      kind: "refuse",
      reason: `Volume "${volume}" holds nothing but its label: The sizes do not match! Volume=${found.bytes} Catalog=${catalog.bytes}`,
      marksError: true,
    };
  return { kind: "append" };
}

/** Whether nothing but a label was ever written to the Volume, as far as the catalog knows. */
export function isUnwritten(catalog: CatalogVolume): boolean {
  return catalog.bytes <= UNWRITTEN_BYTES_MAX || catalog.firstWritten === 0;
}
