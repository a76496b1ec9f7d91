/* The thread of one store of chunks: its index, its containers, its references. */
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { impossible, must } from "#lib/base/assert.ts";
import { makeDomainSubvolume } from "../btrfs/store-subvolumes.ts";
import { StoreServer } from "../chunks/store-server.ts";
import { carried } from "#lib/errors/carried-error.ts";
import { settleRoom } from "../space/settle-room.ts";
import type { MessagePort } from "node:worker_threads";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CareWatch } from "../chunks/care/care-watch.ts";
import type { SessionKey } from "../volume/block.ts";
import type { FromStore, LocateAnswer, LocateQuestion, StoreThreadOptions, ToStore } from "./store-protocol.ts";
import type { StoreCalls } from "../chunks/store-calls.ts";

const port = must(parentPort, "a parent: this file runs as a worker thread");
const { settings } = workerData as StoreThreadOptions;
const server = new StoreServer(settings, {
  ...(settings.isBtrfs
    ? { makeFolder: async (path: string) => makeDomainSubvolume(settings.directory, path, basename(path)) }
    : {}),
  afterSweep: async (path) => post({ kind: "swept", domain: basename(path) }),
  settleRoom: async () => await settleRoom(settings.directory, settings),
  roomFor: async (session, why) => await askForRoom(session, why),
});

/** Calls that are watched, by number: aborted when they are to end. */
const watched = new Map<number, AbortController>();

/** Questions for room that the main thread has not answered, by number. */
const asked = new Map<number, (isThere: boolean) => void>();
let lastAsked = 0;

async function askForRoom(session: SessionKey, why: OperatorError): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const id = ++lastAsked;
  asked.set(id, resolve);
  post({ kind: "noRoom", id, session, why: carried(why) });
  return await promise;
}

port.on("message", (message: ToStore) => {
  switch (message.kind) {
    case "call":
      return void answer(message);
    case "stop":
      return watched.get(message.id)?.abort(new OperatorError("CANCELED", "it was stopped by the operator"));
    case "locator":
      return serveLocator(message.port);
    case "room":
      asked.get(message.id)?.(message.isThere);
      return void asked.delete(message.id);
    default:
      return impossible(message, "store worker");
  }
});

/** What a call is given that somebody watches. */
function watchOf(id: number): CareWatch {
  const stop = new AbortController();
  watched.set(id, stop);
  return { signal: stop.signal, tell: (line) => post({ kind: "told", id, line }) };
}

async function answer({ id, name, argument, isWatched }: Extract<ToStore, { kind: "call" }>): Promise<void> {
  try {
    const value = await server.call(name, argument as never, isWatched ? watchOf(id) : undefined);
    const spent = name === "append" ? (argument as StoreCalls["append"]["argument"]).frames.buffer : undefined;
    post({ kind: "result", id, value, spent }, spent === undefined ? [] : [spent]);
  } catch (error) {
    post({ kind: "failure", id, error: carried(error) });
  } finally {
    watched.delete(id);
  }
}

/** Answers a device's thread directly: no other thread has to look at it. */
function serveLocator(locator: MessagePort): void {
  locator.on("message", (question: LocateQuestion) => void locate(locator, question));
}

async function locate(locator: MessagePort, { id, session, ids }: LocateQuestion): Promise<void> {
  const reply = (message: LocateAnswer, transfer: ArrayBuffer[] = []) => locator.postMessage(message, transfer);
  try {
    const places = await server.call("locate", { session, ids });
    reply({ kind: "places", id, places }, [places.containers.buffer, places.offsets.buffer, places.bytes.buffer]);
  } catch (error) {
    reply({ kind: "failure", id, error: carried(error) });
  }
}

function post(message: FromStore, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, toTransfer(transfer));
}
