import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JobRegion } from "#catalog/queries/job-media.ts";
import type { ListedFile } from "#catalog/queries/files.ts";
import { IndexSet } from "./index-set.ts";
import { makePlan } from "./plan.ts";
import { Selection } from "./selection.ts";
import { RestoreTree, type TreeSource } from "./tree.ts";

const signal = new AbortController().signal;

/** A tree from a list of paths; FileIndex is the place in the list. */
function sourceOf(paths: readonly string[], read: string[] = []): TreeSource {
  const files = paths.map((path, at) => listed(path, at + 1));
  const full = (file: ListedFile): string => file.path + file.filename;
  const below = (path: string): ListedFile[] => files.filter((file) => full(file).startsWith(path));
  return {
    directory: async (path) => {
      read.push(path);
      const names = new Set(below(path).map((file) => /^[^/]*\/?/.exec(full(file).slice(path.length))![0]));
      names.delete("");
      const subdirectories = [...names]
        .filter((name) => name.endsWith("/"))
        .map((name) => ({
          name: name === "/" ? "/" : name.slice(0, -1),
          path: path + name,
          entry: files.find((file) => full(file) === path + name) ?? null,
        }));
      return { subdirectories, files: files.filter((file) => file.path === path && file.filename !== "") };
    },
    walk: async function* (path) {
      read.push(`walk ${path}`);
      yield below(path);
    },
    count: async (path) => ({
      files: below(path).filter((file) => file.filename !== "").length,
      directories: below(path).filter((file) => file.filename === "").length,
    }),
  };
}

function listed(path: string, fileIndex: number, lstat = "A A A A A A A A A A A A A A A A"): ListedFile {
  const slash = path.lastIndexOf("/");
  return {
    path: path.slice(0, slash + 1),
    filename: path.slice(slash + 1),
    fileId: fileIndex,
    fileIndex,
    jobId: 1,
    lstat,
    md5: "0",
    deltaSeq: 0,
  };
}

async function markedPaths(tree: RestoreTree): Promise<string[]> {
  const found: string[] = [];
  for await (const page of tree.marked(signal)) found.push(...page.map((file) => file.path + file.filename));
  return found.toSorted();
}

const paths = ["/home/", "/home/a/", "/home/a/1", "/home/a/2", "/home/a/deep/", "/home/a/deep/x", "/home/b/", "/home/b/1"];

test("a marked directory brings all below it, and an unmarked part of it stays away", async () => {
  const tree = await RestoreTree.open(sourceOf(paths));
  tree.marks.set("/home/a/", true);
  tree.marks.markParents("/home/a/");
  tree.marks.set("/home/a/deep/", false);
  assert.deepEqual(await markedPaths(tree), ["/home/", "/home/a/", "/home/a/1", "/home/a/2"]);
  assert.equal(tree.marks.stateOf("/home/a/"), "some");
  tree.marks.set("/home/a/deep/x", true);
  assert.deepEqual(await markedPaths(tree), ["/home/", "/home/a/", "/home/a/1", "/home/a/2", "/home/a/deep/x"]);
});

test("marking everything reads no directory but the roots", async () => {
  const read: string[] = [];
  const tree = await RestoreTree.open(sourceOf(paths, read));
  tree.marks.set("/", true);
  assert.equal(tree.marks.stateOf("/home/b/"), "all");
  assert.deepEqual(read, [""]);
  assert.equal((await markedPaths(tree)).length, paths.length);
  assert.deepEqual(read, ["", "walk /"]);
});

test("markdir marks the entry of a directory alone", async () => {
  const tree = await RestoreTree.open(sourceOf(paths));
  tree.marks.setOwn("/home/a/", true);
  assert.deepEqual(await markedPaths(tree), ["/home/a/"]);
});

test("marks agree with a plain set of paths, whatever is marked and unmarked in whatever order", async () => {
  const tree = RestoreTree.open(sourceOf(paths));
  assert.ok(await tree);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom("set", "own"), fc.constantFrom(...paths, "/"), fc.boolean()), { maxLength: 12 }),
      async (steps) => {
        const one = await RestoreTree.open(sourceOf(paths));
        const model = new Map<string, boolean>(paths.map((path) => [path, false]));
        for (const [kind, path, isMarked] of steps) {
          if (kind === "own") one.marks.setOwn(path, isMarked);
          else one.marks.set(path, isMarked);
          for (const known of paths)
            if (known === path || (kind === "set" && path.endsWith("/") && known.startsWith(path))) model.set(known, isMarked);
        }
        assert.deepEqual(await markedPaths(one), paths.filter((path) => model.get(path)).toSorted());
      },
    ),
    { numRuns: 300 },
  );
});

