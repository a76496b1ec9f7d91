/** Error codes of the area "config": cause and remedy, one line each. */
export const configCodes = {} as const;
