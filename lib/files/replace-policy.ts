/** What to do with a file that is there already. */
export type ReplacePolicy = "always" | "ifnewer" | "ifolder" | "never";

/** Reads the word of a Restore job; `always` is Bacula's default. Undefined if it is none. */
export function replacePolicy(word: string): ReplacePolicy | undefined {
  const lower = word.toLowerCase();
  if (lower === "") return "always";
  return (["always", "ifnewer", "ifolder", "never"] as const).find((policy) => policy === lower);
}

/** Whether the saved file takes the place of the existing one. Times in seconds. "ifnewer": if the saved one is newer than the existing. */
export function replaces(policy: ReplacePolicy, savedMtime: number, existingMtime: number): boolean {
  switch (policy) {
    case "always":
      return true;
    case "ifnewer":
      return savedMtime > existingMtime;
    case "ifolder":
      return savedMtime < existingMtime;
    case "never":
      return false;
  }
}

/** Bacula's words for a file that was left as it is. */
export function skipReason(policy: ReplacePolicy): string {
  return policy === "ifnewer"
    ? "File skipped. Not newer"
    : policy === "ifolder"
      ? "File skipped. Not older"
      : "File skipped. Already exists";
}
