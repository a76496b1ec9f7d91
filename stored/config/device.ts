import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, wordList, integer, nameText, oneOf, path, resourceName, size, text, time } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import { errorCodes } from "./error-codes.ts";
import { storeDirectives } from "./store-directives.ts";
import { tapeDirectives } from "./tape-directives.ts";
import type { StorageResources } from "./resources.ts";

/** Kinds of device. Without DeviceType the kind follows from what the Archive Device is. */
export const deviceTypes = ["File", "Tape", "Fifo", "VTape", "Vtl", "Aligned", "Null", "Cloud", "Btrfs", "Dedup"] as const;

/** Kinds that are accepted, and not used: stored/device/drivers.ts has none for them. */
export const typesWithoutDriver = [
  "Tape",
  "Vtl",
  "Aligned",
  "Cloud",
] as const satisfies readonly (typeof deviceTypes)[number][];

/** What may be done on a device. */
export const deviceOperations = ["read", "write", "clean", "delete"] as const;

export type DeviceOperation = (typeof deviceOperations)[number];

/** The Device resource: a drive, or a directory of File Volumes. */
export const deviceTable = defineResource(
  "Device",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name that the Director's Storage refers to." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    mediaType: directive(nameText(), {
      required: true,
      acts: true,
      description: "Kind of medium, the same as in the Director's Storage.",
    }),
    deviceType: directive(oneOf(...deviceTypes), {
      acts: true,
      description: "Kind of device; found out from the Archive Device if absent.",
    }),
    archiveDevice: directive(nameText(), {
      required: true,
      acts: true,
      description: "Directory of the Volumes, or the device node of the drive.",
    }),
    alignedDevice: directive(nameText(), { acts: false, description: "Directory of aligned data." }),
    removableMedia: directive(bool(), {
      default: true,
      acts: false,
      description: "Media can be taken out. Here that follows from the Device Type.",
    }),
    randomAccess: directive(bool(), {
      default: false,
      acts: false,
      description: "The device can seek. Here that follows from the Device Type.",
    }),
    automaticMount: directive(bool(), {
      default: false,
      acts: true,
      description: "Reads the label of the medium in the drive when the daemon starts. For drives, with and without a changer.",
    }),
    labelMedia: directive(bool(), { default: false, acts: true, description: "Labels blank media without being asked." }),
    alwaysOpen: directive(bool(), {
      default: true,
      acts: false,
      description: "Keeps the device open between jobs. Here each is closed behind its last job, and opened by the next.",
    }),
    autochanger: directive(bool(), {
      default: false,
      acts: true,
      description:
        "The drive belongs to an autochanger. It does whenever an Autochanger names it; yes without one is warned of.",
    }),
    closeOnPoll: directive(bool(), {
      default: false,
      acts: false,
      description: "Closes the device between looks for a new medium. Here that is always done.",
    }),
    checkLabels: directive(bool(), { default: false, acts: false, description: "Looks for labels of other programs." }),
    requiresMount: directive(bool(), {
      default: false,
      acts: true,
      description: "Nothing is written while no file system is mounted at Mount Point.",
    }),
    blockChecksum: directive(bool(), {
      default: true,
      acts: true,
      description: "Writes and checks a checksum for each block.",
    }),
    enabled: directive(bool(), { default: true, acts: true, description: "Lets the device be used." }),
    autoSelect: directive(bool(), {
      default: true,
      acts: true,
      description: "Lets the device be chosen when the autochanger is asked for.",
    }),
    allowedOperations: directive(wordList(...deviceOperations), {
      acts: true,
      description:
        "What may be done on the device: read (restores), write (backups and labels), clean (the clean command), delete (recycling, relabeling and truncating). All if absent.",
    }),
    readOnly: directive(bool(), { default: false, acts: true, description: "Never writes on the device." }),
    changerDevice: directive(nameText(), { acts: true, description: "Device node of the changer, if not its Autochanger's." }),
    controlDevice: directive(nameText(), { acts: true, description: "SCSI node of the drive: %l in commands." }),
    changerCommand: directive(nameText(), { acts: true, description: "Program that moves media, if not its Autochanger's." }),
    alertCommand: directive(nameText(), {
      acts: true,
      description: "Program that is run after each job, with %-codes; every line that it prints is a warning of the job.",
    }),
    lockCommand: directive(nameText(), {
      acts: true,
      description: "Program that locks the changer, if its Autochanger names none.",
    }),
    maximumChangerWait: directive(time(), {
      default: 300,
      acts: true,
      description: "How long one Changer Command may take; then it is killed with all processes that it has started.",
    }),
    maximumOpenWait: directive(time(), { default: 300, acts: true, description: "How long to try to open the device." }),
    openRetries: directive(integer({ max: 1_000_000 }), {
      default: 0,
      acts: true,
      description:
        "How often a device that cannot be opened is tried again, within the Maximum Open Wait. Each try is said in the job's messages.",
    }),
    openRetryInterval: directive(time(), { default: 10, acts: true, description: "Time between two such tries." }),
    eodErrorCode: directive(errorCodes(), {
      acts: true,
      description:
        "Further error codes of a write (EIO ...) that mean the end of the medium, so that the Volume is Full and not in Error. ENOSPC, EDQUOT, EFBIG and ENXIO always do.",
    }),
    writeProtectErrorCode: directive(errorCodes(), {
      acts: true,
      description:
        "Further error codes of a write that mean a write-protected medium, so that the Volume is Read-Only and not in Error. EROFS, EACCES and EPERM always do.",
    }),
    ignoreCloseErrors: directive(bool(), {
      default: false,
      acts: true,
      description: "An error when a Volume is closed is only a warning. What was written is durable before.",
    }),
    ioTimeout: directive(time(), {
      default: 300,
      acts: true,
      description:
        "How long a program or pipe (Device Type = Fifo) may take or give nothing before the job fails; 0 is no limit.",
    }),
    appendPositioning: directive(oneOf("Permissive", "Paranoid", "SuperParanoid", "Verify"), {
      default: "Paranoid",
      acts: true,
      description:
        "What is looked at before a Volume is appended to: only its label and size, also what lies behind the end that the catalog knows, every block of it, or its last block.",
    }),
    writeEodRecord: directive(bool(), {
      default: false,
      acts: true,
      description: "Writes an end-of-medium record when a Volume is left.",
    }),
    requireEodRecord: directive(bool(), {
      default: false,
      acts: true,
      description: "Appends to a Volume only when it ends with such a record.",
    }),
    directIo: directive(bool(), {
      default: false,
      acts: true,
      description:
        "Keeps what was written or read out of the page cache, for the sake of everything else in it. For Device Type File.",
    }),
    formatCommand: directive(nameText(), {
      acts: true,
      description: "Program that formats a medium (format command); %a is the Archive Device, %v the Volume.",
    }),
    maximumNetworkBufferSize: directive(integer(), {
      default: 0,
      acts: false,
      description: "Size of the buffer for the client's data.",
    }),
    volumePollInterval: directive(time(), {
      default: 300,
      acts: true,
      description: "Longest gap between two looks for a medium that was asked for; the first gaps are shorter.",
    }),
    minimumBlockSize: directive(size({ max: 20_000_000 }), { default: 0, acts: true, description: "Smallest block written." }),
    maximumBlockSize: directive(size({ max: 20_000_000 }), {
      default: 0,
      acts: true,
      description: "Largest block written; 0 is 64,512 bytes.",
    }),
    paddingSize: directive(size(), {
      default: 4096,
      acts: false,
      description: "Multiple that aligned records are filled up to.",
    }),
    fileAlignment: directive(size(), {
      default: 4096,
      acts: false,
      description: "Multiple at which aligned file data begins.",
    }),
    minimumAlignedSize: directive(size(), { default: 4096, acts: false, description: "Smallest file that is aligned." }),
    maximumVolumeSize: directive(size(), { default: 0, acts: true, description: "Most bytes on one Volume; 0 is no limit." }),
    maximumFileSize: directive(size(), {
      default: 1_000_000_000,
      acts: true,
      description: "Bytes after which a file mark is written.",
    }),
    maximumFileIndex: directive(size(), {
      default: 100_000_000,
      acts: true,
      description:
        "Bytes after which the catalog gets an entry for positioning; a restore reads at most so much that it does not want.",
    }),
    minimumFreeSpace: directive(size(), {
      keyword: "MinimumFeeSpace",
      synonyms: ["MinimumFreeSpace"],
      default: 5_000_000,
      acts: true,
      description: "Free bytes that are left on the file system of the Volumes; 0 is all of them may be used.",
    }),
    maximumRoomWait: directive(time(), {
      default: 600,
      acts: true,
      description:
        "How long a job waits on a full file system when the Director cannot make room there, before it fails. For Device Type Dedup and Btrfs.",
    }),
    maximumConcurrentJobs: directive(integer(), {
      default: 0,
      acts: true,
      description: "Most jobs of this device at once; 0 is no limit.",
    }),
    spoolDirectory: directive(path(), {
      acts: true,
      description: "Directory for collected data (Spool Data = yes); the working directory if absent.",
    }),
    maximumSpoolSize: directive(size(), {
      default: 0,
      acts: true,
      description: "Most bytes of collected data of all jobs; 0 is no limit.",
    }),
    maximumJobSpoolSize: directive(size(), {
      default: 0,
      acts: true,
      description: "Most bytes of collected data of one job; 0 is no limit.",
    }),
    driveIndex: directive(integer(), {
      default: 0,
      acts: true,
      description: "Number of the drive in the autochanger, from 0.",
    }),
    maximumPartSize: directive(size(), { default: 0, acts: false, description: "Largest part of a cloud Volume." }),
    mountPoint: directive(nameText(), {
      acts: true,
      description: "Directory at which the file system of the Archive Device is mounted; looked at with Requires Mount = yes.",
    }),
    mountCommand: directive(nameText(), { acts: false, description: "Program that mounts the device." }),
    unmountCommand: directive(nameText(), { acts: false, description: "Program that unmounts the device." }),
    writePartCommand: directive(nameText(), { acts: false, description: "Program that writes a part of a DVD." }),
    freeSpaceCommand: directive(nameText(), { acts: false, description: "Program that finds out the free space." }),
    labelType: directive(oneOf("Bacula", "ANSI", "IBM"), {
      default: "Bacula",
      acts: false,
      description: "Kind of label written on Volumes.",
    }),
    cloud: directive(reference("Cloud"), { acts: false, description: "Cloud that the Volumes are kept in." }),
    syncOnClose: directive(bool(), {
      default: false,
      acts: true,
      description: "Flushes the Volume to the medium when it is closed. That is always done.",
    }),
    deviceProbeLimit: directive(time(), {
      default: 30,
      acts: true,
      description:
        "How long a small write to the Archive Device may take; later the device counts as hung and new jobs do not get it. 0 is no watch. For Device Type File, Dedup and Btrfs.",
    }),
    deviceProbeInterval: directive(time(), {
      default: 60,
      acts: true,
      description: "Interval of such writes; 0 is no watch.",
    }),
    dedupengine: directive(text(), { acts: false, description: "Name of a deduplicating store." }),
    ...tapeDirectives,
    ...storeDirectives,
  },
  { description: "A drive, or a directory of File Volumes." },
);

export interface DeviceResource extends ResourceOf<typeof deviceTable, StorageResources> {}
