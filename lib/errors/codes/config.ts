/** Error codes of the area "config": cause and remedy, one line each. */
export const configCodes = {
  CONFIG_INVALID: {
    cause: "The configuration has errors; every one is listed with file, line and column.",
    remedy: "Correct them and check with the daemon's -t option.",
  },
  CONFIG_UNREADABLE: {
    cause: "The configuration file is missing or cannot be read.",
    remedy: "Give its path with -c, and let the daemon's user read it.",
  },
} as const;
