/** Error codes that no single area owns: cause and remedy, one line each. */
export const baseCodes = {
  CANCELED: {
    cause: "The operation was canceled by the operator or because its job ended.",
    remedy: "Nothing to do; run it again if it is still wanted.",
  },
  TIMED_OUT: {
    cause: "A bounded wait ended without an answer.",
    remedy: "Look at what the message says it waited for, then run the operation again.",
  },
} as const;
