import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Tree } from "../data/trees.ts";
import { bytesUnder } from "../measure/disk.ts";
import { watchedRun } from "../measure/watched-run.ts";
import type { Subject, SubjectName, SubjectRun } from "./subject.ts";

/** A deduplicating repository on a local directory: what its one program is told for each measured step. */
interface RepositoryProgram {
  readonly name: SubjectName;
  readonly setting: string;
  readonly program: string;
  init(repository: string): readonly string[];
  backup(repository: string, path: string, run: number): readonly string[];
  /** Restores the last backup; the current directory is the one to restore into. */
  restore(repository: string, into: string, run: number): readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** restic, as it is by default: encrypted, zstd. */
export const restic: Subject = repositorySubject({
  name: "restic",
  setting: "local repository, encrypted, zstd, cache directory of its own",
  program: "/usr/bin/restic",
  init: (repository) => ["-r", repository, "init"],
  backup: (repository, path) => ["-r", repository, "backup", "--quiet", path],
  restore: (repository, into) => ["-r", repository, "restore", "latest", "--quiet", "--target", into],
  env: { RESTIC_PASSWORD: "measured", RESTIC_PROGRESS_FPS: "0" },
});

/** Borg, as it is by default: encrypted, lz4. */
export const borg: Subject = repositorySubject({
  name: "borg",
  setting: "local repository, encrypted, lz4, cache directory of its own",
  program: "/usr/bin/borg",
  init: (repository) => ["init", "--encryption=repokey", repository],
  backup: (repository, path, run) => ["create", `${repository}::run-${run}`, path],
  restore: (repository, _into, run) => ["extract", `${repository}::run-${run}`],
  env: { BORG_PASSPHRASE: "measured", BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes" },
});

function repositorySubject(program: RepositoryProgram): Subject {
  return {
    name: program.name,
    setting: program.setting,
    whyNot: () => (existsSync(program.program) ? undefined : `needs ${program.program}`),
    open: async (scratch, tree) => await RepositoryRun.open(program, scratch, tree),
  };
}

class RepositoryRun implements SubjectRun {
  readonly works: SubjectRun["works"];
  readonly #program: RepositoryProgram;
  readonly #repository: string;
  readonly #env: NodeJS.ProcessEnv;
  #runs = 0;
  #cpuSeconds = 0;
  #peakBytes = 0;

  private constructor(program: RepositoryProgram, scratch: string, tree: Tree) {
    this.#program = program;
    this.#repository = join(scratch, "repository");
    const caches = { RESTIC_CACHE_DIR: join(scratch, "cache"), BORG_BASE_DIR: join(scratch, "borg") };
    this.#env = { ...process.env, ...program.env, ...caches };
    const backup = async (): Promise<undefined> => {
      this.#runs += 1;
      await this.#run(program.backup(this.#repository, tree.path, this.#runs), scratch);
    };
    this.works = {
      "first backup": backup,
      "nothing changed": backup,
      "full again": undefined,
      restore: async () => {
        const into = join(scratch, "restored");
        mkdirSync(into, { recursive: true });
        await this.#run(program.restore(this.#repository, into, this.#runs), into);
        if (!existsSync(into + tree.path)) throw new Error(`nothing was restored to ${into}`);
        return undefined;
      },
    };
  }

  static async open(program: RepositoryProgram, scratch: string, tree: Tree): Promise<RepositoryRun> {
    const run = new RepositoryRun(program, scratch, tree);
    await run.#run(program.init(run.#repository), scratch);
    return run;
  }

  storedBytes(): number {
    return bytesUnder(this.#repository);
  }

  peakBytes(): ReadonlyMap<string, number> {
    return new Map([[this.#program.name, this.#peakBytes]]);
  }

  cpuSeconds(): number {
    return this.#cpuSeconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #run(args: readonly string[], cwd: string): Promise<void> {
    const use = await watchedRun(this.#program.program, args, { env: this.#env, cwd });
    this.#cpuSeconds += use.cpuSeconds;
    this.#peakBytes = Math.max(this.#peakBytes, use.peakBytes);
  }
}
