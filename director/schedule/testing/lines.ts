import { DIRECTOR_TEXT } from "#lib/testing/director-text.ts";
import { testHost } from "#lib/testing/config-host.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import { parseDirectorConfig } from "#director/config/load.ts";
import { activeLines, type ScheduleLine } from "../schedule-lines.ts";

/** A configuration whose Admin jobs have the Schedules of these bodies: job A has the first, B the second, and so on. */
export async function scheduleConfig(...bodies: readonly string[]): Promise<DirectorConfig> {
  const more = bodies.map((body, index) => {
    const name = String.fromCodePoint(65 + index);
    return `Schedule { Name = S${name}\n${body}\n}
      Job { Name = ${name}\nType = ${body.includes("Level") ? "Backup" : "Admin"}\nClient = c\nFileSet = F\nStorage = s\nPool = P\nMessages = M\nSchedule = S${name}\n}`;
  });
  return await parseDirectorConfig(`${DIRECTOR_TEXT}${more.join("\n")}`, "f", { host: testHost() });
}

/** Its Run lines, everything being enabled. */
export async function scheduleLines(...bodies: readonly string[]): Promise<readonly ScheduleLine[]> {
  return activeLines(await scheduleConfig(...bodies), (_kind, _name, configured) => configured);
}
