/** Error codes of the area "changer": cause and remedy, one line each. */
export const changerCodes = {
  CHANGER_FAILED: {
    cause: "The program that moves media ended with an error.",
    remedy: "Run the command of the message by hand as the storage daemon's user, and look at the library's panel.",
  },
  CHANGER_LATE: {
    cause: "The program that moves media took longer than Maximum Changer Wait and was killed.",
    remedy: "Look at the library; raise Maximum Changer Wait of the Device if it only is slow.",
  },
  CHANGER_NONE: {
    cause: "The device has no changer that could move media.",
    remedy: "Name the Autochanger, or give it a Changer Command and a Changer Device.",
  },
  DRIVE_BUSY: {
    cause: "The drive, or the medium that is wanted, is in use.",
    remedy: "Wait until its jobs have ended, or cancel them.",
  },
  OPERATION_NOT_ALLOWED: {
    cause: "Allowed Operations of the Device leaves out what was asked for.",
    remedy: "Use another device, or change Allowed Operations of this one.",
  },
  DRIVE_UNMOUNTED: {
    cause: "The operator has unmounted the drive.",
    remedy: "Use the mount command when it may be used again.",
  },
} as const;
