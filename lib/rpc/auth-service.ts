import { randomBytes } from "node:crypto";
import { refusalOf, type Trust } from "#lib/auth/tls.ts";
import type { Account } from "#lib/auth/account.ts";
import { LOGIN_NAME_BYTES_MAX, loginKey, makeNonce, NONCE_BYTES, proof, type Transcript } from "#lib/auth/challenge.ts";
import { roleNumber, roleOfNumber, type RoleName } from "#lib/auth/role.ts";
import { sameSecret } from "#lib/auth/secret-compare.ts";
import { abortable } from "#lib/base/abort.ts";
import { must } from "#lib/base/assert.ts";
import { Secret } from "#lib/config/secret.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { AuthService, HelloReply, ProveReply, ProveRequest, ProveStart } from "#proto/auth.ts";
import type { CallContext, Handlers } from "./call.ts";
import { connectionOf, type Connection } from "./connection.ts";
import type { LoginLimiter } from "./login-limiter.ts";
import type { RpcLog } from "./server.ts";
import { CAPABILITIES, checkProtocol, PROTOCOL, uname } from "./versions.ts";

/** What logins at this daemon are judged by. */
export interface LoginRules {
  readonly role: RoleName;
  readonly name: string;
  readonly release: string;
  /** SHA-256 of our own certificate. */
  readonly certificateSha256: Buffer;
  readonly accounts: (role: RoleName, name: string) => Account | undefined;
  /** The CA certificates of an account's TLS directives. */
  readonly trustOf: (account: Account) => Promise<Trust>;
  readonly limiter: LoginLimiter;
  readonly log: RpcLog;
}

/** Whole time for one login. */
const LOGIN_MS_MAX = 20_000;

/** With it a stranger's name is answered as a known one's would be. */
const nobody = new Secret(randomBytes(32).toString("hex"));

/** The Auth service: who is there, and the mutual proof of the password (docs/protocols/connection.md). */
export function authHandlers(rules: LoginRules): Handlers<AuthService> {
  return {
    hello: async (request) => {
      checkProtocol(request.protocol, request.release, "the caller");
      return helloReply(rules);
    },
    prove: (requests, call) => prove(rules, requests, call),
  };
}

function helloReply(rules: LoginRules): HelloReply {
  return {
    protocol: PROTOCOL,
    release: rules.release,
    role: roleNumber(rules.role),
    name: rules.name,
    uname: uname(),
    capabilities: [...CAPABILITIES],
  };
}

async function* prove(rules: LoginRules, requests: AsyncIterable<ProveRequest>, call: CallContext): AsyncGenerator<ProveReply> {
  const connection = must(connectionOf(call), "the connection of a login");
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(LOGIN_MS_MAX)]);
  const steps = requests[Symbol.asyncIterator]();
  const start = checkStart((await abortable(steps.next(), signal)).value);
  const { role, name } = start;
  const source = `${connection.host} ${role} ${name}`;
  const waitMs = rules.limiter.waitMs(source);
  if (waitMs > 0) {
    throw new OperatorError("RPC_TOO_MANY_LOGINS", `too many failed logins as ${role} "${name}" from ${connection.host}`, {
      hint: `try again in ${Math.ceil(waitMs / 1000)} s`,
    });
  }
  const account = rules.accounts(role, name);
  const key = account === undefined ? await loginKey(nobody, "", "") : await loginKey(account.password, name, rules.name);
  const transcript: Transcript = {
    protocol: PROTOCOL,
    clientRole: roleNumber(role),
    clientName: name,
    serverRole: roleNumber(rules.role),
    serverName: rules.name,
    clientNonce: start.nonce,
    serverNonce: makeNonce(),
    clientCertificate: connection.peer.sha256,
    serverCertificate: rules.certificateSha256,
  };
  yield {
    step: {
      $case: "answer",
      value: {
        protocol: PROTOCOL,
        role: roleNumber(rules.role),
        name: rules.name,
        nonce: Buffer.from(transcript.serverNonce),
        serverProof: proof(key, "server", transcript),
      },
    },
  };
  const second: ProveRequest | undefined = (await abortable(steps.next(), signal)).value || undefined;
  const offered = second?.step?.$case === "clientProof" ? second.step.value : Buffer.alloc(0);
  if (account === undefined || !sameSecret(offered, proof(key, "client", transcript))) {
    refuse(
      rules,
      connection,
      source,
      account === undefined
        ? `no ${role} of that name is configured here`
        : `the passwords differ; ours is that of ${account.where}`,
      { role, name },
    );
  }
  await checkCertificate(rules, connection, account, { role, name });
  rules.limiter.succeeded(source);
  const token = makeNonce();
  connection.session = { role, name, token };
  yield { step: { $case: "verdict", value: { session: token } } };
}

interface CheckedStart {
  readonly role: RoleName;
  readonly name: string;
  readonly nonce: Buffer;
}

function checkStart(request: ProveRequest | undefined): CheckedStart {
  const start: ProveStart | undefined = request?.step?.$case === "start" ? request.step.value : undefined;
  if (start === undefined) throw new OperatorError("RPC_MESSAGE_INVALID", "a login must begin with its start message");
  checkProtocol(start.protocol, "", "the caller");
  const role = roleOfNumber(start.role);
  const nameBytes = Buffer.byteLength(start.name);
  if (role === undefined || nameBytes === 0 || nameBytes > LOGIN_NAME_BYTES_MAX || start.nonce.byteLength !== NONCE_BYTES) {
    throw new OperatorError("RPC_MESSAGE_INVALID", "the start message of the login is not valid");
  }
  return { role, name: start.name, nonce: start.nonce };
}

/** The caller learns only that name or password differ; our log learns which, and where ours stands. */
function refuse(
  rules: LoginRules,
  connection: Connection,
  source: string,
  reason: string,
  caller: { role: RoleName; name: string },
): never {
  rules.limiter.failed(source);
  rules.log.security(`login of ${caller.role} "${caller.name}" from ${connection.address} is refused: ${reason}`);
  throw new OperatorError("RPC_REFUSED", `${rules.role} "${rules.name}" refuses the login: name or password differ`, {
    hint: "compare Name and Password in the resources of both sides; its log says precisely what differs",
  });
}

async function checkCertificate(
  rules: LoginRules,
  connection: Connection,
  account: Account,
  caller: { role: RoleName; name: string },
): Promise<void> {
  const reason = refusalOf(connection.peer, account.tls, await rules.trustOf(account), caller);
  if (reason === undefined) return;
  rules.log.security(
    `login of ${caller.role} "${caller.name}" from ${connection.address} is refused: ${reason}; it was judged by ${account.where}`,
  );
  throw new OperatorError("RPC_CERTIFICATE_REFUSED", `${rules.role} "${rules.name}" refuses our certificate: ${reason}`);
}
