import { readFileSync } from "node:fs";
import { release as kernelRelease, type as systemType, arch, hostname } from "node:os";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** The protocol number that this release speaks; proto/versions.md says what each number changed. */
export const PROTOCOL = 1;

/** The release of this software. A test compares it with package.json. */
export const RELEASE = "0.1.0";

/** What both sides may rely on, told in Auth.Hello. */
export const CAPABILITIES: readonly string[] = ["zstd"];

/** Host and system as `status` and the Client row show them, e.g. "db1 x86_64-linux 6.1.0 Debian GNU/Linux 12". At most 256 characters. */
export function uname(): string {
  const machine = arch() === "x64" ? "x86_64" : arch();
  return `${hostname()} ${machine}-${systemType().toLowerCase()} ${kernelRelease()} ${distribution()}`.trim().slice(0, 256);
}

/** What the system calls itself (os-release); empty if it does not. */
function distribution(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    return (name ?? "").replaceAll(/[^ -~]/g, "").trim();
  } catch {
    return "";
  }
}

/** Throws RPC_VERSION unless the far side speaks our protocol number. */
export function checkProtocol(protocol: number, release: string, who: string): void {
  if (protocol === PROTOCOL) return;
  throw new OperatorError(
    "RPC_VERSION",
    `${who} speaks protocol ${protocol} (release ${release || "unknown"}), this program speaks protocol ${PROTOCOL} (release ${RELEASE})`,
    {
      hint: protocol < PROTOCOL ? `upgrade ${who}` : "upgrade this program",
    },
  );
}
