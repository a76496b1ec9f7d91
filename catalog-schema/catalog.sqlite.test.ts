import { after } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { registerAll } from "./conformance/register-all.ts";

const directory = await TempDir.make();
let files = 0;
registerAll({ name: "SQLite", fresh: async () => ({ driver: "sqlite", file: directory.file(`${(files += 1)}.db`) }) });
after(async () => await directory[Symbol.asyncDispose]());
