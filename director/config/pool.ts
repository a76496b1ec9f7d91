import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import {
  bool,
  integer,
  nameText,
  oneOf,
  resourceName,
  size,
  text,
  textList,
  time,
  wordList,
} from "#lib/config/directive-types.ts";
import { reference, referenceList } from "#lib/config/reference-types.ts";
import { keepRule } from "./keep-type.ts";
import type { DirectorResources } from "./resources.ts";

/** The Pool resource: a set of Volumes that are used alike. */
export const poolTable = defineResource(
  "Pool",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which other resources refer to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    enabled: directive(bool(), {
      default: true,
      acts: true,
      description: "Lets jobs write to the Pool; restores read a disabled one all the same.",
    }),
    poolType: directive(oneOf("Backup", "Copy", "Cloned", "Archive", "Migration", "Scratch"), {
      required: true,
      acts: true,
      description: "What the Volumes of the Pool are for.",
    }),
    labelFormat: directive(nameText(), {
      acts: true,
      description: "Name of new Volumes: a beginning to which a number is added, or a pattern with variables.",
    }),
    autoLabel: directive(bool(), {
      acts: true,
      description:
        "Labels new and blank Volumes by itself, or never, whatever the device says; if not set, Label Media of the device decides.",
    }),
    autoVerify: directive(bool(), {
      default: false,
      acts: true,
      description: "Has a Volume read back and its checksums checked by the storage daemon when a job has filled or closed it.",
    }),
    labelType: directive(oneOf("Bacula", "ANSI", "IBM"), {
      default: "Bacula",
      acts: false,
      description: "Kind of label written on Volumes.",
    }),
    cleaningPrefix: directive(nameText(), {
      acts: true,
      description:
        "Beginning of the barcodes of cleaning tapes: Volumes of such a name get status Cleaning and are never written.",
    }),
    useCatalog: directive(bool(), { default: true, acts: false, description: "Keeps Volumes of the Pool in the catalog." }),
    useVolumeOnce: directive(bool(), {
      default: false,
      acts: true,
      description: "Writes one job on each Volume.",
      deprecated: "use MaximumVolumeJobs = 1",
    }),
    purgeOldestVolume: directive(bool(), {
      default: false,
      acts: true,
      description: "Takes the oldest Volume, though its records are still kept, when no other is left.",
    }),
    actionOnPurge: directive(oneOf("None", "Truncate"), {
      acts: true,
      description: "What is done to a Volume when it is purged.",
    }),
    recycleOldestVolume: directive(bool(), {
      default: false,
      acts: true,
      description: "Prunes the oldest Volume and takes it if nothing remains on it.",
    }),
    recycleCurrentVolume: directive(bool(), {
      default: false,
      acts: true,
      description: "Prunes the Volume in the drive and takes it if nothing remains on it.",
    }),
    maximumVolumes: directive(integer(), {
      default: 0,
      acts: true,
      description: "Most Volumes that are created in the Pool; 0 is no limit.",
    }),
    maximumVolumeJobs: directive(integer(), { default: 0, acts: true, description: "Most jobs on one Volume; 0 is no limit." }),
    maximumVolumeFiles: directive(integer(), {
      default: 0,
      acts: true,
      description: "Most file marks on one tape; of a disk Volume each 4 GiB count as one, as with Bacula. 0 is no limit.",
    }),
    maximumVolumeBytes: directive(size(), { default: 0, acts: true, description: "Most bytes on one Volume; 0 is no limit." }),
    maximumPoolBytes: directive(size(), {
      default: 0,
      acts: true,
      description: "Most bytes in all Volumes of the Pool; 0 is no limit.",
    }),
    maximumVolumeWrites: directive(integer(), {
      default: 0,
      acts: true,
      synonyms: ["MaxWrites"],
      description:
        "How often the medium of a new Volume may be written from its beginning before it is retired; 0 is no limit.",
    }),
    volumeCapacity: directive(size(), {
      default: 0,
      acts: true,
      description: "Bytes that the medium of a new Volume holds, for the fill level that `list media` shows; 0: not known.",
    }),
    capacityWarning: directive(integer({ max: 100 }), {
      default: 90,
      acts: true,
      description: "Percent of Volume Capacity from which the end of a job warns; 0: never.",
    }),
    takeScratchVolumes: directive(bool(), {
      default: true,
      acts: true,
      description: "Takes Volumes from Scratch Pool, or the Pool named Scratch, when the own are used up.",
    }),
    mediaType: directive(nameText(), {
      acts: true,
      description: "The only Media Type of the Pool's Volumes; any other is never written for it.",
    }),
    allowedJobs: directive(referenceList("Job"), {
      acts: true,
      synonyms: ["Jobs"],
      description: "The only Jobs that may write to the Pool.",
    }),
    allowedClients: directive(referenceList("Client"), {
      acts: true,
      synonyms: ["Clients"],
      description: "The only Clients that may be backed up to the Pool; their Jobs that name no Pool go to it.",
    }),
    allowedFileSets: directive(referenceList("FileSet"), {
      acts: true,
      synonyms: ["FileSets"],
      description: "The only FileSets that may be backed up to the Pool.",
    }),
    allowedLevels: directive(wordList("Full", "Differential", "Incremental"), {
      acts: true,
      synonyms: ["Levels"],
      description: "The only levels of jobs that may write to the Pool.",
    }),
    allowedStorages: directive(referenceList("Storage"), {
      acts: true,
      synonyms: ["Storages"],
      description: "The only Storages by which the Pool may be written.",
    }),
    allowedDevices: directive(textList("names of devices"), {
      acts: true,
      synonyms: ["Devices"],
      description: "The only devices of the storage daemon by which the Pool may be written.",
    }),
    catalogFiles: directive(bool(), {
      default: true,
      acts: true,
      description: "Keeps records of files for jobs of the Pool.",
    }),
    cacheRetention: directive(time(), {
      default: 0,
      acts: false,
      description: "How long parts of cloud Volumes are kept locally.",
    }),
    volumeRetention: directive(time(), {
      default: 31_536_000,
      acts: true,
      description: "How long a Volume is kept after it was last written.",
    }),
    volumeUseDuration: directive(time(), {
      default: 0,
      acts: true,
      description: "How long after its first use a Volume may be appended to; 0 is no limit.",
    }),
    migrationTime: directive(time(), { default: 0, acts: false, description: "Age from which jobs are migrated by PoolTime." }),
    migrationHighBytes: directive(size(), {
      default: 0,
      acts: false,
      description: "Fill at which PoolOccupancy migration begins.",
    }),
    migrationLowBytes: directive(size(), {
      default: 0,
      acts: false,
      description: "Fill at which PoolOccupancy migration ends.",
    }),
    nextPool: directive(reference("Pool"), {
      acts: false,
      description: "Pool that Copy, Migration and VirtualFull jobs write to.",
    }),
    storage: directive(referenceList("Storage"), {
      acts: true,
      description: "Where the Volumes of the Pool are, for jobs that name no Storage.",
    }),
    storageGroupPolicy: directive(oneOf("LeastUsed", "ListedOrder"), {
      acts: true,
      description:
        "Which of several Storages that have room a job gets: the one with the fewest jobs, or the first of the list, as if not set.",
    }),
    autoPrune: directive(bool(), {
      default: true,
      acts: true,
      description: "Prunes expired Volumes when a new one is wanted.",
    }),
    recycle: directive(bool(), { default: true, acts: true, description: "Lets purged Volumes be written again." }),
    recyclePool: directive(reference("Pool"), { acts: true, description: "Pool that Volumes move to when they are purged." }),
    scratchPool: directive(reference("Pool"), { acts: true, description: "Pool that free Volumes are taken from." }),
    copyPool: directive(referenceList("Pool"), { acts: true, description: "Pools that copies of jobs are written to." }),
    catalog: directive(reference("Catalog"), { acts: true, description: "Catalog of the Pool, before that of the Client." }),
    fileRetention: directive(time(), {
      default: 0,
      acts: true,
      description: "How long file records of the Pool's jobs are kept; 0 leaves it to the Client.",
    }),
    jobRetention: directive(time(), {
      default: 0,
      acts: true,
      description: "How long job records of the Pool's jobs are kept; 0 leaves it to the Client.",
    }),
    keep: directive(keepRule(), {
      acts: true,
      description:
        "Which backups of the Pool stay, e.g. 7 daily, 4 weekly, 12 monthly: decides in the place of Job and Volume Retention.",
    }),
    minimumBlockSize: directive(size({ max: 20_000_000 }), {
      default: 0,
      acts: false,
      description: "Smallest block written on Volumes of the Pool (Bareos).",
    }),
    maximumBlockSize: directive(size({ max: 20_000_000 }), {
      default: 0,
      acts: false,
      description: "Largest block written on Volumes of the Pool (Bareos).",
    }),
  },
  { description: "A set of Volumes that are used alike." },
);

export interface PoolResource extends ResourceOf<typeof poolTable, DirectorResources> {}
