import assert from "node:assert/strict";
import { readlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { Changer } from "./changer.ts";
import { Drive } from "./drive.ts";

const DISK_CHANGER = fileURLToPath(new URL("../../bin/disk-changer", import.meta.url));
const never = new AbortController().signal;

async function library(script: string = DISK_CHANGER, changerWaitMs = 30_000) {
  const dir = await TempDir.make();
  await writeFile(dir.file("conf"), "maxslot=5\nmaxdrive=1\n");
  await writeFile(dir.file("barcodes"), "1:A1\n2:A2\n3:A3\n4:A4\n");
  for (const slot of [1, 2, 3, 4]) await writeFile(dir.file(`slot${slot}`), "");
  const changer = new Changer({
    name: "Library",
    command: `"${script}" %c %o %S %a %d`,
    changerDevice: dir.file("conf"),
    lockCommand: "",
  });
  const [first, second] = [0, 1].map(
    (index) =>
      new Drive(
        {
          name: `Drive-${index}`,
          archiveDevice: dir.file(`drive${index}`),
          controlDevice: "",
          index,
          changerWaitMs,
          letGoMs: 50,
        },
        changer,
      ),
  ) as [Drive, Drive];
  const lines: string[] = [];
  const wish = (volume: string, slot: number) => ({
    volume,
    slot,
    client: "c",
    job: "j",
    tell: (line: string) => void lines.push(line),
  });
  return { dir, changer, first, second, lines, wish, [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose]() };
}

test("the medium of a slot is brought, and another one in its place", async () => {
  await using made = await library();
  (await made.first.take(made.wish("A3", 3), never))[Symbol.dispose]();
  assert.equal(await readlink(made.dir.file("drive0")), made.dir.file("slot3"));
  (await made.first.take(made.wish("A3", 3), never))[Symbol.dispose]();
  (await made.first.take(made.wish("A1", 0), never))[Symbol.dispose](); // by its barcode
  assert.equal(await readlink(made.dir.file("drive0")), made.dir.file("slot1"));
  assert.deepEqual(
    made.lines.map((line) => line.replace(/^(\d+).*"(\w+) .*Slot (\d).*$/, "$1 $2 $3")),
    ["3304 load 3", "3305 load 3", "3307 unload 3", "3304 load 1", "3305 load 1"],
  );
});

test("a medium that lies idle in another drive is fetched from there, one that is in use is not", async () => {
  await using made = await library();
  const held = await made.second.take(made.wish("A2", 2), never);
  await assert.rejects(made.first.take(made.wish("A2", 2), never), {
    code: "DRIVE_BUSY",
    message: /in use in drive "Drive-1"/,
  });
  held[Symbol.dispose]();
  (await made.first.take(made.wish("A2", 2), never))[Symbol.dispose]();
  assert.deepEqual([made.first.slot, made.second.slot], [2, 0]);
});

test("what somebody relies on stays in the drive", async () => {
  await using made = await library();
  using _ = await made.first.take(made.wish("A2", 2), never);
  await assert.rejects(made.first.take(made.wish("A1", 1), never), { code: "DRIVE_BUSY" });
  await assert.rejects(made.first.empty(made.wish("", 0)), { code: "DRIVE_BUSY" });
  assert.equal(made.first.slot, 2);
});

test("nothing is brought into a drive that is unmounted", async () => {
  await using made = await library();
  made.first.isUnmounted = true;
  await assert.rejects(made.first.take(made.wish("A2", 2), never), { code: "DRIVE_UNMOUNTED" });
});

test("a changer that fails is told with its words, and asked anew next time", async () => {
  await using made = await library();
  await assert.rejects(made.first.take(made.wish("A5", 5), never), (error: Error) => {
    assert.match(
      error.message,
      /changer "Library": loading slot 5 into drive 0: ".*disk-changer .* load 5 .*" ended with status 1: .*slot 5 is empty/,
    );
    return true;
  });
  (await made.first.take(made.wish("A1", 1), never))[Symbol.dispose]();
  assert.equal(made.first.slot, 1);
});

test("a changer that hangs is given up, and whoever waits for it may leave before", async () => {
  await using dir = await TempDir.make();
  await writeFile(dir.file("hang"), "#!/bin/sh\ncase $2 in loaded) echo 0 ;; *) sleep 300 ;; esac\n", { mode: 0o755 });
  await using made = await library(dir.file("hang"), 700);
  const cancel = new AbortController();
  const impatient = made.first.take(made.wish("A1", 1), cancel.signal);
  setTimeout(() => cancel.abort(new Error("canceled")), 100);
  await assert.rejects(impatient, /canceled/);
  assert.match(made.changer.doing, /loading slot 1 into drive 0|^$/);
  await assert.rejects(made.second.take(made.wish("A2", 2), never), { code: "CHANGER_LATE" });
  assert.equal(made.first.isHeld, false);
});

test("a load that says it went well and brought nothing is done again for the next who wants that medium", async () => {
  await using dir = await TempDir.make();
  const script = dir.file("changer");
  const body = `#!/bin/sh\nif [ "$2" = load ] && ! [ -e ${dir.file("once")} ]; then touch ${dir.file("once")}; exit 0; fi\nexec ${DISK_CHANGER} "$@"\n`;
  await writeFile(script, body, { mode: 0o755 });
  await using made = await library(script);
  (await made.first.take(made.wish("A1", 1), never))[Symbol.dispose]();
  made.first.doubtSlot();
  (await made.first.take(made.wish("A1", 1), never))[Symbol.dispose]();
  assert.equal(await readlink(made.dir.file("drive0")), made.dir.file("slot1"));
});
