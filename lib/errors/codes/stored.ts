/** Error codes of the area "stored": cause and remedy, one line each. */
export const storedCodes = {
  BATCH_INVALID: {
    cause: "A peer sent a batch whose record lengths do not add up.",
    remedy: "Check that both daemons are of the same release; if they are, the peer is damaged or hostile.",
  },
  LABEL_DAMAGED: {
    cause: "A label on a Volume cannot be read.",
    remedy: "Check the medium; a Volume whose first label is damaged can be read only by tools that skip it.",
  },
  LABEL_FOREIGN: {
    cause: "The medium holds a label that another program wrote.",
    remedy: "Take another medium, or label this one anew if nothing on it is wanted.",
  },
  LABEL_NAME_INVALID: {
    cause: "A name is too long for a label, or has bytes that cannot stand there.",
    remedy: "Shorten the name to 127 bytes.",
  },
  VOLUME_NOT_LABELED: {
    cause: "The medium has no label.",
    remedy: "Label it with the label command, or set LabelMedia = yes in its Device.",
  },
  VOLUME_WRONG_LABEL: {
    cause: "The medium is labeled with the name of another Volume.",
    remedy: "Mount the Volume that was asked for.",
  },
  VOLUME_NOT_FOUND: {
    cause: "The device holds no such Volume.",
    remedy: "Mount the Volume, restore its file, or mark it in the catalog as gone.",
  },
  VOLUME_EXISTS: {
    cause: "A Volume of this name is on the device already.",
    remedy: "Choose another name, or use relabel for a purged or recycled Volume.",
  },
  VOLUME_NAME_INVALID: {
    cause: "A Volume name has characters that are not allowed.",
    remedy: "Use letters, digits and : . - _ only, at most 127 of them.",
  },
  VOLUME_SIZE_MISMATCH: {
    cause: "The Volume on the device is shorter than the catalog says.",
    remedy: "Find out what truncated it; its jobs may be incomplete. Another Volume is taken for new jobs.",
  },
  VOLUME_DAMAGED: {
    cause: "A block of the Volume that is to be appended to cannot be read.",
    remedy: "Restore or copy what it holds; scan shows all its damages. Another Volume is taken for new jobs.",
  },
  VOLUME_END_MISSING: {
    cause: "The Volume does not end with an end-of-medium record, though its device requires one.",
    remedy: "Find out what cut it off; with Require EOD Record = no it can be appended to.",
  },
  VOLUME_READ_ONLY: {
    cause: "The medium is write protected.",
    remedy: "Make its file and directory writable for the storage daemon, or take another Volume.",
  },
  DEVICE_UNKNOWN: {
    cause: "The storage daemon has no device of this name.",
    remedy: "Compare the Device directives of the Director's Storage resource with the Device resources of the storage daemon.",
  },
  DEVICE_OPEN_FAILED: {
    cause: "A device cannot be opened.",
    remedy: "Check that the Archive Device exists and that the storage daemon may read and write it.",
  },
  DEVICE_IO_FAILED: {
    cause: "Reading or writing a device failed.",
    remedy: "Look at the system's log for what the device reports, and at the free space.",
  },
  DEVICE_PROGRAM_FAILED: {
    cause:
      "The program that a device writes to or reads from (Device Type = Fifo) has ended with an error, or did not take or give data in time.",
    remedy: "Look at its output in the message, and try the command of the Archive Device by hand.",
  },
  DEVICE_TYPE_UNSUPPORTED: {
    cause: "The Device Type is not one that this release drives.",
    remedy: "Use File, Dedup, Btrfs, Fifo or Null.",
  },
  DEVICE_BUSY: {
    cause: "The device is in use by jobs.",
    remedy: "Wait until they have ended, or cancel them.",
  },
  JOB_NO_DEVICE: {
    cause: "None of the devices that the Director names will do for the job.",
    remedy: "Compare Media Type and Device of the Director's Storage resource with the storage daemon's Device resources.",
  },
  JOB_KEY_WRONG: {
    cause: "A file daemon did not prove that it may serve this job.",
    remedy: "Look who connects to the storage daemon; a real client gets its key from the Director.",
  },
  JOB_NOT_FOUND: {
    cause: "The storage daemon has no job of this name.",
    remedy: "Nothing to do if it has ended; else look at the job's messages.",
  },
  JOB_REQUEST_INVALID: {
    cause: "A Director asked for a job that cannot be carried out as it stands.",
    remedy: "Check that Director and storage daemon are of the same release.",
  },
  JOB_CLIENT_LOST: {
    cause: "The file daemon did not connect, or not again after its connection was cut.",
    remedy: "Check the network between client and storage daemon, and the client's log.",
  },
  JOB_NO_VOLUME: {
    cause: "No Volume could be had for the job within the time allowed.",
    remedy: "Label or mount a Volume, or look at the Pool's limits and retention.",
  },
  JOB_SPOOL_FAILED: {
    cause: "A spool file in the working directory cannot be written or read.",
    remedy: "Check the free space and the rights of the working directory.",
  },
  BOOTSTRAP_INVALID: {
    cause: "A bootstrap asks for something that cannot be.",
    remedy: "Check the bootstrap file's line that the message names.",
  },
} as const;
