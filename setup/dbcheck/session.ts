import { writeSync } from "node:fs";
import type { Catalog } from "#catalog/catalog.ts";
import { numberedChecks, type NumberedCheck } from "#catalog/checks/all-checks.ts";
import type { CatalogCheck, Finding } from "#catalog/checks/check.ts";
import { must } from "#lib/base/assert.ts";
import type { ToolVoice } from "#stored/tools/tool-voice.ts";
import type { StdinLines } from "./stdin-lines.ts";

const TOGGLE_MODIFY = 1;
const TOGGLE_VERBOSE = 2;
const ALL = 17;
const QUIT = 18;

/** How checks are done. */
export interface SessionOptions {
  fixes: boolean;
  isVerbose: boolean;
  /** Whether rows of Path may be taken away now; asked before each check that does. */
  readonly mayChangePaths: () => Promise<boolean>;
}

/** One run of dbcheck: the menu, or all checks in a row. */
export class Session {
  readonly #catalog: Catalog;
  readonly #voice: ToolVoice;
  readonly #answers: StdinLines;
  readonly #options: SessionOptions;
  #isBatch = false;

  constructor(catalog: Catalog, voice: ToolVoice, answers: StdinLines, options: SessionOptions) {
    this.#catalog = catalog;
    this.#voice = voice;
    this.#answers = answers;
    this.#options = options;
  }

  /** Does everything that batch mode does, asks nothing. */
  async batch(): Promise<void> {
    this.#isBatch = true;
    for (const { check, inBatch } of numberedChecks) if (inBatch) await this.#run(check);
  }

  /** Shows the menu until the operator quits or his input ends. */
  async interactive(): Promise<void> {
    const voice = this.#voice;
    voice.plain("Hello, this is the database check/correct program.");
    voice.plain(`Modify database is ${onOff(this.#options.fixes)}. Verbose is ${onOff(this.#options.isVerbose)}.`);
    voice.plain("Please select the function you want to perform.");
    for (;;) {
      this.#menu();
      this.#prompt("Select function number: ");
      const answer = await this.#answers.next();
      if (answer === undefined || Number(answer) === QUIT) return;
      await this.#choose(Number(answer));
    }
  }

  async #choose(number: number): Promise<void> {
    const options = this.#options;
    if (number === TOGGLE_MODIFY) {
      options.fixes = !options.fixes;
      this.#voice.plain(options.fixes ? "Database will be modified." : "Database will NOT be modified.");
    } else if (number === TOGGLE_VERBOSE) {
      options.isVerbose = !options.isVerbose;
      this.#voice.plain(` Verbose is ${onOff(options.isVerbose)}.`);
    } else if (number === ALL) {
      for (const { check } of numberedChecks) await this.#run(check);
    } else {
      const chosen = numberedChecks.find((each) => each.number === number);
      if (chosen !== undefined) await this.#run(chosen.check);
    }
  }

  #menu(): void {
    const own = numberedChecks.at(-1);
    const lines = new Map<number, string>([
      [TOGGLE_MODIFY, "Toggle modify database flag"],
      [TOGGLE_VERBOSE, "Toggle verbose flag"],
      ...numberedChecks.map((each): [number, string] => [each.number, this.#menuLine(each)]),
      [ALL, `All (3-16, 19-${must(own, "a check").number})`],
      [QUIT, "Quit"],
    ]);
    this.#voice.plain("");
    for (const [number, text] of [...lines].toSorted(([a], [b]) => a - b))
      this.#voice.plain(`${String(number).padStart(6)}) ${text}`);
  }

  #menuLine({ check }: NumberedCheck): string {
    const isAll = check.what.endsWith(" Job") && !check.what.startsWith("orphaned");
    const what = isAll ? `all ${check.what.replace(/ Job$/, "")}` : check.what;
    return this.#options.fixes ? `${check.verb} ${what} records` : `Check for ${what} records`;
  }

  /** Counts and shows first, so that the operator sees the extent before anything is changed; then mends. */
  async #run(check: CatalogCheck): Promise<void> {
    const voice = this.#voice;
    voice.plain(check.announce);
    voice.flush();
    let rows = 0;
    for await (const page of check.find(this.#catalog)) for (const finding of page) rows += finding.rows;
    voice.plain(`Found ${rows} ${check.what} records.`);
    if (rows === 0) return;
    if (this.#options.isVerbose && (await this.#agrees("Print them? (yes/no): "))) await this.#print(check);
    if (!this.#options.fixes) return;
    if (check.changesPaths === true && !(await this.#options.mayChangePaths())) {
      voice.error("The Director runs and remembers paths: stop it, then repair these records.");
      return;
    }
    voice.plain(`${check.verb === "Repair" ? "Repairing" : "Deleting"} ${rows} ${check.what} records.`);
    voice.flush();
    for await (const page of check.find(this.#catalog)) await check.repair(this.#catalog, page);
  }

  async #print(check: CatalogCheck): Promise<void> {
    for await (const page of check.find(this.#catalog)) for (const finding of page) this.#voice.plain(oneLine(finding));
  }

  /** A question on the same line as its answer. */
  #prompt(text: string): void {
    this.#voice.flush();
    writeSync(process.stdout.fd, text);
  }

  async #agrees(question: string): Promise<boolean> {
    if (this.#isBatch) return true;
    this.#prompt(question);
    return /^y(es)?$/i.test((await this.#answers.next())?.trim() ?? "");
  }
}

function onOff(isOn: boolean): string {
  return isOn ? "on" : "off";
}

/** Names hold what they like, also ends of lines. */
function oneLine({ text }: Finding): string {
  return text.replaceAll(/[\u0000-\u001f\u007f]/g, "?");
}
