/** Error codes of the area "stored": cause and remedy, one line each. */
export const storedCodes = {} as const;
