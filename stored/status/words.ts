const levels: Readonly<Record<string, string>> = {
  F: "Full",
  I: "Incremental",
  D: "Differential",
  B: "Base",
  f: "VirtualFull",
};
const jobTypes: Readonly<Record<string, string>> = {
  B: "Backup",
  R: "Restore",
  V: "Verify",
  D: "Admin",
  c: "Copy",
  g: "Migration",
};

/** The word for a level letter in status. */
export function levelWord(letter: string): string {
  return levels[letter] ?? "";
}

/** The word for a job type letter in status. */
export function typeWord(letter: string): string {
  return jobTypes[letter] ?? "Job";
}

const outcomes: Readonly<Record<string, string>> = {
  T: "OK",
  W: "OK -- with warnings",
  E: "Error",
  f: "Error",
  A: "Cancel",
  I: "Incomplete",
};

/** The word for how a job ended, in the table of terminated jobs. */
export function outcomeWord(letter: string): string {
  return outcomes[letter] ?? "Other";
}
