import { OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcClientOptions } from "#lib/rpc/client.ts";
import { DirectorSession, type DirectorOutput } from "../client.ts";

/** Tables by name; each row by the names of its columns. */
export type TableRows = ReadonlyMap<string, readonly ReadonlyMap<string, string>[]>;

/** More than this no site has; a Director that sends on is not listened to. */
const ROWS_MAX = 200_000;
const CHARS_MAX = 64 * 1024 * 1024;

/** Asks the Director for the overview of its site, in one session. Throws OperatorError: unreachable, refused, too late. */
export async function askOverview(
  options: RpcClientOptions,
  wish: { readonly graceS: number },
  signal: AbortSignal,
): Promise<TableRows> {
  await using session = await DirectorSession.open(options, { interactive: false, columns: 0 }, signal);
  const outputs = session.outputs()[Symbol.asyncIterator]();
  await untilReady(outputs, new TableCollector());
  await session.send(`.overview grace=${wish.graceS}`);
  const collector = new TableCollector();
  const code = await untilReady(outputs, collector);
  if (code !== 0)
    throw new OperatorError(
      "OVERVIEW_REFUSED",
      `the Director does not tell: ${collector.text.trim() || "it does not say why"}`,
    );
  return collector.tables;
}

/** Collects what comes until the Director is ready for the next line; its code. */
async function untilReady(outputs: AsyncIterator<DirectorOutput>, collector: TableCollector): Promise<number> {
  for (;;) {
    const next: IteratorResult<DirectorOutput> = await outputs.next();
    if (next.done === true || next.value?.$case === "bye")
      throw new OperatorError("OVERVIEW_REFUSED", "the Director has closed the session");
    if (next.value?.$case === "ready") return next.value.value.ok ? next.value.value.code : Math.max(1, next.value.value.code);
    collector.take(next.value);
  }
}

/** Tables and text as they arrive, within bounds. */
export class TableCollector {
  readonly tables = new Map<string, ReadonlyMap<string, string>[]>();
  /** The beginning of the text beside them. */
  text = "";
  #columns: readonly string[] = [];
  #rows: ReadonlyMap<string, string>[] = [];
  #count = 0;
  #chars = 0;

  /** Takes one output. Throws OVERVIEW_INVALID when it becomes too much. */
  take(output: DirectorOutput): void {
    if (output?.$case === "text") this.text = (this.text + output.value).slice(0, 2000);
    else if (output?.$case === "table") {
      this.#columns = output.value.columns.map((column) => column.name);
      this.#rows = [];
      this.tables.set(output.value.name, this.#rows);
    } else if (output?.$case === "rows") for (const { values } of output.value.rows) this.#add(values);
  }

  #add(values: readonly string[]): void {
    this.#count += 1;
    this.#chars += values.reduce((sum, value) => sum + value.length, 0);
    if (this.#count > ROWS_MAX || this.#chars > CHARS_MAX)
      throw new OperatorError("OVERVIEW_INVALID", "the Director tells more than any site has");
    this.#rows.push(new Map(this.#columns.map((column, at) => [column, values[at] ?? ""])));
  }
}
