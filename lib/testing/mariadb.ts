import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { chmod, chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A MariaDB server of the test's own: `await using server = await PrivateMariadb.start()`; stopped and removed at the end. */
export class PrivateMariadb implements AsyncDisposable {
  readonly socket: string;
  readonly port: number;
  /** User that may do everything, over socket and TCP. */
  readonly user = "nocturne";
  readonly password = "private server of a test";
  readonly #directory: string;
  readonly #daemon: ChildProcess;
  readonly #log: string;

  private constructor(directory: string, port: number, daemon: ChildProcess) {
    this.#directory = directory;
    this.#daemon = daemon;
    this.#log = join(directory, "server.log");
    this.socket = join(directory, "sock");
    this.port = port;
  }

  /** Why no server can be started here; null when one can. With CI=true a missing server is an error instead. */
  static async whyNot(): Promise<string | null> {
    const missing = ["mariadbd", "mariadb-install-db", "mariadb"].filter((program) => findProgram(program) === null);
    if (missing.length === 0) return null;
    const reason = `${missing.join(", ")} not installed (Debian: mariadb-server)`;
    if (process.env["CI"] === "true") throw new Error(`cannot test on MariaDB: ${reason}`);
    return reason;
  }

  /** Makes the data directory, starts the server on a socket and a free loopback port, and waits until it answers. */
  static async start(options: { readonly extraArguments?: readonly string[] } = {}): Promise<PrivateMariadb> {
    const directory = await mkdtemp(join(tmpdir(), "nocturne-mariadb-"));
    try {
      const runAs = await prepareDirectory(directory);
      const data = join(directory, "data");
      execFileSync(
        program("mariadb-install-db"),
        ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db", ...runAs],
        // A directory of its own for temporary tables: a server that starts removes those of all others in a common one.
        { stdio: "pipe", env: { ...process.env, TMPDIR: directory } },
      );
      const port = await freePort();
      const daemon = spawn(
        program("mariadbd"),
        serverArguments(directory, port, [...runAs, ...(options.extraArguments ?? [])]),
        { stdio: "ignore", env: { ...process.env, TMPDIR: directory } },
      );
      const server = new PrivateMariadb(directory, port, daemon);
      await server.#waitUntilUp();
      server.#sql(
        `CREATE USER '${server.user}'@'%' IDENTIFIED BY '${server.password}'; GRANT ALL ON *.* TO '${server.user}'@'%' WITH GRANT OPTION;`,
      );
      return server;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Makes an empty database. */
  createDatabase(name: string): void {
    this.#sql(`CREATE DATABASE \`${name}\``);
  }

  /** Kills the server without warning; `restart` brings it back on the same data. */
  async kill(): Promise<void> {
    if (this.#daemon.exitCode !== null || this.#daemon.signalCode !== null) return;
    const ended = once(this.#daemon, "exit");
    this.#daemon.kill("SIGKILL");
    await ended;
  }

  /** Starts a server anew on the data and port of this one, which must have been killed. Dispose of both: the data go with the first. */
  async restart(): Promise<PrivateMariadb> {
    const runAs = process.getuid?.() === 0 ? ["--user=mysql"] : [];
    const daemon = spawn(program("mariadbd"), serverArguments(this.#directory, this.port, runAs), {
      stdio: "ignore",
      env: { ...process.env, TMPDIR: this.#directory },
    });
    const server = new PrivateMariadb(this.#directory, this.port, daemon);
    await server.#waitUntilUp();
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon.exitCode === null && this.#daemon.signalCode === null) {
      const ended = once(this.#daemon, "exit");
      this.#daemon.kill("SIGTERM");
      const killer = setTimeout(() => this.#daemon.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(killer);
    }
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #waitUntilUp(): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt++) {
      if (this.#daemon.exitCode !== null) break;
      try {
        this.#sql("SELECT 1");
        return;
      } catch {
        await sleep(100);
      }
    }
    const log = await readFile(this.#log, "utf8").catch(() => "");
    throw new Error(`private MariaDB did not start:\n${log.split("\n").slice(-20).join("\n")}`);
  }

  #sql(statement: string): void {
    execFileSync(program("mariadb"), ["--no-defaults", `--socket=${this.socket}`, "--user=root", "-e", statement], {
      stdio: "pipe",
    });
  }
}

/** Small, and without the pains of durability: what is tested is not MariaDB. */
function serverArguments(directory: string, port: number, more: readonly string[]): string[] {
  return [
    "--no-defaults",
    `--datadir=${join(directory, "data")}`,
    `--socket=${join(directory, "sock")}`,
    `--pid-file=${join(directory, "pid")}`,
    `--log-error=${join(directory, "server.log")}`,
    "--bind-address=127.0.0.1",
    `--port=${port}`,
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=128M",
    "--innodb-log-file-size=96M",
    "--innodb-flush-log-at-trx-commit=2",
    "--max-connections=64",
    ...more,
  ];
}

/** The server refuses to run as root, so root runs it as the user of the package, who must be able to enter the directory. */
async function prepareDirectory(directory: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const uid = Number(execFileSync("id", ["-u", "mysql"], { encoding: "utf8" }));
  const gid = Number(execFileSync("id", ["-g", "mysql"], { encoding: "utf8" }));
  await chown(directory, uid, gid);
  await chmod(directory, 0o755);
  return ["--user=mysql"];
}

function program(name: string): string {
  const found = findProgram(name);
  if (found === null) throw new Error(`${name} is not installed`);
  return found;
}

function findProgram(name: string): string | null {
  const directories = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/bin", "/usr/local/sbin"];
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
