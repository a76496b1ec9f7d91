/** Error codes of the area "director": cause and remedy, one line each. */
export const directorCodes = {
  JOB_UNKNOWN_RESOURCE: {
    cause: "A job was asked for with a name that the Director's configuration does not have.",
    remedy: "Look at the names with `show` and ask again.",
  },
  JOB_DISABLED: {
    cause: "The Job, Client or Storage is disabled.",
    remedy: "Enable it in the configuration or with `enable`.",
  },
  JOB_TYPE_UNSUPPORTED: {
    cause: "This release cannot run jobs of that type or level.",
    remedy: "See `nocturne config-coverage` for what it acts upon.",
  },
  JOB_INCOMPLETE_RESOURCES: {
    cause: "The job lacks something it needs: a Pool, Storage, Client or FileSet.",
    remedy: "Name it in the Job resource or with the run command.",
  },
  FILESET_LIST_FAILED: {
    cause: "A list of files that the Director reads for a FileSet (`<file` or `|command`) could not be had.",
    remedy: "Let the Director's user read the file or run the command.",
  },
  VOLUME_NAME_INVALID: {
    cause: "The name has characters that a Volume name cannot have, or is too long.",
    remedy: "Use letters, digits and : . - _ only.",
  },
  LABEL_FORMAT_INVALID: {
    cause: "The Label Format of a Pool cannot be expanded.",
    remedy: "Correct LabelFormat in the Pool resource.",
  },
  VOLUME_NONE_AVAILABLE: {
    cause: "No Volume of the Pool can be appended to and none may be created.",
    remedy: "Label a Volume, or give the Pool a Label Format or a higher Maximum Volumes.",
  },
  BOOTSTRAP_COMMAND_FAILED: {
    cause: "The command of WriteBootstrap ended badly.",
    remedy: "Try it by hand; it gets the bootstrap on standard input.",
  },
  CONSOLE_SCRIPT_FAILED: {
    cause: "A console command of a run script failed.",
    remedy: "Try the command in a console; the message says what it answered.",
  },
} as const;
