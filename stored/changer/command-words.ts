import { splitCommand } from "#lib/base/split-command.ts";

/** What the %-codes of a changer's commands stand for. */
export interface CommandCodes {
  /** %c */
  readonly changerDevice: string;
  /** %d */
  readonly driveIndex: number;
  /** %a */
  readonly archiveDevice: string;
  /** %l */
  readonly controlDevice: string;
  /** %o: load, unload, loaded, list, listall, slots or transfer. */
  readonly operation: string;
  /** %S, counted from 1; %s is one less. */
  readonly slot: number;
  /** %v */
  readonly volume: string;
  /** %f */
  readonly client: string;
  /** %j */
  readonly job: string;
}

/**
 * Program and arguments of a command of the configuration. The words are parted before codes are filled in, and no shell sees them: a
 * name with blanks or quotes stays one argument. Unknown codes stay as they are.
 */
export function commandWords(template: string, codes: CommandCodes): string[] {
  return splitCommand(template).map((word) => word.replaceAll(/%(.)/g, (whole, code: string) => valueOf(code, codes) ?? whole));
}

function valueOf(code: string, codes: CommandCodes): string | undefined {
  switch (code) {
    case "%":
      return "%";
    case "a":
      return codes.archiveDevice;
    case "c":
      return codes.changerDevice;
    case "d":
      return String(codes.driveIndex);
    case "f":
      return codes.client;
    case "j":
      return codes.job;
    case "l":
      return codes.controlDevice;
    case "o":
      return codes.operation;
    case "s":
      return String(codes.slot - 1);
    case "S":
      return String(codes.slot);
    case "v":
      return codes.volume;
    default:
      return undefined;
  }
}
