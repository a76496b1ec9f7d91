/** Error codes of the area "pools and Volumes": cause and remedy, one line each. */
export const mediaCodes = {
  POOL_DISABLED: {
    cause: "The Pool is disabled, by its resource or by an operator: nothing is written to its Volumes.",
    remedy: "Run the job with another Pool, or type `enable pool=NAME`; restores read a disabled Pool all the same.",
  },
  POOL_REFUSES_JOB: {
    cause: "The Pool does not take this Job, Client, FileSet, level, Storage or device, or takes no backups at all.",
    remedy: "Give the job another Pool, or widen the Allowed directives of this one.",
  },
  VOLUME_PRECIOUS: {
    cause: "The Volume is precious: nothing may overwrite, append to, purge, relabel or delete it.",
    remedy: "If it may go after all, type `update volume=NAME precious=no` first.",
  },
} as const;
