import { directive } from "./define-resource.ts";
import { bool, path, textList } from "./directive-types.ts";

/** The TLS directives, the same in every resource that stands for one end of a connection. */
export const tlsDirectives = {
  tlsEnable: directive(bool(), {
    default: false,
    acts: true,
    description: "Asks for certificates of the administrator's own; connections are encrypted either way.",
  }),
  tlsRequire: directive(bool(), {
    default: false,
    acts: true,
    description: "Refuses a peer that cannot do what TLS Enable asks for.",
  }),
  tlsAuthenticate: directive(bool(), {
    default: false,
    acts: true,
    description: "Uses TLS to know the peer; the connection stays encrypted.",
  }),
  tlsPskEnable: directive(bool(), {
    default: true,
    acts: false,
    description: "Knows the peer by the shared Password where no certificate is configured.",
  }),
  tlsVerifyPeer: directive(bool(), { default: true, acts: true, description: "Checks the certificate that the peer shows." }),
  tlsCaCertificateFile: directive(path(), {
    acts: true,
    description: "File of the certificate authorities that are trusted for the peer.",
  }),
  tlsCaCertificateDir: directive(path(), {
    acts: true,
    description: "Directory of the certificate authorities that are trusted for the peer.",
  }),
  tlsCertificate: directive(path(), { acts: true, description: "File of the certificate to show to the peer." }),
  tlsKey: directive(path(), { acts: true, description: "File of the private key of that certificate." }),
  tlsDhFile: directive(path(), {
    acts: false,
    description: "Diffie-Hellman parameters of older TLS versions; TLS 1.3 needs none.",
    deprecated: "leave it out: TLS 1.3 does not use it",
  }),
  tlsAllowedCn: directive(textList("list of common names"), {
    acts: true,
    description: "Names of which the peer's certificate must carry one.",
  }),
};

/** What the TLS directives of one resource say. Paths are as written, after shell expansion. */
export interface TlsSettings {
  readonly enable: boolean;
  readonly require: boolean;
  readonly verifyPeer: boolean;
  readonly authenticate: boolean;
  readonly caCertificateFile: string | undefined;
  readonly caCertificateDir: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly allowedCn: readonly string[];
}

/** The part of a resource that `tlsSettings` reads. */
export interface TlsDirectiveValues {
  readonly tlsEnable: boolean;
  readonly tlsRequire: boolean;
  readonly tlsVerifyPeer: boolean;
  readonly tlsAuthenticate: boolean;
  readonly tlsCaCertificateFile: string | undefined;
  readonly tlsCaCertificateDir: string | undefined;
  readonly tlsCertificate: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsAllowedCn: readonly string[];
}

/** The TLS directives of a resource as one object. */
export function tlsSettings(resource: TlsDirectiveValues): TlsSettings {
  return {
    enable: resource.tlsEnable || resource.tlsRequire || resource.tlsAuthenticate,
    require: resource.tlsRequire,
    verifyPeer: resource.tlsVerifyPeer,
    authenticate: resource.tlsAuthenticate,
    caCertificateFile: resource.tlsCaCertificateFile,
    caCertificateDir: resource.tlsCaCertificateDir,
    certificate: resource.tlsCertificate,
    key: resource.tlsKey,
    allowedCn: resource.tlsAllowedCn,
  };
}
