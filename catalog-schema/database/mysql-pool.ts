import { connect, isIP, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createConnection, type Connection, type QueryError, type QueryOptions } from "mysql2";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { Slots } from "./mutex.ts";
import { mysqlError, TransientError } from "./mysql-errors.ts";

/** TLS towards the database server. Texts are PEM. */
export interface MysqlTls {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Default true: the server's certificate and name are checked. */
  readonly verify?: boolean;
}

/** Where a MySQL catalog is and how to get in. */
export interface MysqlOptions {
  readonly driver: "mysql";
  /** Name of the database. */
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** Hosts, tried in order from the last that worked: the nodes of a cluster. Default: localhost. */
  readonly addresses?: readonly string[];
  /** Default 3306. */
  readonly port?: number;
  /** Unix socket; wins over the addresses. */
  readonly socket?: string;
  readonly tls?: MysqlTls;
  /** Connections at most; default 8. */
  readonly connections?: number;
  /** How long a lost server is waited for; default 30 s. */
  readonly reconnectMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A connection idle for longer is asked whether it still lives before it is used. */
const IDLE_TRUST_MS = 5_000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 3_000;

/** Connections to one MySQL catalog: bounded, checked, renewed, over any of several addresses. */
export class MysqlPool implements AsyncDisposable {
  readonly #options: MysqlOptions;
  readonly #slots: Slots;
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = [];
  #address = 0;
  #isClosed = false;
  /** Names database and server in messages. */
  readonly where: string;

  constructor(options: MysqlOptions) {
    this.#options = options;
    this.#slots = new Slots(options.connections ?? 8);
    this.where = `${options.name} at ${options.socket ?? addressesOf(options).join(", ")}`;
  }

  /** A connection for one user. Waits for the server up to `reconnectMs`, unless `isPatient` is false. */
  async take(isPatient = true): Promise<Connection> {
    await this.#slots.acquire();
    try {
      return await this.#live(isPatient);
    } catch (error) {
      this.#slots.release();
      throw error;
    }
  }

  /** Gives back a connection that works. */
  put(connection: Connection): void {
    if (this.#isClosed) connection.destroy();
    else this.#idle.push({ connection, since: Date.now() });
    this.#slots.release();
  }

  /** Gives back a connection that is lost or in an unknown state. */
  discard(connection: Connection): void {
    connection.destroy();
    this.#slots.release();
  }

  /** Lends a connection for a piece of work; one that failed is not used again. */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.take();
    try {
      const result = await work(connection);
      this.put(connection);
      return result;
    } catch (error) {
      this.discard(connection);
      throw mysqlError(error, this.where);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all(
      this.#idle.splice(0).map(({ connection }) => new Promise<void>((resolve) => connection.end(() => resolve()))),
    );
  }

  async #live(isPatient: boolean): Promise<Connection> {
    if (this.#isClosed) throw new OperatorError("CATALOG_CLOSED", `catalog ${this.where} is closed`);
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (Date.now() - idle.since < IDLE_TRUST_MS || (await isAlive(idle.connection))) return idle.connection;
      idle.connection.destroy();
    }
    return await this.#connect(isPatient ? (this.#options.reconnectMs ?? 30_000) : 0);
  }

  async #connect(patienceMs: number): Promise<Connection> {
    const deadline = Date.now() + patienceMs;
    for (let wait = BACKOFF_FIRST_MS; ; wait = Math.min(2 * wait, BACKOFF_MAX_MS)) {
      try {
        return await this.#connectAnywhere();
      } catch (error) {
        if (!(error instanceof TransientError) || Date.now() + wait > deadline || this.#isClosed) throw error;
        await sleep(wait);
      }
    }
  }

  /** Tries every address once, beginning with the one that worked last. */
  async #connectAnywhere(): Promise<Connection> {
    const addresses = addressesOf(this.#options);
    let failure: unknown;
    for (let tried = 0; tried < addresses.length; tried++) {
      const index = (this.#address + tried) % addresses.length;
      try {
        const connection = await open(this.#options, addresses[index]!);
        this.#address = index;
        return connection;
      } catch (error) {
        failure = error;
      }
    }
    throw unreachable(failure, this.where);
  }
}

function addressesOf(options: MysqlOptions): readonly string[] {
  if (options.socket !== undefined) return ["localhost"];
  return options.addresses === undefined || options.addresses.length === 0 ? ["localhost"] : options.addresses;
}

function unreachable(error: unknown, where: string): Error {
  const known = mysqlError(error, where);
  if (known instanceof TransientError) return known;
  return new OperatorError(
    "CATALOG_UNREACHABLE",
    known instanceof OperatorError ? known.message : `catalog ${where}: ${known.message}`,
    {
      hint: "check that the server runs and what the Catalog resource says",
      cause: error,
    },
  );
}

/** Sessions speak UTF-8, refuse what does not fit, and see each statement's own moment, so that concurrent inserts of paths are seen. */
async function open(options: MysqlOptions, host: string): Promise<Connection> {
  const connection = createConnection({
    ...(options.socket === undefined ? { host, port: options.port ?? 3306 } : { socketPath: options.socket }),
    user: options.user,
    password: options.password,
    database: options.name,
    charset: "utf8mb4",
    connectTimeout: CONNECT_TIMEOUT_MS,
    multipleStatements: false,
    dateStrings: true,
    enableKeepAlive: true,
    ...(options.tls === undefined ? {} : { ssl: tlsOptions(options), stream: () => connectSocket(options, host) }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      connection.on("error", reject);
      connection.connect((error) => (error === null ? resolve() : reject(error)));
    });
    connection.on("error", () => {}); // the query under way, or the next one, says so
    await query(connection, "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'");
    await query(connection, "SET SESSION net_write_timeout = 3600"); // an operator may take his time to read a long list
    await query(connection, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/**
 * mysql2 hands Node's TLS no name when the server is given by its address, and Node would then compare the certificate with "localhost".
 * A socket that says whom it was opened to makes Node compare with the address.
 */
function connectSocket(options: MysqlOptions, host: string): Socket {
  if (options.socket !== undefined) return connect(options.socket);
  const socket = connect(options.port ?? 3306, host);
  return isIP(host) === 0 ? socket : Object.assign(socket, { _host: host });
}

/** Over a Unix socket there is no name to compare with; the certificate itself is still checked. */
function tlsOptions(options: MysqlOptions): Record<string, unknown> {
  const tls = options.tls ?? {};
  const verify = tls.verify ?? true;
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: verify,
    verifyIdentity: verify && options.socket === undefined,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

async function isAlive(connection: Connection): Promise<boolean> {
  return await new Promise((resolve) => connection.ping((error) => resolve(error === null)));
}

/** Runs a statement; rows as objects, or the header of what changed. */
export async function query(connection: Connection, statement: string | QueryOptions): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const settle = (error: QueryError | null, result: unknown): void => (error === null ? resolve(result) : reject(error));
    // null: there are no values; without it the driver looks for placeholders in every character of the statement.
    if (typeof statement === "string") connection.query({ sql: statement, values: null }, settle);
    else connection.query(statement, settle);
  });
}
