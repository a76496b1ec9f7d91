/** Error codes of the tools that work on Volumes: cause and remedy, one line each. */
export const toolsCodes = {
  NAME_LIST_UNREADABLE: {
    cause: "The list of names of -i or -e cannot be read.",
    remedy: "Name a readable text file with one wildcard pattern a line.",
  },
  RESTORE_PLACE_MISSING: {
    cause: "The directory below which files are to be put is not there.",
    remedy: "Make the directory, or name another one.",
  },
  VOLUME_NOT_COPIED: {
    cause: "bcopy cannot make a whole copy of this Volume.",
    remedy: "For Volumes of a device with a store, send the store with dedup replicate; an empty Volume needs no copy.",
  },
} as const;
