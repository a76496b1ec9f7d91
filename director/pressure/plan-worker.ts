/* A thread that works out what goes next: for a catalog of many jobs that takes seconds, in which the Director answers its consoles and daemons. */
import { parentPort, workerData } from "node:worker_threads";
import { Catalog, type CatalogOptions } from "#catalog/catalog.ts";
import { must } from "#lib/base/assert.ts";
import { carried } from "#lib/errors/carried-error.ts";
import { LEAVE } from "#lib/platform/end-thread.ts";
import { nextVictim, without, type Victim } from "./plan.ts";
import type { Plan, PlanQuestion, PlanReply } from "./plan-protocol.ts";
import { readPressureFacts } from "./pressure-facts.ts";

const port = must(parentPort, "a parent: this file runs as a worker thread");
const opening = Catalog.open(workerData as CatalogOptions);
opening.catch(() => {}); // the first question is answered with it

port.on("message", (question: PlanQuestion | typeof LEAVE) => void (question === LEAVE ? leave() : answer(question)));

async function answer(question: PlanQuestion): Promise<void> {
  let reply: PlanReply;
  try {
    reply = { plan: await plan(await opening, question) };
  } catch (error) {
    reply = { error: carried(error) };
  }
  port.postMessage(reply);
}

async function plan(catalog: Catalog, { storages, known, steps }: PlanQuestion): Promise<Plan> {
  let facts = await readPressureFacts(catalog, storages, known);
  const victims: Victim[] = [];
  for (;;) {
    const next = nextVictim(facts);
    if (next.kind === "none") return { steps: victims, end: next.why };
    victims.push(next);
    if (victims.length >= steps) return { steps: victims, end: undefined };
    facts = without(facts, next);
  }
}

async function leave(): Promise<void> {
  await opening.then(async (catalog) => await catalog[Symbol.asyncDispose]()).catch(() => {});
  port.close();
}
