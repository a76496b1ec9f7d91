import { basename } from "node:path";
import { CommitPoints, type Notice } from "./commit-points.ts";
import { makeDomainSubvolume } from "./store-subvolumes.ts";

/** What a store of chunks does otherwise on btrfs (StoreSurroundings of stored/chunks/chunk-store.ts). For the store's thread. */
export function btrfsStoreSurroundings(root: string, notice: Notice) {
  const points = new CommitPoints(root, notice);
  return {
    /** A domain is a subvolume, counted and limited by itself. */
    makeFolder: async (path: string): Promise<void> => makeDomainSubvolume(root, path, basename(path)),
    /** Deleted containers lie in the domain's snapshot yet: it is renewed, so that their space is really freed. */
    afterSweep: async (path: string): Promise<void> => {
      try {
        await points.renewDomain(basename(path));
      } catch (error) {
        notice("the snapshot that pins deleted containers could not be renewed", error);
      }
    },
  };
}
