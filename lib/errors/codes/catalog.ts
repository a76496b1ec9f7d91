/** Error codes of the area "catalog": cause and remedy, one line each. */
export const catalogCodes = {} as const;
