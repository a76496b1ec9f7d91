/* Opens the store in the directory that is named, says so, and stays until it is killed. */
import { StoreServer } from "../store-server.ts";
import { storeSettings } from "./store-bench.ts";

const server = new StoreServer(storeSettings(process.argv[2] ?? ""));
await server.call("open", null);
process.stdout.write("open\n");
setInterval(() => {}, 1000);
