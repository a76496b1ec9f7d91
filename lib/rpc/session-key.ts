/** Metadata key of the token that a login gave out. */
export const SESSION_KEY = "nocturne-session-bin";
