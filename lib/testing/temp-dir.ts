import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory for one test: `await using dir = await TempDir.make()`; removed, with all in it, at the end of the block. */
export class TempDir implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes a fresh, empty directory, mode 0700. */
  static async make(): Promise<TempDir> {
    return new TempDir(await mkdtemp(join(tmpdir(), "nocturne-test-")));
  }

  /** A path inside the directory. */
  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
