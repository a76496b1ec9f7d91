import { parseDuration, formatDuration } from "#lib/base/duration.ts";
import { appended, defineResource, directive, type DirectiveType, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, isValue, quote, resourceName, text } from "#lib/config/directive-types.ts";
import { shown } from "#lib/config/parser.ts";
import { ConfigMistake } from "#lib/config/problem.ts";
import { formatRunTimes, parseRunTimes, type RunTimes } from "#lib/config/run-times.ts";

/** One Connect line: when the Director is dialled, and for how long at most (seconds; undefined: no limit). */
export interface ConnectSpec {
  readonly maxConnectTime: number | undefined;
  readonly times: RunTimes;
}

function connectSpecs(): DirectiveType<readonly ConnectSpec[]> {
  return {
    label: "connect specification",
    repeats: "append",
    braces: "never",
    empty: [],
    parse(statement, _context, before) {
      const { words } = statement;
      const hasTime = words[1]?.kind === "=";
      if (hasTime && words[0]!.text.toLowerCase() !== "maxconnecttime") {
        throw new ConfigMistake(`"${words[0]!.raw}" cannot be set here`, {
          at: words[0]!.at,
          hint: 'only MaxConnectTime="..."',
        });
      }
      const dates = (hasTime ? words.slice(3) : words)
        .filter((word) => word.kind !== ",")
        .flatMap((word) => {
          if (!isValue(word)) throw new ConfigMistake(`unexpected ${shown(word)}`, { at: word.at });
          const written = word.kind === "quoted" ? word.text : word.raw;
          return [...written.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: word.at }));
        });
      const maxConnectTime = hasTime ? duration(words[2]?.text ?? "") : undefined;
      return appended(before, [{ maxConnectTime, times: parseRunTimes(dates) }]);
    },
    print: (value) =>
      value.map((spec) => {
        const limit = spec.maxConnectTime === undefined ? "" : `MaxConnectTime=${quote(formatDuration(spec.maxConnectTime))} `;
        return { value: `${limit}${formatRunTimes(spec.times)}` };
      }),
    json: (value) => value.map((spec) => ({ maxConnectTime: spec.maxConnectTime, when: formatRunTimes(spec.times) })),
  };
}

function duration(written: string): number {
  try {
    return parseDuration(written);
  } catch (error) {
    throw new ConfigMistake(error instanceof Error ? error.message : String(error));
  }
}

/** The Schedule resource of the file daemon: when it dials the Director. */
export const scheduleTable = defineResource(
  "Schedule",
  {
    name: directive(resourceName(), {
      required: true,
      acts: true,
      description: "Name by which the Director resource refers to it.",
    }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    enabled: directive(bool(), { default: true, acts: false, description: "Lets the schedule dial." }),
    connect: directive(connectSpecs(), { acts: false, description: "When the Director is dialled." }),
  },
  { description: "When the file daemon dials the Director." },
);

export interface ScheduleResource extends ResourceOf<typeof scheduleTable> {}
