import assert from "node:assert/strict";
import { test } from "node:test";
import { readCommandLine } from "./cli.ts";

function flags(...args: string[]) {
  const command = readCommandLine(args);
  return command.kind === "run" ? command.flags : assert.fail(JSON.stringify(command));
}

test("Bacula's flags are understood, joined and apart", () => {
  const read = flags("-c", "/etc/x.conf", "-ftv", "-d50,network", "-u", "bacula", "-gtape", "-sPTm");
  assert.deepEqual(read, {
    configFile: "/etc/x.conf",
    foreground: true,
    test: true,
    verbose: true,
    debugLevel: 50,
    debugTags: "network",
    user: "bacula",
    group: "tape",
    noSignals: true,
    noPidFile: true,
    traceTimes: true,
    coreOnError: true,
  });
});

test("one argument without a flag is the configuration file", () => {
  assert.equal(flags("/etc/x.conf").configFile, "/etc/x.conf");
});

test("what is not understood is said", () => {
  for (const args of [["-x"], ["-d", "much"], ["a", "b"], ["-c", "a", "b"], ["-c"]])
    assert.equal(readCommandLine(args).kind, "wrong", args.join(" "));
  assert.equal(readCommandLine(["-?"]).kind, "help");
  assert.equal(readCommandLine(["--version"]).kind, "version");
});
