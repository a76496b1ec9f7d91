const LEVELS: Readonly<Record<string, string>> = {
  F: "Full",
  D: "Differential",
  I: "Incremental",
  S: "Since",
  B: "Base",
  f: "Virtual Full",
  C: "Verify Catalog",
  V: "Verify Init Catalog",
  O: "Verify Volume to Catalog",
  d: "Verify Disk to Catalog",
  A: "Verify Data",
  " ": "",
  "": "",
};

const TYPES: Readonly<Record<string, string>> = {
  B: "Backup",
  M: "Migrated Job",
  V: "Verify",
  R: "Restore",
  U: "Console",
  I: "System or Console",
  D: "Admin",
  A: "Archive",
  C: "Job Copy",
  c: "Copy",
  g: "Migrate",
  S: "Scan",
};

/** What reports call a JobLevel letter. */
export function reportLevel(level: string): string {
  return LEVELS[level] ?? `Unknown level ${level}`;
}

/** What %t and prompts call a JobType letter. */
export function typeWord(type: string): string {
  return TYPES[type] ?? `Unknown type ${type}`;
}
