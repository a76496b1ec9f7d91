import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BIN } from "./programs.ts";
import type { SiteOptions } from "./site.ts";
import type { World } from "./world.ts";

/** What a library of files in a scenario looks like. */
export interface LibraryWish {
  readonly slots: number;
  readonly drives: number;
  /** Barcodes of slots 1, 2 ...; without them the library has no reader. */
  readonly barcodes?: readonly string[];
  /** Further directives of every drive. */
  readonly device?: string;
  /** Device Type of the drives; File if not given. */
  readonly deviceType?: "File" | "VTape";
  /** Program in the place of disk-changer. */
  readonly script?: string;
}

/** What the Director says of the library: Storage "Disks" stands for the autochanger. */
export const LIBRARY_SITE: SiteOptions = {
  storage: "Autochanger = yes",
  pool: "",
};

/** Turns the site's device into a library of files under `library`, driven by our disk-changer. Before the daemons are started. */
export function makeLibrary(world: World, wish: LibraryWish): void {
  const base = world.path("library");
  mkdirSync(base, { recursive: true });
  writeFileSync(join(base, "conf"), `maxslot=${wish.slots}\nmaxdrive=${wish.drives - 1}\n`);
  for (let slot = 1; slot <= wish.slots; slot++) writeFileSync(join(base, `slot${slot}`), "");
  if (wish.barcodes !== undefined)
    writeFileSync(join(base, "barcodes"), wish.barcodes.map((code, at) => `${at + 1}:${code}\n`).join(""));
  const names = Array.from({ length: wish.drives }, (_, drive) => `Drive-${drive}`);
  const drives = names.map(
    (name, drive) => `Device {
  Name = ${name}
  Media Type = File
  Device Type = ${wish.deviceType ?? "File"}
  Archive Device = "${base}/drive${drive}"
  Drive Index = ${drive}
  Autochanger = yes
  Removable Media = yes
  Random Access = yes
  Automatic Mount = yes
  Always Open = yes
  Label Media = no
  Maximum Concurrent Jobs = 10
  ${wish.device ?? ""}
}
`,
  );
  const changer = `Autochanger {
  Name = Disk
  Device = ${names.join(", ")}
  Changer Device = "${base}/conf"
  Changer Command = "${wish.script ?? join(BIN, "disk-changer")} %c %o %S %a %d"
}
`;
  world.edit("bacula-sd.conf", /^Device \{[^]*?^\}\n/m, drives.join("") + changer);
}

/** Slot whose medium is in a drive, as disk-changer notes it; 0: none. */
export function loadedSlot(world: World, drive: number): number {
  const file = world.path("library", `loaded${drive}`);
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}
