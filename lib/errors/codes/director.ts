/** Error codes of the area "director": cause and remedy, one line each. */
export const directorCodes = {} as const;
