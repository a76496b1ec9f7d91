import type { DirectiveType, ParseContext, PrintedDirective } from "#lib/config/define-resource.ts";
import { appended, defineBlock, directive, type BlockOf } from "#lib/config/define-resource.ts";
import { bool, onlyWord, oneOf, quote, repeatedText, scalar } from "#lib/config/directive-types.ts";
import { checkPercentCodes } from "#lib/config/percent-codes.ts";

/** Where a script runs. A client without name is the job's own. */
export type RunScriptTarget = { readonly kind: "director" } | { readonly kind: "client"; readonly name: string | undefined };

/** When a script runs. `Never` is what Bacula makes of a block without RunsWhen. */
export type RunsWhen = "Before" | "After" | "AfterVSS" | "AfterSnapshot" | "Always" | "Never";

/** One program, or one console command, to run before or after a job. */
export interface RunScript {
  /** The keyword it was written with; messages of the old short forms carry it. */
  readonly keyword: RunScriptKeyword;
  readonly kind: "command" | "console";
  /** The command line, with %-codes. */
  readonly command: string;
  readonly target: RunScriptTarget;
  readonly runsWhen: RunsWhen;
  readonly runsOnSuccess: boolean;
  readonly runsOnFailure: boolean;
  /** A script that fails makes the job fail (before: before it saves anything). */
  readonly failJobOnError: boolean;
}

export type RunScriptKeyword = "RunScript" | keyof typeof SHORT_FORMS;

const DIRECTOR: RunScriptTarget = { kind: "director" };
const OWN_CLIENT: RunScriptTarget = { kind: "client", name: undefined };

const SHORT_FORMS = {
  RunBeforeJob: {
    kind: "command",
    target: DIRECTOR,
    runsWhen: "Before",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: true,
  },
  RunAfterJob: {
    kind: "command",
    target: DIRECTOR,
    runsWhen: "After",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: false,
  },
  RunAfterFailedJob: {
    kind: "command",
    target: DIRECTOR,
    runsWhen: "After",
    runsOnSuccess: false,
    runsOnFailure: true,
    failJobOnError: false,
  },
  ClientRunBeforeJob: {
    kind: "command",
    target: OWN_CLIENT,
    runsWhen: "Before",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: true,
  },
  ClientRunAfterJob: {
    kind: "command",
    target: OWN_CLIENT,
    runsWhen: "After",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: false,
  },
  ConsoleRunBeforeJob: {
    kind: "console",
    target: DIRECTOR,
    runsWhen: "Before",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: true,
  },
  ConsoleRunAfterJob: {
    kind: "console",
    target: DIRECTOR,
    runsWhen: "After",
    runsOnSuccess: true,
    runsOnFailure: false,
    failJobOnError: false,
  },
} as const;

const commandLines = repeatedText("command line", checkPercentCodes);

/** The commands of one block, in order, of both kinds. */
function blockCommands(kind: RunScript["kind"]): DirectiveType<readonly Pick<RunScript, "kind" | "command">[]> {
  return {
    label: "command line",
    repeats: "append",
    braces: "never",
    empty: [],
    parse(statement, context, before) {
      const [command] = commandLines.parse(statement, context, undefined);
      return appended(before, [{ kind, command: command! }]);
    },
    print: (value) =>
      value.map((item) => ({ keyword: item.kind === "console" ? "Console" : "Command", value: quote(item.command) })),
    json: (value) => value,
  };
}

function target(): DirectiveType<RunScriptTarget> {
  return scalar<RunScriptTarget>({
    label: "yes, no, %c or name of a Client",
    repeats: "replace",
    parse(value) {
      const folded = value.toLowerCase();
      if (folded === "no" || folded === "false") return DIRECTOR;
      if (folded === "yes" || folded === "true" || folded === "%c") return OWN_CLIENT;
      return { kind: "client", name: value };
    },
    print: (value) => (value.kind === "director" ? "no" : value.name === undefined ? "yes" : quote(value.name)),
  });
}

