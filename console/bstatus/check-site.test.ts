import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { checkSite } from "./check-site.ts";
import { parseStatusFlags } from "./flags.ts";

test("a Director that takes connections and says nothing is given up when the time is over", async () => {
  await using dir = await TempDir.make();
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const file = dir.file("bconsole.conf");
    await writeFile(file, `Director { Name = deaf\nDirPort = ${port}\nAddress = 127.0.0.1\nPassword = "x" }\n`);
    await assert.rejects(checkSite(parseStatusFlags(["--timeout=1"]), file), {
      code: "OVERVIEW_LATE",
      message: /Director "deaf" at 127\.0\.0\.1:\d+ did not tell within 1 seconds/,
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
