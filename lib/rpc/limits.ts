/** Longest message of the control services, in bytes. An event of a job log must fit: 1 MiB of attributes and its wrapping. */
export const CONTROL_MESSAGE_BYTES_MAX = 1024 * 1024 + 64 * 1024;

/**
 * Longest request that starts or estimates a job, in bytes: it carries the lists of a FileSet or all ranges of a Bootstrap. So much
 * is taken from proven Directors only.
 */
export const JOB_REQUEST_BYTES_MAX = 64 * 1024 * 1024;

/** Longest message of the data service, in bytes: one record of 16 MiB and its wrapping. */
export const DATA_MESSAGE_BYTES_MAX = 17 * 1024 * 1024;

/** Calls that one connection may have open at once. */
export const CALLS_PER_CONNECTION_MAX = 256;

/** Connections in all, and those on which nobody has logged in and no call is open. */
export const CONNECTIONS_MAX = 4096;
export const IDLE_UNPROVEN_CONNECTIONS_MAX = 128;

/** How long a connection may stay without login and without a call, and a TLS handshake take. */
export const UNPROVEN_IDLE_MS_MAX = 30_000;
export const HANDSHAKE_MS_MAX = 15_000;

/** HTTP/2 window per stream and per connection, in bytes: what may be under way before the reader has taken it. */
export const FLOW_WINDOW_BYTES = 8 * 1024 * 1024;

/** HTTP/2 session memory of Node, in MiB: above it a connection gets no new streams. */
export const SESSION_MEMORY_MIB = 64;

/** A silent connection is pinged after this time; without an answer in the same time again it is given up. */
export const KEEPALIVE_MS = 15_000;

/** Messages that a writer may have under way before `write` waits. */
export const WRITES_UNDER_WAY_MAX = 4;

/** Messages read ahead of a handler or caller. */
export const READ_AHEAD_MESSAGES = 2;

/** Time for connecting to one address, TLS and login each. */
export const CONNECT_MS_MAX = 10_000;