/** The directives of a RunScript block. */
export const runScriptTable = defineBlock("Job/RunScript", {
  commands: directive(blockCommands("command"), {
    keyword: "Command",
    acts: true,
    description: "Program to run, with its arguments.",
    forms: { Console: { type: blockCommands("console"), acts: true, description: "Console command to run." } },
  }),
  target: directive(target(), {
    synonyms: ["RunsOnClient"],
    default: OWN_CLIENT,
    acts: true,
    description: "Runs it on the client (yes), on the Director (no), or on the client named.",
  }),
  runsOnSuccess: directive(bool(), { default: true, acts: true, description: "Runs it after a job that ended well." }),
  runsOnFailure: directive(bool(), { default: false, acts: true, description: "Runs it after a job that ended badly." }),
  failJobOnError: directive(bool(), {
    synonyms: ["AbortJobOnError"],
    default: true,
    acts: true,
    description: "Makes the job fail when the program fails.",
  }),
  runsWhen: directive(oneOf("Before", "After", "AfterVSS", "AfterSnapshot", "Always", "Never"), {
    default: "Never",
    acts: true,
    description: "When it runs; a block without it never runs.",
  }),
});

/** `RunScript { ... }`; the value lists every command of every block and short form, in the order written. */
export function runScripts(): DirectiveType<readonly RunScript[]> {
  return {
    label: "block",
    repeats: "append",
    braces: "bare",
    empty: [],
    parse(statement, context, before) {
      const block = context.readBlock(runScriptTable, statement.block ?? [], statement.at) as BlockOf<typeof runScriptTable>;
      if (block.commands.length === 0) context.warn("the RunScript block has no Command", statement.at);
      if (block.runsWhen === "Never") context.warn("the RunScript block has no RunsWhen and will never run", statement.at);
      const { target, runsOnSuccess, runsOnFailure, failJobOnError, runsWhen } = block;
      const scripts = block.commands.map((item): RunScript => {
        if (item.kind === "console" && runsWhen !== "Never") {
          return { keyword: "RunScript", ...item, target: DIRECTOR, runsOnSuccess, runsOnFailure, failJobOnError, runsWhen };
        }
        return { keyword: "RunScript", ...item, target, runsOnSuccess, runsOnFailure, failJobOnError, runsWhen };
      });
      return appended(before, scripts);
    },
    print: (value) => value.map(printScript),
    json: (value) => value,
  };
}

/** The short forms of RunScript: a keyword that says where and when, and a command line. */
export function runScriptForms() {
  const form = (keyword: keyof typeof SHORT_FORMS, description: string) => ({
    type: shortForm(keyword),
    acts: true,
    description,
  });
  return {
    RunBeforeJob: form("RunBeforeJob", "Program that runs on the Director before the job."),
    RunAfterJob: form("RunAfterJob", "Program that runs on the Director after a job that ended well."),
    RunAfterFailedJob: form("RunAfterFailedJob", "Program that runs on the Director after a job that ended badly."),
    ClientRunBeforeJob: form("ClientRunBeforeJob", "Program that runs on the client before the job."),
    ClientRunAfterJob: form("ClientRunAfterJob", "Program that runs on the client after a job that ended well."),
    ConsoleRunBeforeJob: form("ConsoleRunBeforeJob", "Console command that runs before the job."),
    ConsoleRunAfterJob: form("ConsoleRunAfterJob", "Console command that runs after a job that ended well."),
  };
}

function shortForm(keyword: keyof typeof SHORT_FORMS): DirectiveType<readonly RunScript[]> {
  return {
    ...runScripts(),
    label: "command line",
    braces: "never",
    parse(statement, context: ParseContext, before) {
      const command = onlyWord(statement, context).text;
      checkPercentCodes(command);
      return appended(before, [{ keyword, command, ...SHORT_FORMS[keyword] }]);
    },
  };
}

function printScript(script: RunScript): PrintedDirective {
  if (script.keyword !== "RunScript") return { keyword: script.keyword, value: quote(script.command) };
  const place = script.target.kind === "director" ? "no" : script.target.name === undefined ? "yes" : quote(script.target.name);
  return {
    block: [
      `${script.kind === "console" ? "Console" : "Command"} = ${quote(script.command)}`,
      `RunsWhen = ${script.runsWhen}`,
      `RunsOnClient = ${place}`,
      `RunsOnSuccess = ${script.runsOnSuccess ? "yes" : "no"}`,
      `RunsOnFailure = ${script.runsOnFailure ? "yes" : "no"}`,
      `FailJobOnError = ${script.failJobOnError ? "yes" : "no"}`,
    ],
  };
}
