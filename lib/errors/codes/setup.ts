/** Error codes of the area "setup": cause and remedy, one line each. */
export const setupCodes = {
  SETUP_USAGE: { cause: "The command line of nocturne is not understood.", remedy: "Type: nocturne help." },
  SETUP_NAME: {
    cause: "The machine's name cannot serve as the name of a client.",
    remedy: "Give one with --name, or set the host name.",
  },
  SETUP_PARTIAL: {
    cause: "The directory for the configuration holds other files.",
    remedy: "Name another directory, or move the files away.",
  },
  SETUP_CANNOT_WRITE: {
    cause: "A file or directory of the set-up cannot be made.",
    remedy: "Run as a user who may write there, or name another directory.",
  },
  SETUP_NOT_STARTED: {
    cause: "A daemon ended, or does not answer, after it was started.",
    remedy: "Read its last lines in the message, then its log.",
  },
  SETUP_NOT_STOPPED: {
    cause: "A daemon does not end when asked to.",
    remedy: "It may be finishing a job: wait, or kill the process that the message names.",
  },
  SETUP_NO_CONFIGURATION: { cause: "There is no configuration in the directory.", remedy: "Make one: nocturne init DIR." },
  SETUP_CONSOLE: {
    cause: "The console did not answer as expected.",
    remedy: "Look at the text in the message and at the Director's log.",
  },
  CATALOG_NO_JOB: {
    cause: "The summary of a catalog backup was wished for a job that the catalog does not have.",
    remedy: "Give the JobId of the catalog backup: --job %i in a Run After Job command.",
  },
  SUMMARY_NOT_COPIED: {
    cause: "The command that takes the summary to another machine failed; the summary itself was written.",
    remedy: "Run the command by hand, correct it in the job's Run After Job line; the job says what it printed.",
  },
} as const;
