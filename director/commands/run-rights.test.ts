import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ConsoleWorld } from "../testing/console-world.ts";

let world: ConsoleWorld;
const more = `Storage { Name = Other; Address = localhost; Password = "p"; Device = Oth; Media Type = File }
Job { Name = Wide; Type = Backup; Level = Full; Client = web; FileSet = Etc; Storage = Disk, Other; Pool = Default; Messages = Mess }
Console { Name = helpdesk; Password = "x"; CommandACL = run; JobACL = Wide; ClientACL = web; StorageACL = Disk; PoolACL = Default; FileSetACL = Etc; CatalogACL = *all* }
`;

before(async () => void (world = await ConsoleWorld.open(more)));
after(async () => await world[Symbol.asyncDispose]());

test("a job that may take any of several Storages wants the right to all of them; one that is named is enough by itself", async () => {
  const denied = await world.type(["run job=Wide yes"], "helpdesk");
  assert.match(denied.text, /storage "Other" is not allowed/);
  assert.equal(world.engine.submitted.length, 0);
  const named = await world.type(["run job=Wide storage=Disk yes"], "helpdesk");
  assert.match(named.text, /Job queued\. JobId=/);
  assert.equal((await world.type(["run job=Wide yes"])).code, 0);
});
