import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "#regress/process.ts";
import type { Subject, SubjectRun } from "./subject.ts";

const HOUR_MS = 3_600_000;

/** A deduplicating repository on a local directory: what its one program is told for each measured step. */
interface RepositoryProgram {
  readonly name: Subject["name"];
  readonly program: string;
  init(repository: string): readonly string[];
  backup(repository: string, path: string, run: number): readonly string[];
  /** Restores the last backup; `cwd` is the directory to restore into. */
  restore(repository: string, into: string, run: number): readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** restic, encrypted and compressed (zstd). */
export const restic: Subject = repositorySubject({
  name: "restic",
  program: "/usr/bin/restic",
  init: (repository) => ["-r", repository, "init"],
  backup: (repository, path) => ["-r", repository, "backup", "--quiet", path],
  restore: (repository, into) => ["-r", repository, "restore", "latest", "--quiet", "--target", into],
  env: { RESTIC_PASSWORD: "measured", RESTIC_PROGRESS_FPS: "0" },
});

/** Borg, encrypted and compressed (lz4). */
export const borg: Subject = repositorySubject({
  name: "borg",
  program: "/usr/bin/borg",
  init: (repository) => ["init", "--encryption=repokey", repository],
  backup: (repository, path, run) => ["create", `${repository}::run-${run}`, path],
  restore: (repository, _into, run) => ["extract", `${repository}::run-${run}`],
  env: { BORG_PASSPHRASE: "measured", BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes" },
});

function repositorySubject(program: RepositoryProgram): Subject {
  return {
    name: program.name,
    whyNot: () => (existsSync(program.program) ? undefined : `needs ${program.program}`),
    open: async (scratch, data) => {
      const run = new RepositoryRun(program, scratch, data.path);
      await run.init();
      return run;
    },
  };
}

class RepositoryRun implements SubjectRun {
  readonly #program: RepositoryProgram;
  readonly #repository: string;
  readonly #path: string;
  readonly #env: NodeJS.ProcessEnv;
  #runs = 0;
  #stored = 0;

  constructor(program: RepositoryProgram, scratch: string, path: string) {
    this.#program = program;
    this.#repository = join(scratch, "repository");
    this.#path = path;
    const caches = { RESTIC_CACHE_DIR: join(scratch, "cache"), BORG_BASE_DIR: join(scratch, "borg") };
    this.#env = { ...process.env, ...program.env, ...caches };
  }

  async init(): Promise<void> {
    await this.#run(this.#program.init(this.#repository));
  }

  async backup(): Promise<undefined> {
    await this.#run(this.#program.backup(this.#repository, this.#path, ++this.#runs));
    this.#stored = bytesUnder(this.#repository);
  }

  async incremental(): Promise<undefined> {
    await this.#run(this.#program.backup(this.#repository, this.#path, ++this.#runs));
  }

  async restore(into: string): Promise<undefined> {
    mkdirSync(into, { recursive: true });
    await this.#run(this.#program.restore(this.#repository, into, this.#runs), into);
  }

  storedBytes(): number {
    return this.#stored;
  }

  peakMemoryBytes(): number {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #run(args: readonly string[], cwd?: string): Promise<void> {
    await mustRun(this.#program.program, args, { env: this.#env, timeoutMs: HOUR_MS, ...(cwd === undefined ? {} : { cwd }) });
  }
}

function bytesUnder(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
