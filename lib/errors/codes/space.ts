/** Error codes of the area "room on disks": cause and remedy, one line each. */
export const spaceCodes = {
  DEVICE_PLACE_UNUSABLE: {
    cause: "The directory of a device is not mounted, is mounted read-only, is not there, or cannot be written to.",
    remedy: "Mount the file system that belongs there, writable; then type `mount storage=NAME`, or run the job again.",
  },
  SPACE_EXHAUSTED: {
    cause: "A file system has no room left, and nothing on it may be deleted to make some.",
    remedy: "Give it more room, delete jobs that are not needed any more, or let shorter chains and less history be kept.",
  },
} as const;
