/** Error codes of the area "stored": cause and remedy, one line each. */
export const storedCodes = {
  BATCH_INVALID: {
    cause: "A peer sent a batch whose record lengths do not add up.",
    remedy: "Check that both daemons are of the same release; if they are, the peer is damaged or hostile.",
  },
} as const;
