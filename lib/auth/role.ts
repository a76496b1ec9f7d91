import { Role } from "#proto/common.ts";

/** Roles by the words that code and configuration use. */
export type RoleName = "director" | "fileDaemon" | "storageDaemon" | "console";

const numbers = {
  director: Role.ROLE_DIRECTOR,
  fileDaemon: Role.ROLE_FILE_DAEMON,
  storageDaemon: Role.ROLE_STORAGE_DAEMON,
  console: Role.ROLE_CONSOLE,
} as const satisfies Record<RoleName, Role>;

/** The role's number on the wire. */
export function roleNumber(role: RoleName): Role {
  return numbers[role];
}

/** The role that a number from the wire stands for; undefined if it stands for none. */
export function roleOfNumber(number: number): RoleName | undefined {
  return (Object.keys(numbers) as RoleName[]).find((role) => numbers[role] === number);
}
