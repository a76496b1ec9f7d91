import { BatchBuilder } from "#lib/wire/record.ts";

/** Batches of `files` files: attributes, `dataBytes` of data and a digest each. */
export function fileBatches(files: number, dataBytes: number, seed = 1): Uint8Array[] {
  const batches: Uint8Array[] = [];
  const builder = new BatchBuilder();
  for (let index = 1; index <= files; index += 1) {
    const name = Buffer.from(
      `${index} 3 /data/file-${seed}-${index}\0P0A IGk B A A A Hh Bo BAA I Bhmz0p Bhmz0p Bhmz0p A A C\0\0\x000\0`,
    );
    builder.append(index, 1, name);
    for (let left = dataBytes, part = 0; left > 0; left -= 65_536, part += 1) {
      const data = new Uint8Array(Math.min(left, 65_536)).fill((seed * 31 + index * 7 + part) % 251);
      if (!builder.fits(data.byteLength)) batches.push(builder.take());
      builder.append(index, 2, data);
    }
    if (!builder.fits(16)) batches.push(builder.take());
    builder.append(index, 3, new Uint8Array(16).fill(index % 256));
    if (builder.length > 512 * 1024) batches.push(builder.take());
  }
  if (builder.length > 0) batches.push(builder.take());
  return batches;
}
