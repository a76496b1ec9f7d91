import assert from "node:assert/strict";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { MessageDestination, MessageRoute, MessagesResource, MessageType } from "#lib/config/message-routes.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { FakeClock } from "#lib/testing/fake-clock.ts";
import { mailArguments } from "./mail-command.ts";
import { formatMessage, typeOfWire, wireMessage, wireTypeOf, type OutgoingMessage } from "./message.ts";
import { MessageOutlets } from "./outlets.ts";
import { Syslog } from "./syslog.ts";

function route(
  destination: MessageDestination,
  addresses: string[],
  own: { types?: MessageType[]; command?: string } = {},
): MessageRoute {
  return {
    destination,
    addresses,
    types: new Set(own.types ?? ["Info", "Error"]),
    events: { wanted: [], unwanted: [] },
    command: own.command,
  };
}

function resource(...routes: MessageRoute[]): MessagesResource {
  return { name: "Standard", routes } as unknown as MessagesResource;
}

function message(text: string, own: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { type: "Info", timeMs: new Date(2026, 0, 5, 9, 7).getTime(), daemon: "backup-dir", jobId: 7, text, ...own };
}

/** A mail program that keeps what it is told. */
async function mailProgram(dir: TempDir): Promise<string> {
  const path = dir.file("mailer");
  await writeFile(path, `#!/bin/sh\n{ printf '[%s]' "$@"; echo; cat; } >> ${dir.file("mailbox")}\n`);
  await chmod(path, 0o755);
  return path;
}

test("messages print as Bacula prints them", () => {
  assert.equal(formatMessage(message("Start Backup JobId 7")), "05-Jan 09:07 backup-dir JobId 7: Start Backup JobId 7\n");
  assert.equal(
    formatMessage(message("disk full\n", { type: "Fatal", jobId: 0 })),
    "05-Jan 09:07 backup-dir JobId 0: Fatal error: disk full\n",
  );
  assert.equal(formatMessage(message("no tape", { type: "Warning" })), "05-Jan 09:07 backup-dir JobId 7: Warning: no tape\n");
});

test("a message survives the way over the wire, odd bytes of names replaced for display", () => {
  const wire = wireMessage("NotSaved", "client1-fd", "cannot read a\udce9b", new FakeClock());
  assert.equal(typeOfWire(wire.type), "NotSaved");
  assert.equal(wire.type, wireTypeOf("NotSaved"));
  assert.equal(wire.text, "cannot read a\ufffdb");
  assert.equal(typeOfWire(999), "Info");
});

test("each destination gets the types of its line; file begins anew, append goes on; a failing one hinders no other", async () => {
  await using dir = await TempDir.make();
  const failures: string[] = [];
  await writeFile(dir.file("file"), "old\n");
  await writeFile(dir.file("append"), "old\n");
  await using outlets = new MessageOutlets({
    daemon: "backup-dir",
    workingDirectory: dir.path,
    onFailure: (text) => failures.push(text),
  });
  const messages = resource(
    route("Append", ["/nonexistent/file"]),
    route("File", [dir.file("file")]),
    route("Append", [dir.file("append")], { types: ["Error"] }),
  );
  outlets.deliver(messages, message("one"));
  outlets.deliver(messages, message("two", { type: "Error" }));
  assert.equal(
    await readFile(dir.file("file"), "utf8"),
    "05-Jan 09:07 backup-dir JobId 7: one\n05-Jan 09:07 backup-dir JobId 7: Error: two\n",
  );
  assert.equal(await readFile(dir.file("append"), "utf8"), "old\n05-Jan 09:07 backup-dir JobId 7: Error: two\n");
  assert.match(failures[0]!, /messages cannot be delivered to Append \/nonexistent\/file: ENOENT/);
});

test("mail goes out once per job when it has ended; mailonerror and mailonsuccess go by the end", async () => {
  await using dir = await TempDir.make();
  const command = `${await mailProgram(dir)} -s "%t of %c %e" %r`;
  await using outlets = new MessageOutlets({ daemon: "backup-dir", workingDirectory: dir.path, onFailure: assert.fail });
  const messages = resource(
    route("Mail", ["a@example", "b@example"], { command }),
    route("MailOnError", ["err@example"], { command }),
    route("MailOnSuccess", ["ok@example"], { command }),
  );
  outlets.deliver(messages, message("one"));
  outlets.deliver(messages, message("other job", { jobId: 8 }));
  outlets.deliver(messages, message("two"));
  await outlets.jobEnded(messages, 7, "failure", { Type: "Backup", Client: "c; rm -rf /", JobStatus: "Error" });
  const mails = await readFile(dir.file("mailbox"), "utf8");
  const body = "05-Jan 09:07 backup-dir JobId 7: one\n05-Jan 09:07 backup-dir JobId 7: two\n";
  assert.equal(
    mails,
    `[-s][Backup of c; rm -rf / Error][a@example][b@example]\n${body}[-s][Backup of c; rm -rf / Error][err@example]\n${body}`,
  );
});

