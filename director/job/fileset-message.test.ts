import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { FileSetResource } from "#director/config/file-set.ts";
import { fileSetMessage } from "./fileset-message.ts";

function fileSet(files: readonly string[], exclude: readonly string[] = []): FileSetResource {
  const include = {
    options: [],
    files,
    plugins: [],
    entries: files.map((text) => ({ kind: "file", text })),
    excludeDirContaining: [".nobackup"],
  };
  return { name: "set", include: [include], exclude, enableSnapshot: false } as unknown as FileSetResource;
}
const never = new AbortController().signal;
const as = (bytes: readonly Uint8Array[]) => bytes.map((each) => Buffer.from(each).toString("latin1"));

test("lists of the Director's side become names, byte for byte", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fileset-"));
  try {
    const list = join(directory, "list");
    await writeFile(list, Buffer.from("/a\n\n/b\xe9\r\n/c", "latin1"));
    const message = await fileSetMessage(
      fileSet(["/etc", `<${list}`, "|sh -c 'printf \"/x\\n/y z\\n\"'"], [`<${list}`]),
      (command) => command,
      never,
    );
    assert.deepEqual(as(message.includes[0]!.files), ["/etc", "/a", "/b\xe9", "/c", "/x", "/y z"]);
    assert.deepEqual(as(message.excludes), ["/a", "/b\xe9", "/c"]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("lists of the client's side are left to it", async () => {
  const message = await fileSetMessage(fileSet(["\\</list", "\\|command"]), (command) => command, never);
  assert.deepEqual(as(message.includes[0]!.files), ["</list", "|command"]);
});

test("a list that cannot be had fails with the line that names it", async () => {
  await assert.rejects(
    fileSetMessage(fileSet(["</nowhere/list"]), (command) => command, never),
    /<\/nowhere\/list.*cannot be read/,
  );
  await assert.rejects(
    fileSetMessage(fileSet(["|false"]), (command) => command, never),
    /ended with status 1/,
  );
  await assert.rejects(
    fileSetMessage(fileSet(["|/nowhere/program"]), (command) => command, never),
    /File = "\|\/nowhere\/program"/,
  );
});
