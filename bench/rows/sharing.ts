import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { machineTree, writeNoiseFile } from "../data/trees.ts";
import { bytesUnder } from "../measure/disk.ts";
import { Farm } from "../site/farm.ts";
import { nocturne } from "../subjects/bacula-like.ts";
import { borg, restic } from "../subjects/repositories.ts";
import { printed } from "./format.ts";
import { judgeMost, medianOf } from "./judge.ts";
import type { BenchContext, Row, Series } from "./row.ts";

const SUBJECTS = [nocturne, restic, borg];
const PREPENDED = "one byte in front, 500 MB file, adds";
const PREPENDED_BYTES_MAX = 5e6;
const SECOND_CLIENT_MAX = 0.01;

/** What little changes and second copies add to a store. */
export const sharing: Row = {
  name: "sharing",
  title: "bytes added by one prepended byte, and by a second client with the same tree",
  rounds: 1,
  run: async (context) => {
    const series: Series[] = [];
    for (const subject of SUBJECTS.filter(({ name }) => context.subjects.includes(name))) {
      if (subject.whyNot() === undefined) series.push(await prepended(context, subject));
    }
    const clients = context.subjects.includes("nocturne") ? await secondClient(context) : undefined;
    if (clients !== undefined) {
      series.push({ work: "first client's tree", subject: "nocturne", unit: "bytes", values: [clients.first] });
      series.push({ work: "second client, same tree, adds", subject: "nocturne", unit: "bytes", values: [clients.second] });
    }
    const added = medianOf(series, PREPENDED, "nocturne");
    const share = (value: number): string => `${(value * 100).toFixed(2)} %`;
    return {
      series,
      judgements: [
        ...(added === undefined
          ? []
          : [
              judgeMost("sharing: one byte prepended to 500 MB", added, PREPENDED_BYTES_MAX, (value) =>
                printed(value, "bytes"),
              ),
            ]),
        ...(clients === undefined
          ? []
          : [
              judgeMost(
                "sharing: a second client with the same tree adds",
                clients.second / clients.first,
                SECOND_CLIENT_MAX,
                share,
              ),
            ]),
      ],
      notes: [
        `the tree is ${machineTree(context.isQuick).path}; the bytes are those of all files of the store and its Volumes`,
      ],
    };
  },
};

async function prepended(context: BenchContext, subject: (typeof SUBJECTS)[number]): Promise<Series> {
  const mebibytes = context.isQuick ? 8 : 477;
  const scratch = await context.place.scratch("sharing");
  try {
    const tree = { name: "prepended", path: join(scratch, "tree") };
    mkdirSync(tree.path);
    writeNoiseFile(join(tree.path, "file"), mebibytes, "");
    await using run = await subject.open(scratch, tree);
    await run.works["first backup"]?.();
    const before = run.storedBytes();
    writeNoiseFile(join(tree.path, "file"), mebibytes, "x");
    await run.works["nothing changed"]?.(); // now something has
    const added = run.storedBytes() - before;
    context.say(`  ${subject.name}: one byte in front adds ${printed(added, "bytes")}`);
    return { work: PREPENDED, subject: subject.name, unit: "bytes", values: [added] };
  } finally {
    context.place.throwAway(scratch);
  }
}

async function secondClient(context: BenchContext): Promise<{ first: number; second: number }> {
  const { path } = machineTree(context.isQuick);
  const scratch = await context.place.scratch("sharing");
  try {
    const jobs = [0, 1].map((client) => ({ name: `Save${client}`, client, storage: 0, path }));
    await using farm = await Farm.start(scratch, { clients: 2, storages: 1, deviceType: "Dedup", jobs, concurrent: 1 });
    await farm.run(["Save0"]);
    const first = bytesUnder(join(scratch, "volumes0"));
    await farm.run(["Save1"]);
    const second = bytesUnder(join(scratch, "volumes0")) - first;
    context.say(`  second client adds ${printed(second, "bytes")} to ${printed(first, "bytes")}`);
    return { first, second };
  } finally {
    context.place.throwAway(scratch);
  }
}
