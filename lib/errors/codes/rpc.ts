/** Error codes of the area "rpc": cause and remedy, one line each. */
export const rpcCodes = {} as const;
