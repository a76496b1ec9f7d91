import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { DEBIAN_BACULA, JUDGING_DEBIAN, NOCTURNE } from "./programs.ts";
import type { SiteWish } from "./site.ts";
import { World } from "./world.ts";

const KEPT = fileURLToPath(new URL("../../.cache/regress", import.meta.url));

const SUBJECT = JUDGING_DEBIAN ? DEBIAN_BACULA : NOCTURNE;

/** What a scenario needs of the machine; where it is missing the scenario is skipped with this as the reason. */
export interface Needs {
  /** Programs or files by path. */
  readonly programs?: readonly string[];
  readonly root?: boolean;
  /** Why something else that it needs is not there, as whoever provides it says; undefined: it is there. */
  readonly lacks?: string | undefined;
}

/** Why the scenario cannot run here; undefined if it can. */
export function whyNot(needs: Needs): string | undefined {
  if (needs.root === true && process.getuid?.() !== 0) return "needs root";
  if (needs.lacks !== undefined) return needs.lacks;
  const missing = (needs.programs ?? []).filter((path) => !existsSync(path));
  return missing.length === 0 ? undefined : `needs ${missing.join(", ")}`;
}

/** Body of a scenario; the world is made for it alone and cleared away after it. */
export type ScenarioBody = (world: World, context: TestContext) => Promise<void>;

export interface ScenarioOptions extends Needs {
  /** Configuration of its site. */
  readonly site?: SiteWish | undefined;
}

/** One fact about the whole system. The logs and configuration of a world in which it does not hold are kept in .cache/regress. */
export function scenario(fact: string, options: ScenarioOptions, body: ScenarioBody): void {
  const reason = whyNot(options);
  void test(fact, { skip: reason ?? false }, async (context) => {
    await using world = await World.create(options.site ?? {}, SUBJECT);
    try {
      await body(world, context);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\nevidence: ${keepEvidence(fact, world)}`, {
        cause: error,
      });
    }
  });
}

/** Copies what explains a failure: configuration, logs, messages; not the data. */
function keepEvidence(fact: string, world: World): string {
  const place = join(KEPT, fact.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase());
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  for (const name of ["bacula-dir.conf", "bacula-fd.conf", "bacula-sd.conf", "bconsole.conf", "messages.log", "logs"]) {
    if (existsSync(world.path(name))) cpSync(world.path(name), join(place, name), { recursive: true });
  }
  return place;
}
