/** Error codes of the area "filed": cause and remedy, one line each. */
export const filedCodes = {} as const;
