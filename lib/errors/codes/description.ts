/** Error codes of the tools that rebuild a catalog: cause and remedy, one line each. */
export const descriptionCodes = {
  DESCRIPTION_DAMAGED: {
    cause: "What a Volume says of a job beside its labels cannot be read.",
    remedy: "The job's files are not concerned; rows of the catalog made from it have defaults where it would have said more.",
  },
} as const;
