import { join } from "node:path";
import type { SitePlan } from "./site-plan.ts";

/** Who shows a certificate. */
export type Holder = "dir" | "fd" | "sd" | "console";

/** Path of a certificate or key of the site. */
export function tlsFile(plan: SitePlan, name: Holder | "ca", kind: "crt" | "key"): string {
  return join(plan.configDir, "tls", `${name}.${kind}`);
}

/** Where TLS directives stand: in a resource that stands for a peer that is dialled, or for one that calls. */
export type TlsSide = "dials" | "answers";

/** The TLS directives by which one end of a connection shows its certificate and checks the peer's. */
export function tlsLines(plan: SitePlan, holder: Holder, side: TlsSide): string {
  return [
    "  TLS Enable = yes",
    "  TLS Require = yes",
    ...(side === "answers" ? ["  TLS Verify Peer = yes"] : []),
    `  TLS CA Certificate File = "${tlsFile(plan, "ca", "crt")}"`,
    `  TLS Certificate = "${tlsFile(plan, holder, "crt")}"`,
    `  TLS Key = "${tlsFile(plan, holder, "key")}"`,
  ].join("\n");
}
