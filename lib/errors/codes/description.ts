/** Error codes of what rebuilds a catalog: cause and remedy, one line each. */
export const descriptionCodes = {
  DESCRIPTION_DAMAGED: {
    cause: "What a Volume says of a job beside its labels cannot be read.",
    remedy: "The job's files are not concerned; rows of the catalog made from it have defaults where it would have said more.",
  },
  TOOL_CATALOG_UNKNOWN: {
    cause: "The options of a tool do not say which catalog it should write to.",
    remedy: "Name the Director's configuration with -C, or the database with -D, -n, -u, -P, -h, -t and -w.",
  },
} as const;