test("messages of no job go out in one mail, with those who wait for failures, at the latest when the daemon stops", async () => {
  await using dir = await TempDir.make();
  const command = `${await mailProgram(dir)} -s "%j %d" %r`;
  const messages = resource(
    route("Mail", ["a@example"], { command }),
    route("MailOnError", ["err@example"], { command }),
    route("MailOnSuccess", ["ok@example"], { command }),
  );
  {
    await using outlets = new MessageOutlets({ daemon: "backup-dir", workingDirectory: dir.path, onFailure: assert.fail });
    outlets.deliver(messages, message("one", { jobId: 0 }));
    outlets.deliver(messages, message("two", { jobId: 0 }));
  }
  const mails = await readFile(dir.file("mailbox"), "utf8");
  const body = "05-Jan 09:07 backup-dir JobId 0: one\n05-Jan 09:07 backup-dir JobId 0: two\n";
  assert.equal(mails.split("\n").filter((line) => line.startsWith("[-s]")).length, 2, mails);
  assert.match(mails, /\[a@example\]\n/);
  assert.match(mails, /\[err@example\]\n/);
  assert.equal(mails.split(body).length, 3, mails);
  assert.deepEqual(await readdir(dir.file("backup-dir.mail")), []);
});

test("a mail program that fails is reported with status, command and words; the mail is kept and sent later", async () => {
  await using dir = await TempDir.make();
  const failures: string[] = [];
  const program = dir.file("mailer");
  await writeFile(program, "#!/bin/sh\necho 'no relay' >&2\nexit 75\n");
  await chmod(program, 0o755);
  const messages = resource(route("Mail", ["a@example"], { command: `${program} %r` }));
  const options = { daemon: "backup-dir", workingDirectory: dir.path, onFailure: (text: string) => failures.push(text) };
  {
    await using outlets = new MessageOutlets(options);
    outlets.deliver(messages, message("one"));
    await outlets.jobEnded(messages, 7, "success", {});
  }
  assert.equal(failures.length, 1);
  assert.match(
    failures[0]!,
    /the mail command failed: it ended with status 75: .*mailer a@example: no relay; the mail is kept in .*job-7-0\.\d+\.mail and tried again/,
  );
  await mailProgram(dir);
  {
    await using outlets = new MessageOutlets(options);
    outlets.deliver(messages, message("next", { jobId: 8 })); // the queue opens with its first mail
  }
  assert.equal(await readFile(dir.file("mailbox"), "utf8"), "[a@example]\n05-Jan 09:07 backup-dir JobId 7: one\n");
  assert.deepEqual(
    (await readdir(dir.file("backup-dir.mail"))).filter((name) => name.includes("job-7")),
    [],
  );
});

test("recipients and values stay one argument each", () => {
  const odd = route("Mail", ["a b@example", "$(id)"], { command: 'prog -f "(Backup) <%r>" %r %%c' });
  assert.deepEqual(mailArguments(odd, { Client: "x" }), [
    "prog",
    "-f",
    "(Backup) <a b@example $(id)>",
    "a b@example",
    "$(id)",
    "%c",
  ]);
  assert.deepEqual(mailArguments(route("Mail", ["a@example"]), {}), ["/usr/sbin/sendmail", "-F", "Nocturne", "a@example"]);
});

test("lines for the system log carry their priority; a missing program is told once a line", async () => {
  await using dir = await TempDir.make();
  const program = dir.file("logger");
  await writeFile(program, `#!/bin/sh\necho "$@" > ${dir.file("args")}\ncat > ${dir.file("lines")}\n`);
  await chmod(program, 0o755);
  {
    await using syslog = new Syslog("backup-dir", assert.fail, program);
    syslog.write("Info", "one\ntwo\n");
    syslog.write("Error", "three\n");
  }
  assert.equal(await readFile(dir.file("args"), "utf8"), "--prio-prefix --tag backup-dir\n");
  assert.equal(await readFile(dir.file("lines"), "utf8"), "<30>one\n<30>two\n<27>three\n");
  const failures: string[] = [];
  const missing = new Syslog("backup-dir", (text) => failures.push(text), dir.file("missing"));
  missing.write("Info", "lost\n");
  while (failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(failures[0]!, /cannot be written to the system log: .*missing: .*ENOENT/);
});
