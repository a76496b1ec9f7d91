import { scalar, quote } from "#lib/config/directive-types.ts";
import { ConfigMistake } from "#lib/config/problem.ts";
import { ZSTD_LEVEL_MAX } from "#lib/codec/zstd.ts";
import type { DirectiveType } from "#lib/config/define-resource.ts";

/** How chunks are compressed. */
export interface DedupCompression {
  readonly method: "zstd" | "none";
  /** 0 for "none". */
  readonly level: number;
}

/** Level of zstd where none is named. */
const LEVEL_DEFAULT = 3;

/** `zstd`, `zstd:LEVEL` or `none`. */
export function dedupCompression(): DirectiveType<DedupCompression> {
  return scalar({
    label: `zstd[:1-${ZSTD_LEVEL_MAX}] or none`,
    repeats: "replace",
    parse: parseCompression,
    print: (value) => quote(compressionText(value)),
    json: compressionText,
  });
}

/** As it is written. */
export function compressionText({ method, level }: DedupCompression): string {
  return method === "none" ? "none" : `zstd:${level}`;
}

function parseCompression(text: string): DedupCompression {
  if (text.toLowerCase() === "none") return { method: "none", level: 0 };
  const match = /^zstd(?::(\d{1,2}))?$/i.exec(text);
  const level = Number(match?.[1] ?? LEVEL_DEFAULT);
  if (match === null || level < 1 || level > ZSTD_LEVEL_MAX)
    throw new ConfigMistake(
      `"${text}" is not a way to compress chunks; use zstd, zstd:LEVEL with a level from 1 to ${ZSTD_LEVEL_MAX}, or none`,
    );
  return { method: "zstd", level };
}
