/** Error codes of the area "filed": cause and remedy, one line each. */
export const filedCodes = {
  ATTRIBUTES_INVALID: {
    cause: "An attribute record of a file breaks the format or its bounds.",
    remedy: "Check the Volume with bls; other files of the job can be restored.",
  },
  XATTR_INVALID: {
    cause: "A record of extended attributes breaks the format or its bounds.",
    remedy: "The file is restored without them; check the Volume with bls.",
  },
  ACL_INVALID: {
    cause: "The text of an access control list cannot be read.",
    remedy: "The file is restored without it; set it by hand with setfacl.",
  },
  DATA_INVALID: {
    cause: "A file's data cannot be expanded, or breaks the format of its stream.",
    remedy: "Check the Volume with bls; restore the file from another job.",
  },
  PATH_UNSAFE: {
    cause: "A file would have been restored through a symbolic link or outside of Where.",
    remedy: "Remove the link named in the message, or restore to an empty directory.",
  },
  PATTERN_INVALID: {
    cause: "A regular expression or relocation rule cannot be understood.",
    remedy: "Correct the FileSet's Regex directive or the regexwhere text.",
  },
  SCRIPT_FAILED: {
    cause: "A command that the job runs on the client ended with an error.",
    remedy: "See its output in the job's messages; run it by hand as the daemon's user.",
  },
  LIST_FAILED: {
    cause: "A file list or list command of the FileSet could not be read.",
    remedy: "Check the file or command named in the message on the client.",
  },
  STORAGE_REFUSED: {
    cause: "The storage daemon gave the job up.",
    remedy: "See the storage daemon's messages in the job's report.",
  },
  STORAGE_UNREACHABLE: {
    cause: "The storage daemon could not be reached within the time allowed.",
    remedy: "Check the storage daemon, its address in the Storage resource as seen from the client, and firewalls.",
  },
  JOB_REFUSED: {
    cause: "The file daemon cannot start this job.",
    remedy: "See the message; it names what is missing or not allowed.",
  },
  WORKER_FAILED: {
    cause: "A worker thread of the file daemon ended unexpectedly.",
    remedy: "Run the job again; if it happens again, report it with the daemon's log.",
  },
} as const;
