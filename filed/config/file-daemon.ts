import { addressBlock } from "#lib/config/address-types.ts";
import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { bool, integer, oneOf, path, port, resourceName, speed, text, textList, time } from "#lib/config/directive-types.ts";
import { reference } from "#lib/config/reference-types.ts";
import { tlsDirectives } from "#lib/config/tls-directives.ts";
import type { FileDaemonResources } from "./resources.ts";

/** The FileDaemon resource: the file daemon itself. `Client` is another word for it. */
const fileDaemonDirectives = {
  name: directive(resourceName(), { required: true, acts: true, description: "Name of the daemon in messages." }),
  description: directive(text(), { acts: true, description: "Free text for people." }),
  fdPort: directive(port(), { synonyms: ["Port"], default: 9102, acts: true, description: "Port to listen on." }),
  fdAddress: directive(text("address"), { synonyms: ["Address"], acts: true, description: "Address to listen on." }),
  fdAddresses: directive(addressBlock(), {
    synonyms: ["Addresses"],
    acts: true,
    description: "Several addresses to listen on.",
  }),
  fdSourceAddress: directive(text("address"), { acts: false, description: "Address from which storage daemons are dialled." }),
  workingDirectory: directive(path(), { required: true, acts: true, description: "Directory for the state of the daemon." }),
  pidDirectory: directive(path(), {
    acts: true,
    description: "Directory for the file with the process number; the working directory if absent.",
  }),
  subsysDirectory: directive(path(), {
    acts: false,
    description: "Directory for a lock file of former init systems.",
    deprecated: "leave it out",
  }),
  pluginDirectory: directive(path(), { acts: false, description: "Directory of plugins." }),
  snapshotCommand: directive(text(), { acts: false, description: "Program that makes snapshots of file systems." }),
  scriptsDirectory: directive(path(), { acts: false, description: "Directory of scripts." }),
  maximumConcurrentJobs: directive(integer(), { default: 20, acts: true, description: "Most jobs at once." }),
  messages: directive(reference("Messages"), { acts: false, description: "Where messages go that belong to no job." }),
  sdConnectTimeout: directive(time(), { default: 1800, acts: true, description: "How long to try to reach a storage daemon." }),
  heartbeatInterval: directive(time(), {
    default: 300,
    acts: false,
    description: "Interval of signs of life on idle connections; they come every 15 seconds whatever is set.",
  }),
  maximumNetworkBufferSize: directive(integer(), {
    default: 0,
    acts: false,
    description: "Size of the buffer for data on its way.",
  }),
  pkiSignatures: directive(bool(), {
    default: false,
    acts: false,
    description: "Signs each file; files are not signed yet, but restores check signatures that are there.",
  }),
  pkiEncryption: directive(bool(), {
    default: false,
    acts: false,
    description:
      "Encrypts file data on the client; files are not encrypted yet, but restores open those that Bacula encrypted.",
  }),
  pkiKeyPair: directive(path(), {
    acts: true,
    description:
      "File of the client's private key and certificate (PEM): restores open encrypted files and check signatures with them.",
  }),
  pkiSigner: directive(textList("list of files"), {
    acts: true,
    description: "Files of certificates of others whose signatures are trusted when files are restored.",
  }),
  pkiMasterKey: directive(textList("list of files"), {
    acts: true,
    description:
      "Files of certificates of others who can decrypt; where one holds its private key, too, restores open files with it.",
  }),
  pkiCipher: directive(oneOf("aes128", "aes192", "aes256", "blowfish"), { acts: false, description: "Cipher of file data." }),
  pkiDigest: directive(oneOf("md5", "sha1", "sha256"), { acts: false, description: "Digest that is signed." }),
  verId: directive(text(), { acts: false, description: "Text shown beside the version." }),
  maximumBandwidthPerJob: directive(speed(), {
    default: 0,
    acts: true,
    description: "Most bytes a second of each backup; 0 is no limit.",
  }),
  commCompression: directive(bool(), { default: true, acts: false, description: "Compresses what goes over the network." }),
  disableCommand: directive(textList("list of commands"), {
    acts: false,
    description: "Orders of Directors that are refused.",
  }),
  maximumJobErrorCount: directive(integer(), {
    default: 1000,
    acts: false,
    description: "Errors after which a job gives up; 0 is no limit.",
  }),
  sdPacketCheck: directive(integer(), {
    default: 0,
    acts: false,
    description: "Packets after which the storage daemon is asked for a sign of life.",
  }),
  fipsRequire: directive(bool(), {
    default: false,
    acts: false,
    description: "Insists on a FIPS mode of the cryptographic library.",
  }),
  dedupIndexDirectory: directive(path(), {
    acts: false,
    description: "Directory for what the client knows of deduplicating stores.",
  }),
  enableClientRehydration: directive(bool(), {
    default: false,
    acts: false,
    description: "Puts deduplicated data together on the client when it is restored.",
  }),
  ...tlsDirectives,
};

export const fileDaemonTable = defineResource("FileDaemon", fileDaemonDirectives, { description: "The file daemon itself." });

/** `Client { ... }` means the same as `FileDaemon { ... }`. */
export const clientTable = defineResource("Client", fileDaemonDirectives, {
  namespace: "FileDaemon",
  isAlias: true,
  description: "The file daemon itself.",
});

export interface FileDaemonResource extends ResourceOf<typeof fileDaemonTable, FileDaemonResources> {}