test("paths lead through the tree with .. and from the root", async () => {
  const tree = await RestoreTree.open(sourceOf(paths));
  assert.equal(await tree.resolve("/home/a/", "../b"), "/home/b/");
  assert.equal(await tree.resolve("/home/a/", "/home"), "/home/");
  assert.equal(await tree.resolve("/home/", "../../.."), "/");
  assert.equal(await tree.resolve("/", "home/zzz"), null);
});

test("large directories that were left are let go, small ones are kept", async () => {
  const read: string[] = [];
  const many = Array.from({ length: 150_000 }, (_, at) => listed(`/x/${at}`, at + 1));
  const source: TreeSource = {
    ...sourceOf([]),
    directory: async (path) => {
      read.push(path);
      return { subdirectories: [], files: path.startsWith("/large") ? many : many.slice(0, 3) };
    },
  };
  const tree = new RestoreTree(source);
  for (const path of ["/large-1/", "/small-1/", "/small-2/", "/small-1/", "/large-2/", "/small-1/", "/large-2/", "/large-1/"])
    await tree.list(path);
  assert.deepEqual(read, ["/large-1/", "/small-1/", "/small-2/", "/large-2/", "/large-1/"]);
});

test("an IndexSet gives back what was put in, as ranges", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 5000 })), (indexes) => {
      const set = new IndexSet();
      for (const index of indexes) assert.equal(set.add(index), true);
      const back = [...set.ranges()].flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, at) => first + at),
      );
      assert.deepEqual(
        back,
        indexes.toSorted((left, right) => left - right),
      );
      assert.equal(set.count, indexes.length);
    }),
  );
});

test("choosing a hard link alone chooses the file that holds its data too", () => {
  const selection = new Selection();
  selection.add([listed("/a/link", 7, "A A A A A A A A A A A A A D A A")]);
  assert.equal(selection.addLinkTargets(), 1);
  assert.deepEqual(
    [...selection.indexesOf(1)!.ranges()],
    [
      { first: 3, last: 3 },
      { first: 7, last: 7 },
    ],
  );
});

function region(from: Partial<JobRegion>): JobRegion {
  return {
    JobMediaId: 1,
    JobId: 1,
    MediaId: 1,
    FirstIndex: 1,
    LastIndex: 10,
    StartFile: 0,
    EndFile: 0,
    StartBlock: 200,
    EndBlock: 999,
    VolIndex: 1,
    VolumeName: "A",
    MediaType: "File",
    StorageId: 1,
    Slot: 0,
    InChanger: 0,
    ...from,
  };
}

test("a plan reads only the Volumes and regions that hold chosen files, the split file on both", () => {
  const indexes = new IndexSet();
  for (const index of [5, 10, 11]) indexes.add(index);
  const regions = [
    region({ FirstIndex: 1, LastIndex: 4, EndBlock: 499 }),
    region({ FirstIndex: 5, LastIndex: 10, StartBlock: 500 }),
    region({ FirstIndex: 10, LastIndex: 20, VolumeName: "B", StartFile: 1, EndFile: 1 }),
    region({ FirstIndex: 21, LastIndex: 30, VolumeName: "C" }),
  ];
  const plan = makePlan([{ jobId: 1, volSessionId: 3, volSessionTime: 99, indexes, files: 30, regions }], () => ({
    storage: "File1",
    device: "Dev",
  }));
  assert.deepEqual(
    plan.volumes.map((volume) => volume.volume),
    ["A", "B"],
  );
  assert.equal(plan.filesExpected, 3);
  assert.deepEqual(
    plan.bootstrap.entries.map((entry) => [entry.volume, entry.addresses, entry.fileIndexes, entry.count]),
    [
      [
        "A",
        [{ first: 500, last: 999 }],
        [
          { first: 5, last: 5 },
          { first: 10, last: 10 },
        ],
        2,
      ],
      ["B", [{ first: 2 ** 32 + 200, last: 2 ** 32 + 999 }], [{ first: 10, last: 11 }], 2],
    ],
  );
});

test("a job whose Volumes the catalog has lost is named", () => {
  const indexes = new IndexSet();
  indexes.add(1);
  assert.deepEqual(
    makePlan([{ jobId: 4, volSessionId: 1, volSessionTime: 1, indexes, files: 1, regions: [] }], () => ({
      storage: "",
      device: "",
    })).missing,
    [4],
  );
});
