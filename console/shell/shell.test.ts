import assert from "node:assert/strict";
import { readFile, writeFile, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import type { DirectorOutput } from "../client.ts";
import { Renderer } from "../render/renderer.ts";
import { readHistory, writeHistory } from "./history.ts";
import { StreamLines } from "./line-source.ts";
import { OutputRouter, type TextSink } from "./output-router.ts";
import { Shell } from "./shell.ts";

/** A Director that answers each line by a script: outputs, and what follows them. */
class FakeDirector {
  readonly received: string[] = [];
  readonly #answer: (line: string) => readonly DirectorOutput[];
  readonly #queue: DirectorOutput[] = [ready];
  #wake = Promise.withResolvers<void>();

  constructor(answer: (line: string) => readonly DirectorOutput[]) {
    this.#answer = answer;
  }

  async send(line: string): Promise<void> {
    this.received.push(line);
    this.#push(this.#answer(line));
  }
  async interrupt(): Promise<void> {
    this.received.push("<interrupt>");
    this.#push([{ $case: "text", value: "Interrupted.\n" }, ready]);
  }
  async endInput(): Promise<void> {
    this.received.push("<end>");
    this.#push([ready]);
  }
  async *outputs(): AsyncGenerator<DirectorOutput> {
    for (;;) {
      const next = this.#queue.shift();
      if (next === undefined) await this.#wake.promise;
      else yield next;
    }
  }
  #push(outputs: readonly DirectorOutput[]): void {
    this.#queue.push(...outputs);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

const ready: DirectorOutput = { $case: "ready", value: { ok: true, code: 0 } };
const question = (prompt: string): DirectorOutput => ({
  $case: "question",
  value: { prompt, choices: [], title: "", fallback: "", secret: false },
});
const text = (value: string): DirectorOutput => ({ $case: "text", value });

function echo(line: string): readonly DirectorOutput[] {
  if (line === "quit") return [{ $case: "bye", value: {} }];
  if (line === "ask") return [question("Sure? ")];
  if (line === "hang") return [];
  return [text(`did ${line}\n`), ready];
}

interface Ran {
  readonly shown: string;
  readonly received: readonly string[];
  readonly status: number;
}

async function runScript(
  script: string,
  options: { readonly director?: FakeDirector; readonly commandMs?: number } = {},
): Promise<Ran> {
  const director = options.director ?? new FakeDirector(echo);
  let shown = "";
  const sink: TextSink = { write: (written) => ((shown += written), true), once: () => {}, off: () => {} };
  await using router = new OutputRouter(sink);
  const input = new StreamLines(Readable.from([Buffer.from(script)]));
  const shell = new Shell({
    session: director,
    renderer: new Renderer(),
    router,
    input,
    terminal: undefined,
    echo: true,
    startFiles: [],
    version: "1.0",
    commandMs: options.commandMs ?? 0,
  });
  const status = await shell.run();
  return { shown, received: director.received, status };
}

test("every line is echoed, what the Director says follows it, no prompt is printed", async () => {
  assert.deepEqual(await runScript("one\n@# note\ntwo"), {
    shown: "one\ndid one\n@# note\ntwo\ndid two\n",
    received: ["one", "two"],
    status: 0,
  });
});

test("quit ends the session, whatever lines follow", async () => {
  assert.deepEqual((await runScript("quit\nnever\n")).received, ["quit"]);
  assert.deepEqual((await runScript("@quit\nnever\n")).received, []);
});

test("a prompt takes the next line, and stands before its echo", async () => {
  assert.equal((await runScript("ask\nyes\n")).shown, "ask\nSure? yes\ndid yes\n");
});

test("the end of input at a prompt gives the question back and ends with a status that is not 0", async () => {
  assert.deepEqual(await runScript("ask\n"), { shown: "ask\nSure? ", received: ["ask", "<end>"], status: 1 });
});

test("@output sends what follows to a file, its own line still to where output went before", async () => {
  await using dir = await TempDir.make();
  const file = dir.file("out");
  const { shown } = await runScript(`@output ${file}\none\n@output\ntwo\n@tee ${file} w\nthree\n`);
  assert.equal(shown, `@output ${file}\ntwo\ndid two\n@tee ${file} w\nthree\ndid three\n`);
  assert.equal(await readFile(file, "utf8"), "three\ndid three\n");
});

test("@output without a mode adds to a file", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("out"), "before\n");
  await runScript(`@out ${dir.file("out")}\none\n`);
  assert.equal(await readFile(dir.file("out"), "utf8"), "before\none\ndid one\n");
});

test("@input takes lines from files within files, and goes on behind them", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("a"), `in a\n@input ${dir.file("b")}\nstill a\n`);
  await writeFile(dir.file("b"), "in b");
  assert.deepEqual((await runScript(`@input ${dir.file("a")}\nlast\n`)).received, ["in a", "in b", "still a", "last"]);
  const lost = await runScript("@input /nonexistent/file\nlast\n");
  assert.match(lost.shown, /ENOENT/);
  assert.deepEqual(lost.received, ["last"]);
});

test("a file that takes itself as input comes to an end", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("a"), `@input ${dir.file("a")}\n`);
  assert.match((await runScript(`@input ${dir.file("a")}\nlast\n`)).shown, /more than 16 input files/);
});

test("@echo, @exec, @version, @time and @help print, unknown ones are named, abbreviations count", async () => {
  const { shown } = await runScript('@echo a  b\n@exec "echo from shell"\n@ver\n@time\n@help\n@nope\n@exec "exit 3"\n');
  assert.match(shown, /@echo a {2}b\na b \n/);
  assert.match(shown, /from shell\n/);
  assert.match(shown, /Version: 1\.0\n/);
  assert.match(shown, /\d\d-[A-Z][a-z][a-z]-\d{4} \d\d:\d\d:\d\d\n/);
  assert.match(shown, /@separator/);
  assert.match(shown, /@nope: is an invalid command\n/);
  assert.match(shown, /@exec: Command failed/);
});

test("@separator parts a line into commands", async () => {
  assert.deepEqual((await runScript("@separator ;\none;two\n@separator\na;b\n")).received, ["one", "two", "a;b"]);
});

test("a command that takes longer than -u allows ends the console with a status", async () => {
  const ran = await runScript("hang\nnever\n", { commandMs: 20 });
  assert.equal(ran.status, 1);
  assert.deepEqual(ran.received, ["hang", "<interrupt>"]);
});

test("the history is the user's alone and holds no password", async () => {
  await using dir = await TempDir.make();
  const file = dir.file("history");
  assert.deepEqual(await readHistory(file, 10), []);
  await writeHistory(file, ["newest", "configure password=geheim", "older", "oldest"], 2);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readHistory(file, 10), ["newest", "older"]);
});
