import assert from "node:assert/strict";
import { test } from "node:test";
import { byteStringOf, shown } from "./byte-string.ts";

test("a name in a message is one line and cannot steer a terminal", () => {
  const name = "/a\n  Termination:            Backup OK\u001b[2J\u009b\u007f\u202ex";
  assert.equal(shown(byteStringOf(name)), "/a\\x0a  Termination:            Backup OK\\x1b[2J\\x9b\\x7f\\u202ex");
});

test("usual names are shown as they are, and bytes that are no text by their number", () => {
  assert.equal(shown(byteStringOf("/srv/größe 😀 'x' \\n")), "/srv/größe 😀 'x' \\n");
  assert.equal(shown("/bad\xff\x80name"), "/bad\\xff\\x80name");
});
