/** Error codes of the area "rpc": connections, logins, job logs, messages. Cause and remedy, one line each. */
export const rpcCodes = {
  RPC_UNREACHABLE: {
    cause: "The daemon could not be reached at its address and port.",
    remedy: "Check that it runs, that Address and Port of its resource are right, and that no firewall is between.",
  },
  RPC_CONNECTION_LOST: {
    cause: "The connection broke while it was in use, or the far side stopped answering.",
    remedy: "Usually nothing: it is dialled again. If it recurs, look at the network and at the far side's log.",
  },
  RPC_TLS_FAILED: {
    cause: "The TLS connection could not be made, or the certificate of the far side is not acceptable.",
    remedy:
      "Compare the TLS directives of both sides; look at validity, issuer and names of the certificate that the message names.",
  },
  RPC_TLS_CONFIG: {
    cause: "A TLS directive names a file that is missing, unreadable or not what it should be.",
    remedy: "Correct the directive or the file that the message names.",
  },
  RPC_CERTIFICATE_REFUSED: {
    cause: "The far side does not accept our certificate.",
    remedy: "Give this daemon a valid certificate for its role and name, signed by the CA that the far side trusts.",
  },
  RPC_REFUSED: {
    cause: "The login was refused: name or password do not match the far side's configuration.",
    remedy: "Compare Name and Password in the resources of both sides; the far side's log says precisely what differs.",
  },
  RPC_TOO_MANY_LOGINS: {
    cause: "Too many failed logins came from this address in a short time.",
    remedy: "Correct name and password, wait a minute, try again.",
  },
  RPC_NOT_ALLOWED: { cause: "The caller is known but has no right to this call.", remedy: "Use a resource that may do this." },
  RPC_SESSION_UNKNOWN: {
    cause: "The call came on a connection that has not logged in, e.g. because the far side was restarted.",
    remedy: "Nothing: the caller logs in again by itself.",
  },
  RPC_VERSION: {
    cause: "The two programs speak different protocol numbers.",
    remedy: "Upgrade the older one; proto/versions.md lists which release speaks which.",
  },
  RPC_MESSAGE_TOO_LARGE: {
    cause: "A message exceeds the bound of its kind.",
    remedy: "This should not happen between released programs; report it with both releases.",
  },
  RPC_MESSAGE_INVALID: {
    cause: "A message could not be understood or breaks a rule of the protocol.",
    remedy: "Compare the releases of both sides; report it if they are equal.",
  },
  RPC_BUSY: { cause: "The daemon has as many calls as it may have at once.", remedy: "Wait and try again." },
  RPC_STOPPING: { cause: "The daemon is being stopped.", remedy: "Start it again, or try again if it is being restarted." },
  RPC_PEER_FAILED: {
    cause: "The far side met an error of its own that it does not describe.",
    remedy: "Look at the far side's log at the same time.",
  },
  LISTEN_FAILED: {
    cause: "The daemon cannot listen on an address and port that its configuration names.",
    remedy: "Stop what uses the port, or correct the port and address directives.",
  },
  JOB_UNKNOWN: {
    cause: "The daemon has no log of this job: it never began there, or its end was acknowledged already.",
    remedy: "Nothing if the job has ended; otherwise run it again.",
  },
  JOB_LOG_EXISTS: {
    cause: "The daemon already has a log of a job of this name.",
    remedy: "Follow that job; a job name is used once.",
  },
  JOB_LOG_DAMAGED: {
    cause: "The event log of a job on disk is damaged in its middle.",
    remedy: "Check the disk of the working directory; the job is to be run again.",
  },
  JOB_LOG_TRIMMED: {
    cause: "Events were asked for that had been acknowledged and forgotten.",
    remedy: "Follow from a later event number; two Directors with one name may be at work.",
  },
  EVENT_TOO_LARGE: { cause: "A job event exceeds one MiB.", remedy: "Report it: events are cut before they get so large." },
  MESSAGE_DESTINATION_FAILED: {
    cause: "Messages could not be delivered to a destination of a Messages resource.",
    remedy: "Check the mail command, the file or the system log that the message names.",
  },
  DAEMON_RUNNING: {
    cause: "A daemon of this name already runs on this port, by its pid file.",
    remedy: "Stop the other one first; if none runs, remove the pid file.",
  },
  DAEMON_START_FAILED: {
    cause: "The daemon could not start; the message says what failed.",
    remedy: "Correct that, check with -t, start it again.",
  },
  DAEMON_USER: {
    cause: "The user or group given by -u or -g does not exist or cannot be taken.",
    remedy: "Start as root, with names that exist.",
  },
} as const;
