import { DirectorSession } from "#console/client.ts";
import { loadConsoleConfig } from "#console/config/load.ts";
import { connectionOf, findConsole, findDirectors } from "#console/target.ts";

/** What the Director said to one line. */
export interface Said {
  readonly text: string;
  /** The question that now stands; null: the command is done. */
  readonly question: string | null;
  readonly ms: number;
}

/** A console session without a console: lines go in, and the time to the Director's next prompt is taken. */
export class ConsoleTalk implements AsyncDisposable {
  readonly #session: DirectorSession;
  readonly #outputs: ReturnType<DirectorSession["outputs"]>;

  private constructor(session: DirectorSession) {
    this.#session = session;
    this.#outputs = session.outputs();
  }

  /** Logs in to the Director that a bconsole.conf names and waits until it is ready. */
  static async open(configFile: string): Promise<ConsoleTalk> {
    const config = await loadConsoleConfig(configFile);
    const [director] = findDirectors(config, undefined);
    if (director === undefined) throw new Error(`${configFile} names no Director`);
    const options = await connectionOf({ director, console: findConsole(config, director, undefined) }, undefined);
    const facts = { interactive: false, columns: 0 };
    const talk = new ConsoleTalk(await DirectorSession.open(options, facts, new AbortController().signal));
    await talk.#untilPrompt(performance.now());
    return talk;
  }

  /** Sends a line and waits until the Director wants the next one. */
  async line(text: string): Promise<Said> {
    const began = performance.now();
    await this.#session.send(text);
    return await this.#untilPrompt(began);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  async #untilPrompt(began: number): Promise<Said> {
    let text = "";
    for (;;) {
      const { value, done } = await this.#outputs.next();
      if (done === true) throw new Error(`the Director ended the session after: ${text}`);
      if (value?.$case === "text") text += value.value;
      if (value?.$case === "question") return { text, question: value.value.prompt, ms: performance.now() - began };
      if (value?.$case === "ready") return { text, question: null, ms: performance.now() - began };
    }
  }
}
