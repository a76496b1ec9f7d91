import type { Catalog } from "#catalog/catalog.ts";
import { changeMediaCare } from "#catalog/queries/media-care.ts";
import { createMedia, defaultsFromPool, findMedia, newestMediaId, type NewMedia } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { expandTemplate, type TemplateValues } from "./expand-template.ts";
import { checkVolumeName, countsUp, forbidsCreation, isSimpleFormat, simpleName } from "./label-format.ts";
import { parseTemplate } from "./parse-template.ts";
import { isPoolFull, type PoolLimits } from "./volume-limits.ts";
import { isCleaningName, type PoolPolicy } from "./pool-policy.ts";

/** Names tried when the next ones are taken already. */
const NAMES_TRIED_MAX = 100;

/** Why the Pool may not get one more Volume by itself; undefined if it may. */
export function whyNoNewVolume(pool: PoolRow, policy: Pick<PoolPolicy, "autoLabel">, limits: PoolLimits): string | undefined {
  if (policy.autoLabel === false) return "the Pool does not label by itself (Auto Label = no)";
  if (forbidsCreation(pool.LabelFormat ?? "")) return "the Pool has no Label Format";
  if (isPoolFull(limits))
    return `the Pool holds ${limits.poolBytes} bytes already (Maximum Pool Bytes = ${limits.maxPoolBytes})`;
  return hasRoom(pool) ? undefined : `the Pool has its ${pool.MaxVols} Volumes already`;
}

/** True while Maximum Volumes lets the Pool have one more. */
export function hasRoom(pool: Pick<PoolRow, "MaxVols" | "NumVols">): boolean {
  return pool.MaxVols === 0 || pool.NumVols < pool.MaxVols;
}

/** Name of the Pool's next Volume, which no other has. Throws LABEL_FORMAT_INVALID, VOLUME_NAME_INVALID or VOLUME_NONE_AVAILABLE. */
export async function nextVolumeName(catalog: Catalog, format: string, values: TemplateValues): Promise<string> {
  const tried: string[] = [];
  for await (const name of namesOf(catalog, format, values)) {
    if ((await findMedia(catalog, name)) === null) return name;
    tried.push(name);
  }
  throw new OperatorError(
    "VOLUME_NONE_AVAILABLE",
    `Label Format "${format}" gives "${tried[0]}"${tried.length > 1 ? ` and ${tried.length - 1} more names` : ""}, which exists already`,
    { hint: "add something that changes, such as a Counter" },
  );
}

/** Puts a Volume into the catalog with the Pool's defaults; one of a cleaning tape gets status Cleaning. Throws DuplicateKeyError. */
export async function addVolume(
  catalog: Catalog,
  pool: PoolRow,
  policy: PoolPolicy,
  media: Pick<NewMedia, "MediaType" | "StorageId" | "Slot" | "InChanger"> & { readonly VolumeName: string } & Partial<NewMedia>,
): Promise<MediaRow> {
  const row = await createMedia(catalog, {
    ...defaultsFromPool(pool),
    VolStatus: isCleaningName(media.VolumeName, policy) ? "Cleaning" : "Append",
    PoolId: pool.PoolId,
    Enabled: 1,
    RecyclePoolId: pool.RecyclePoolId,
    ScratchPoolId: pool.ScratchPoolId,
    VolCapacityBytes: policy.capacity,
    ...media,
  });
  if (policy.maxWrites > 0) await changeMediaCare(catalog, row.MediaId, { maxWrites: policy.maxWrites });
  return row;
}

/** Names in the order in which they are tried. */
async function* namesOf(catalog: Catalog, format: string, values: TemplateValues): AsyncGenerator<string> {
  if (isSimpleFormat(format)) {
    const first = (await newestMediaId(catalog)) + 1;
    for (let number = first; number < first + NAMES_TRIED_MAX; number++) yield simpleName(format, number);
    return;
  }
  const parts = parseTemplate(format);
  const tries = countsUp(format) ? NAMES_TRIED_MAX : 1;
  for (let at = 0; at < tries; at++) yield checkVolumeName(await expandTemplate(format, parts, values));
}
