/** Error codes of the area "console": cause and remedy, one line each. */
export const consoleCodes = {} as const;
