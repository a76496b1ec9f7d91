import assert from "node:assert/strict";
import { StorageDaemonService } from "#proto/stored.ts";
import { StorageWorld } from "./storage-world.ts";

/** A daemon whose device has a store; `device`: more directives of it. */
export async function dedupWorld(device = ""): Promise<StorageWorld> {
  const world = await StorageWorld.start({ device: `Device Type = Dedup; ${device}` });
  const { ok, lines } = await care(world, "init");
  assert.equal(ok, true, lines.join("\n"));
  return world;
}

/** What a dedup command says, and whether all is well. `heard` hears each line when it comes. */
export async function care(
  world: StorageWorld,
  action: string,
  { heard = () => {}, signal }: { readonly heard?: (line: string) => void; readonly signal?: AbortSignal } = {},
): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }> {
  const lines: string[] = [];
  let ok = false;
  const request = { device: "Disk", action, lookOnly: false, healFrom: undefined, livePercent: 0 };
  const options = signal === undefined ? {} : { signal };
  for await (const reply of world.director.serverStream(StorageDaemonService.dedup, request, options)) {
    if (reply.line !== "") {
      lines.push(reply.line);
      heard(reply.line);
    }
    ok = reply.ok ?? ok;
  }
  return { ok, lines };
}
