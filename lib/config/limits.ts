/** Bounds that keep a hostile or mistaken configuration from exhausting the daemon that reads it. */
export const configLimits = {
  /** Bytes of one file or of the output of one `@|command`. */
  fileBytesMax: 16 * 1024 * 1024,
  /** Bytes of all files and outputs together. */
  totalBytesMax: 64 * 1024 * 1024,
  /** Files that include each other, one inside the other. */
  includeDepthMax: 32,
  /** Files and commands included in all. */
  includesMax: 20_000,
  tokensMax: 2_000_000,
  /** Braces inside braces. The deepest real grammar needs four. */
  blockDepthMax: 16,
  /** Time that one `@|command` or one path expansion may take. */
  commandMs: 30_000,
} as const;
