import { loginKey, makeNonce, NONCE_BYTES, proof, type Transcript } from "#lib/auth/challenge.ts";
import { roleNumber, type RoleName } from "#lib/auth/role.ts";
import { sameSecret } from "#lib/auth/secret-compare.ts";
import type { Secret } from "#lib/config/secret.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { ProveReply, ProveRequest } from "#proto/auth.ts";
import type { BidiCall } from "./client.ts";
import { checkProtocol, PROTOCOL } from "./versions.ts";

/** The caller's side of a login. */
export interface LoginPlan {
  readonly self: { readonly role: RoleName; readonly name: string; readonly certificateSha256: Uint8Array };
  readonly server: { readonly role: RoleName; readonly name: string; readonly certificateSha256: Uint8Array };
  readonly password: Secret;
  /** Resource that holds the password, for messages. */
  readonly where: string;
  /** Name of the far side for messages. */
  readonly who: string;
}

/** Proves the password in both directions; answers the token for further calls. Throws RPC_REFUSED, RPC_CERTIFICATE_REFUSED, RPC_VERSION. */
export async function login(call: BidiCall<ProveRequest, ProveReply>, plan: LoginPlan): Promise<Buffer> {
  const { self, server, password, where, who } = plan;
  const nonce = makeNonce();
  const replies = call[Symbol.asyncIterator]();
  await call.write({
    step: {
      $case: "start",
      value: { protocol: PROTOCOL, role: roleNumber(self.role), name: self.name, serverName: server.name, nonce },
    },
  });
  const answer = await step(replies, "answer", who);
  checkProtocol(answer.protocol, "", who);
  if (answer.role !== roleNumber(server.role) || answer.nonce.byteLength !== NONCE_BYTES) {
    throw new OperatorError("RPC_REFUSED", `${who} is no ${server.role}`, { hint: "check the address and port" });
  }
  const transcript: Transcript = {
    protocol: PROTOCOL,
    clientRole: roleNumber(self.role),
    clientName: self.name,
    serverRole: answer.role,
    serverName: answer.name,
    clientNonce: nonce,
    serverNonce: answer.nonce,
    clientCertificate: self.certificateSha256,
    serverCertificate: server.certificateSha256,
  };
  const key = await loginKey(password, self.name, answer.name);
  if (!sameSecret(answer.serverProof, proof(key, "server", transcript))) {
    // Our proof would help an impostor to guess the password; an empty one lets an honest far side log what is wrong.
    await call.write({ step: { $case: "clientProof", value: Buffer.alloc(0) } });
    call.end();
    await replies.next().catch(() => {});
    throw new OperatorError(
      "RPC_REFUSED",
      `${who} does not know our password for ${self.role} "${self.name}" (that of ${where})`,
      {
        hint: "compare Name and Password in the resources of both sides; its log says precisely what differs",
      },
    );
  }
  await call.write({ step: { $case: "clientProof", value: proof(key, "client", transcript) } });
  call.end();
  const verdict = await step(replies, "verdict", who);
  await replies.next();
  if (verdict.session.byteLength !== NONCE_BYTES)
    throw new OperatorError("RPC_MESSAGE_INVALID", `${who} ended the login with an invalid message`);
  return verdict.session;
}

type StepOf<C extends string> = Extract<NonNullable<ProveReply["step"]>, { $case: C }>["value"];

async function step<C extends "answer" | "verdict">(
  replies: AsyncIterator<ProveReply>,
  wanted: C,
  who: string,
): Promise<StepOf<C>> {
  const next = await replies.next();
  const reply = next.done === true ? undefined : next.value.step;
  if (reply?.$case !== wanted)
    throw new OperatorError("RPC_MESSAGE_INVALID", `${who} answered the login with an unexpected message`);
  return reply.value as StepOf<C>;
}
