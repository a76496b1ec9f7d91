import type { AutochangerResource } from "../config/autochanger.ts";
import type { Changer } from "../changer/changer.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** What the status says of the autochangers: their drives, and what they are doing now. */
export function changerLines(source: {
  readonly autochangers: ReadonlyMap<string, AutochangerResource>;
  readonly changers: ReadonlyMap<string, Changer>;
}): string[] {
  return [...source.autochangers.values()].flatMap((resource) => {
    const doing = source.changers.get(resource.name)?.doing ?? "";
    return [
      `Autochanger "${resource.name}" with devices:`,
      ...resource.device.map((drive) => `   "${drive.name}" (${drive.archiveDevice})`),
      ...(doing === "" ? [] : [`   It is ${doing}.`]),
      "",
    ];
  });
}

/** What the status says of the medium in a drive. The changer is not asked for it: it may be busy. */
export function driveLines(host: DeviceHost): string[] {
  const { drive } = host;
  if (drive === undefined) return [];
  if (drive.changer === undefined) return drive.volume === "" ? [] : [`   Volume "${drive.volume}" was last seen in it.`];
  const { slot, volume, index } = drive;
  if (slot === undefined) return [`   Drive ${index} status unknown.`];
  if (slot === 0) return [`   Drive ${index} is not loaded.`];
  return [
    `   Slot ${slot} ${drive.isHeld ? "is" : "was last"} loaded in drive ${index}${volume === "" ? "." : `, with Volume "${volume}".`}`,
  ];
}
