import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CatalogWriter } from "../database/backend.ts";
import { insertUnlessThere } from "../database/insert-unless-there.ts";
import type { CounterRow } from "../schema/counters.ts";

/** Counters that wrap into one another at most. */
const WRAPS_MAX = 32;
/** A MaximumValue of 0 means none; this is what the column holds at most. */
const NO_MAXIMUM = Number.MAX_SAFE_INTEGER;

/** A Counter resource. */
export interface CounterRecord {
  readonly Counter: string;
  readonly MinValue: number;
  readonly MaxValue: number;
  /** Empty: none. */
  readonly WrapCounter: string;
}

/** Creates the row of a counter at its minimum, or takes over changed limits; where it stands is kept while it fits. */
export async function ensureCounter(w: CatalogWriter, record: CounterRecord): Promise<void> {
  const { Counter, MinValue, MaxValue, WrapCounter } = record;
  const isNew = await insertUnlessThere(
    async () => (await find(w, Counter)) !== null,
    async () =>
      await w.writer
        .insertInto("Counters")
        .values({ Counter, MinValue, MaxValue, CurrentValue: MinValue, WrapCounter })
        .execute(),
  );
  if (isNew) return;
  const row = await find(w, Counter);
  const fits = row !== null && row.CurrentValue >= MinValue && row.CurrentValue <= (MaxValue === 0 ? NO_MAXIMUM : MaxValue);
  await w.writer
    .updateTable("Counters")
    .set({ MinValue, MaxValue, WrapCounter, ...(fits ? {} : { CurrentValue: MinValue }) })
    .where("Counter", "=", Counter)
    .execute();
}

/** Where the counter stands; it then moves on, and the counter it wraps into moves when it begins anew. Call within a transaction. */
export async function nextCounter(tx: CatalogWriter, counter: string): Promise<number> {
  const row = await find(tx, counter);
  if (row === null) throw new OperatorError("CATALOG_COUNTER", `there is no Counter "${counter}"`);
  await advance(tx, row, 0);
  return row.CurrentValue;
}

/** Where the counter stands, without moving it; null when there is none. */
export async function currentCounter(w: CatalogWriter, counter: string): Promise<number | null> {
  return (await find(w, counter))?.CurrentValue ?? null;
}

async function advance(tx: CatalogWriter, row: CounterRow, depth: number): Promise<void> {
  if (depth > WRAPS_MAX) throw new OperatorError("CATALOG_COUNTER", `Counter "${row.Counter}" wraps in a circle`);
  const isAtEnd = row.CurrentValue >= (row.MaxValue === 0 ? NO_MAXIMUM : row.MaxValue);
  const next = isAtEnd ? row.MinValue : row.CurrentValue + 1;
  await tx.writer.updateTable("Counters").set({ CurrentValue: next }).where("Counter", "=", row.Counter).execute();
  if (!isAtEnd || row.WrapCounter === "") return;
  const wrapped = await find(tx, row.WrapCounter);
  if (wrapped === null)
    throw new OperatorError(
      "CATALOG_COUNTER",
      `Counter "${row.Counter}" wraps into "${row.WrapCounter}", which does not exist`,
    );
  await advance(tx, wrapped, depth + 1);
}

async function find(w: CatalogWriter, counter: string): Promise<CounterRow | null> {
  const select = w.writer.selectFrom("Counters").selectAll().where("Counter", "=", counter);
  return (await (w.dialect === "mysql" ? select.forUpdate() : select).executeTakeFirst()) ?? null;
}
