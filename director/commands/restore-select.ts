import { readFile } from "node:fs/promises";
import type { Catalog } from "#catalog/catalog.ts";
import { accurateChain, chainEndingAt } from "#catalog/queries/chain.ts";
import { findClient, listClients } from "#catalog/queries/clients.ts";
import { findFile } from "#catalog/queries/files.ts";
import { listFileSetsOfClient } from "#catalog/queries/filesets.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { findNewestVersion, listRestoreJobs } from "#catalog/queries/restore.ts";
import { walkSubtree } from "#catalog/queries/tree.ts";
import type { ClientRow } from "#catalog/schema/client.ts";
import type { JobRow } from "#catalog/schema/job.ts";
import { decodeName } from "#lib/base/byte-name.ts";
import { parseCatalogTime, catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Selection } from "../restore/selection.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { commas, displayName } from "./format.ts";
import { chooseOne } from "./prompts.ts";

/** What the arguments of `restore` narrow, and what was found so far. */
export interface RestoreWish {
  readonly clientName: string | undefined;
  readonly fileSet: string | undefined;
  readonly pool: string | undefined;
  /** Only jobs that started before this local time. */
  before: string | undefined;
}

/** Names of one list, and bytes of its file. */
const LIST_NAMES_MAX = 1_000_000;
const LIST_BYTES_MAX = 256 * 1024 * 1024;

/** A time as the catalog writes it. Throws VALUE_REFUSED. */
export function catalogTimeOf(text: string): string {
  const time = parseCatalogTime(text);
  if (time === null) throw new OperatorError("VALUE_REFUSED", `"${text}" is no time`, { hint: "write YYYY-MM-DD HH:MM:SS" });
  return catalogTime(time);
}

/** The client whose files are wanted: named, the only one, or chosen. Throws CATALOG_ROW_UNKNOWN for a name that no backup has. */
export async function selectBackupClient(context: CommandContext, catalog: Catalog, wish: RestoreWish): Promise<ClientRow> {
  if (wish.clientName !== undefined) {
    requireAccess(context.operator, { kind: "backupClient", name: wish.clientName });
    const found = await findClient(catalog, wish.clientName);
    if (found !== null) return found;
    throw new OperatorError("CATALOG_ROW_UNKNOWN", `Client "${wish.clientName}" not found`);
  }
  const clients = (await listClients(catalog)).filter((client) =>
    mayAccess(context.operator, { kind: "backupClient", name: client.Name }),
  );
  if (clients.length === 0) throw new OperatorError("RESTORE_NO_BACKUP", "the catalog has no Client that was saved");
  const at = await chooseOne(context, {
    title: "Defined Clients:",
    prompt: "Select the Client",
    choices: clients.map((client) => client.Name),
    automatic: "Client",
  });
  return clients[at]!;
}

async function selectFileSetName(
  context: CommandContext,
  catalog: Catalog,
  client: ClientRow,
  wish: RestoreWish,
): Promise<string> {
  const names = (await listFileSetsOfClient(catalog, client.ClientId))
    .map((row) => row.FileSet)
    .filter((name) => mayAccess(context.operator, { kind: "fileSet", name }));
  if (wish.fileSet !== undefined && names.includes(wish.fileSet)) return wish.fileSet;
  if (wish.fileSet !== undefined)
    throw new OperatorError("CATALOG_ROW_UNKNOWN", `FileSet "${wish.fileSet}" not found for Client "${client.Name}"`);
  if (names.length === 0) throw new OperatorError("RESTORE_NO_BACKUP", `No FileSet found for client "${client.Name}".`);
  const at = await chooseOne(context, {
    title: "The defined FileSet resources are:",
    prompt: "Select FileSet resource",
    choices: names,
    automatic: "FileSet",
  });
  return names[at]!;
}

/** The jobs that make up the latest state of a client (before a time, in a Pool), shown as a table. Throws RESTORE_NO_BACKUP. */
export async function findChain(context: CommandContext, catalog: Catalog, wish: RestoreWish): Promise<number[]> {
  const client = await selectBackupClient(context, catalog, wish);
  const fileSet = await selectFileSetName(context, catalog, client, wish);
  const chain = await chainInPool(catalog, client, fileSet, wish);
  if (chain.length === 0)
    throw new OperatorError(
      "RESTORE_NO_BACKUP",
      `No Full backup${wish.before === undefined ? "" : ` before ${wish.before}`} found.`,
    );
  const jobIds = chain.map((job) => job.JobId);
  await showJobs(context, catalog, jobIds);
  return jobIds;
}

