/** Error codes of the area "btrfs and hung devices": cause and remedy, one line each. */
export const btrfsCodes = {
  BTRFS_MISSING: {
    cause: "The program `btrfs` is not there, or may not be run.",
    remedy: "Install btrfs-progs on the storage daemon's machine, or use Device Type = Dedup.",
  },
  BTRFS_FAILED: {
    cause: "The program `btrfs` could not do what a Btrfs device needs.",
    remedy: "Read what it said; most of its commands need root, and space for metadata.",
  },
  BTRFS_LATE: {
    cause: "The program `btrfs` did not end in the time allowed.",
    remedy: "Look at the system's log and at the disks below the file system; it may be hung or frozen.",
  },
  BTRFS_NOT_THERE: {
    cause: "The Archive Device of a Btrfs device does not lie on btrfs.",
    remedy: "Check that the right file system is mounted there, or use Device Type = Dedup.",
  },
  QUOTA_EXCEEDED: {
    cause: "A client's jobs have used up the space that the device's Client Quota allows.",
    remedy: "Delete or purge jobs of that client and run `dedup vacuum`, or raise Client Quota in the Device resource.",
  },
  DEVICE_HUNG: {
    cause:
      "A device's file system does not answer within its Device Probe Limit, or a tape is rewound for longer than Maximum Rewind Wait.",
    remedy:
      "Look at the system's log, the disks, the mount or the drive; work goes on by itself when the device answers again.",
  },
  REPLICA_REFUSED: {
    cause: "A storage daemon did not prove that it may send a replica here.",
    remedy: "Start replications from the Director with `replicate storage= to=`; look who connects to the storage daemon.",
  },
  REPLICA_FAILED: {
    cause: "Replicating a store was given up; what was sent of it is removed and the former replica stays.",
    remedy: "Read the reason, then run `replicate` again.",
  },
} as const;
