/** Error codes of the area "pki" (encrypted and signed file data): cause and remedy, one line each. */
export const pkiCodes = {
  DATA_ENCRYPTED: {
    cause: "The file was encrypted on the client that saved it, and there is no private key for it here.",
    remedy: "Restore with the key that the message names: PKI Keypair or PKI Master Key of the file daemon, -K of bextract.",
  },
  PKI_DATA_INVALID: {
    cause: "The crypto session or the signature of a file breaks its format.",
    remedy: "Check the Volume with bls; restore the file from another job.",
  },
  PKI_UNSUPPORTED: {
    cause: "A file was encrypted or signed with an algorithm that is not known here.",
    remedy: "Restore it with the program that saved it.",
  },
  PKI_KEY_INVALID: {
    cause: "A file of keys for encrypted data cannot be used.",
    remedy: "It must hold an RSA private key without passphrase and its certificate, both in PEM form.",
  },
} as const;