/** The newest chain whose Full lies in the wanted Pool; its later jobs in other Pools are left out. */
async function chainInPool(catalog: Catalog, client: ClientRow, fileSet: string, wish: RestoreWish): Promise<JobRow[]> {
  const pool = wish.pool === undefined ? null : await findPool(catalog, wish.pool);
  if (wish.pool !== undefined && pool === null)
    throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${wish.pool}"`);
  for (let beforeJob: JobRow | undefined; ;) {
    const chain = await accurateChain(catalog, {
      clientId: client.ClientId,
      fileSet,
      ...(wish.before === undefined ? {} : { before: wish.before }),
      ...(beforeJob === undefined ? {} : { beforeJob }),
    });
    const [full] = chain;
    if (pool === null || full === undefined) return chain;
    if (full.PoolId === pool.PoolId) return chain.filter((job) => job.PoolId === pool.PoolId);
    beforeJob = full;
  }
}

/** The chain of jobs that ends at a job. Throws RESTORE_NO_BACKUP. */
export async function findChainEndingAt(context: CommandContext, catalog: Catalog, jobId: number): Promise<number[]> {
  const jobIds = (await chainEndingAt(catalog, jobId)).map((job) => job.JobId);
  if (jobIds.length === 0) throw new OperatorError("RESTORE_NO_BACKUP", `JobId=${jobId} is no backup with a Full before it`);
  await showJobs(context, catalog, jobIds);
  return jobIds;
}

async function showJobs(context: CommandContext, catalog: Catalog, jobIds: readonly number[]): Promise<void> {
  const rows = await listRestoreJobs(catalog, jobIds);
  const columns = [
    { name: "JobId", number: true },
    { name: "Level", number: false },
    { name: "JobFiles", number: true },
    { name: "JobBytes", number: true },
    { name: "StartTime", number: false },
    { name: "VolumeName", number: false },
  ];
  await context.table({ name: "restorejobs", columns, vertical: false }, [
    rows.map((row) => [
      String(row.JobId),
      row.Level,
      String(row.JobFiles),
      String(row.JobBytes),
      row.StartTime ?? "",
      row.VolumeName,
    ]),
  ]);
}

/** Adds a file by its full name: of the given jobs, or its newest version in any backup of the client. False if there is none. */
export async function addFile(
  context: CommandContext,
  catalog: Catalog,
  selection: Selection,
  name: string,
  from: { readonly jobIds: readonly number[]; readonly client: ClientRow | null; readonly wish: RestoreWish },
): Promise<boolean> {
  const { jobIds, client, wish } = from;
  const found =
    jobIds.length > 0
      ? await findFile(catalog, jobIds, name)
      : client === null
        ? null
        : await findNewestVersion(catalog, {
            clientId: client.ClientId,
            name,
            ...(wish.before === undefined ? {} : { before: wish.before }),
            ...(wish.fileSet === undefined ? {} : { fileSet: wish.fileSet }),
          });
  if (found === null) await context.say(`No database record found for: ${displayName(name)}\n`);
  else selection.add([found]);
  return found !== null;
}

/** Adds a directory with all that is below it. False if the jobs have none of that name. */
export async function addDirectory(
  context: CommandContext,
  catalog: Catalog,
  selection: Selection,
  jobIds: readonly number[],
  name: string,
): Promise<boolean> {
  const path = name.endsWith("/") ? name : `${name}/`;
  let files = 0;
  for await (const page of walkSubtree(catalog, jobIds, path, context.signal)) {
    files += page.length;
    selection.add(page);
    await context.progress(`${commas(files)} files found`);
  }
  if (files === 0) await context.say(`No database record found for: ${displayName(name)}\n`);
  return files > 0;
}

/** Names as they are given: one, or after `<` the lines of a file on the Director's machine. Throws VALUE_REFUSED. */
export async function namesOf(context: CommandContext, given: string): Promise<string[]> {
  if (!given.startsWith("<")) return [given];
  requireAccess(context.operator, { kind: "sql" }); // names that no backup has are shown: it could be any file of the Director
  const file = given.slice(1).trim();
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new OperatorError("VALUE_REFUSED", `the list ${file} cannot be read`, { cause });
  }
  if (bytes.length > LIST_BYTES_MAX)
    throw new OperatorError("VALUE_REFUSED", `the list ${file} is longer than ${LIST_BYTES_MAX} bytes`);
  const names = decodeName(bytes)
    .split("\n")
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line !== "");
  if (names.length > LIST_NAMES_MAX)
    throw new OperatorError("VALUE_REFUSED", `the list ${file} has more than ${LIST_NAMES_MAX} names`);
  return names;
}
