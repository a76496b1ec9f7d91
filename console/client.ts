import { RpcClient, type BidiCall, type RpcClientOptions } from "#lib/rpc/client.ts";
import { ConsoleService, type ConsoleInput, type ConsoleOutput } from "#proto/console.ts";

/** One output of the Director; undefined for a kind that this console does not know. */
export type DirectorOutput = ConsoleOutput["output"];

/** A session with a Director: lines and answers go in, typed output comes out. It decides nothing. */
export class DirectorSession implements AsyncDisposable {
  readonly #client: RpcClient;
  readonly #call: BidiCall<ConsoleInput, ConsoleOutput>;

  private constructor(client: RpcClient, call: BidiCall<ConsoleInput, ConsoleOutput>) {
    this.#client = client;
    this.#call = call;
  }

  /** Connects, logs in and opens a session. Throws OperatorError if the Director cannot be reached or refuses. */
  static async open(
    options: RpcClientOptions,
    facts: { readonly interactive: boolean; readonly columns: number },
    signal: AbortSignal,
  ): Promise<DirectorSession> {
    const client = new RpcClient(options);
    try {
      await client.ready({ signal });
      const call = await client.bidi(ConsoleService.session, { signal });
      await call.write({ input: { $case: "open", value: { interactive: facts.interactive, columns: facts.columns } } });
      return new DirectorSession(client, call);
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A command, or the answer to the question that stands. */
  async send(line: string): Promise<void> {
    await this.#call.write({ input: { $case: "line", value: line } });
  }

  /** Ctrl-C: the Director stops the command or question at hand and keeps the session. */
  async interrupt(): Promise<void> {
    await this.#call.write({ input: { $case: "interrupt", value: {} } });
  }

  /** There is no more input for the question that stands. */
  async endInput(): Promise<void> {
    await this.#call.write({ input: { $case: "end", value: {} } });
  }

  /** What the Director says, until the session is over. */
  async *outputs(): AsyncGenerator<DirectorOutput> {
    for await (const message of this.#call) yield message.output;
  }

  /** Words that may stand at the end of the line. */
  async complete(line: string, signal: AbortSignal): Promise<readonly string[]> {
    const reply = await this.#client.unary(ConsoleService.complete, { line }, { signal, timeoutMs: 3000 });
    return reply.words;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#call.end();
    this.#call.cancel();
    await this.#client[Symbol.asyncDispose]();
  }
}
