import { baseCodes } from "./codes/base.ts";
import { btrfsCodes } from "./codes/btrfs.ts";
import { catalogCodes } from "./codes/catalog.ts";
import { changerCodes } from "./codes/changer.ts";
import { chunkCodes } from "./codes/chunk.ts";
import { configCodes } from "./codes/config.ts";
import { consoleCodes } from "./codes/console.ts";
import { directorCodes } from "./codes/director.ts";
import { filedCodes } from "./codes/filed.ts";
import { mediaCodes } from "./codes/media.ts";
import { pkiCodes } from "./codes/pki.ts";
import { rpcCodes } from "./codes/rpc.ts";
import { scheduleCodes } from "./codes/schedule.ts";
import { setupCodes } from "./codes/setup.ts";
import { spaceCodes } from "./codes/space.ts";
import { storedCodes } from "./codes/stored.ts";
import { descriptionCodes } from "./codes/description.ts";
import { toolsCodes } from "./codes/tools.ts";

/** What a code means: its cause in one line and the remedy in one line. The reference page is generated from this. */
export interface CodeMeaning {
  readonly cause: string;
  readonly remedy: string;
}

/** Every error code of the product, by area. Codes are stable: scripts and the manual refer to them. */
export const errorCodes = {
  ...baseCodes,
  ...configCodes,
  ...rpcCodes,
  ...catalogCodes,
  ...storedCodes,
  ...changerCodes,
  ...chunkCodes,
  ...btrfsCodes,
  ...spaceCodes,
  ...filedCodes,
  ...pkiCodes,
  ...directorCodes,
  ...mediaCodes,
  ...consoleCodes,
  ...scheduleCodes,
  ...setupCodes,
  ...descriptionCodes,
  ...toolsCodes,
} satisfies Record<string, CodeMeaning>;

export type ErrorCode = keyof typeof errorCodes;
