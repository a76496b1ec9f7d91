import { must } from "#lib/base/assert.ts";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import { insertUnlessThere } from "../database/insert-unless-there.ts";
import type { ClientRow } from "../schema/client.ts";
import type { CatalogSession } from "./delete.ts";

/** A Client resource, and what the client says of itself if it has been asked. */
export interface ClientRecord {
  readonly Name: string;
  readonly Uname?: string;
  readonly AutoPrune: number;
  readonly FileRetention: number;
  readonly JobRetention: number;
}

/** Bytes of Client.Uname; what a client says of itself beyond that is cut. */
const UNAME_BYTES_MAX = 255;

/** Creates or updates the row of a client. `unameBefore`: what it said before, when that was something else. */
export async function ensureClient(
  w: CatalogWriter,
  record: ClientRecord,
): Promise<{ client: ClientRow; unameBefore: string | null }> {
  const { Name, AutoPrune, FileRetention, JobRetention } = record;
  const uname = record.Uname === undefined ? undefined : cut(record.Uname);
  await insertUnlessThere(
    async () => (await findClientOn(w.writer, Name)) !== null,
    async () =>
      await w.writer
        .insertInto("Client")
        .values({ Name, Uname: uname ?? "", AutoPrune, FileRetention, JobRetention })
        .execute(),
  );
  const before = must(await findClientOn(w.writer, Name), `client ${Name}`);
  const client = { ...before, Uname: uname ?? before.Uname, AutoPrune, FileRetention, JobRetention };
  const isSame =
    client.Uname === before.Uname &&
    before.AutoPrune === AutoPrune &&
    before.FileRetention === FileRetention &&
    before.JobRetention === JobRetention;
  if (!isSame) {
    await w.writer
      .updateTable("Client")
      .set({ Uname: client.Uname, AutoPrune, FileRetention, JobRetention })
      .where("ClientId", "=", client.ClientId)
      .execute();
  }
  return { client, unameBefore: before.Uname !== "" && client.Uname !== before.Uname ? before.Uname : null };
}

/**
 * Gives a client another name. A row that has that name already, as one comes into being when the configuration is changed first,
 * is merged into it with its jobs.
 */
export async function renameClient(session: CatalogSession, clientId: number, name: string): Promise<void> {
  await session.transaction(
    async (tx) => {
      const other = await findClientOn(tx.writer, name);
      if (other?.ClientId === clientId) return;
      if (other !== null) await mergeClient(tx, other.ClientId, clientId);
      await tx.writer.updateTable("Client").set({ Name: name }).where("ClientId", "=", clientId).execute();
    },
    { idempotent: true },
  );
}

async function mergeClient({ writer }: CatalogWriter, from: number, into: number): Promise<void> {
  await writer.updateTable("Job").set({ ClientId: into }).where("ClientId", "=", from).execute();
  await writer.updateTable("Snapshot").set({ ClientId: into }).where("ClientId", "=", from).execute();
  await writer.deleteFrom("TagClient").where("ClientId", "=", from).execute();
  await writer.deleteFrom("Client").where("ClientId", "=", from).execute();
}

/** The client of this name. */
export async function findClient(r: CatalogReader, name: string): Promise<ClientRow | null> {
  return await findClientOn(r.reader, name);
}

/** The client of this number. */
export async function findClientById(r: CatalogReader, clientId: number): Promise<ClientRow | null> {
  return (await r.reader.selectFrom("Client").selectAll().where("ClientId", "=", clientId).executeTakeFirst()) ?? null;
}

/** All clients by name. */
export async function listClients(r: CatalogReader): Promise<ClientRow[]> {
  return await r.reader.selectFrom("Client").selectAll().orderBy("Name").execute();
}

async function findClientOn(db: CatalogReader["reader"], name: string): Promise<ClientRow | null> {
  return (await db.selectFrom("Client").selectAll().where("Name", "=", name).executeTakeFirst()) ?? null;
}

function cut(uname: string): string {
  const bytes = Buffer.from(uname, "utf8");
  return bytes.length <= UNAME_BYTES_MAX
    ? uname
    : new TextDecoder().decode(bytes.subarray(0, UNAME_BYTES_MAX)).replace(/\uFFFD$/, "");
}
