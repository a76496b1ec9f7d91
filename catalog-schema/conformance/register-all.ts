import type { DatabaseUnderTest } from "./database-under-test.ts";
import { registerAttributes } from "./register-attributes.ts";
import { registerJobs } from "./register-jobs.ts";
import { registerLists } from "./register-lists.ts";
import { registerMedia } from "./register-media.ts";
import { registerPaths } from "./register-paths.ts";
import { registerRetention } from "./register-retention.ts";
import { registerTree } from "./register-tree.ts";
import { registerVersions } from "./register-versions.ts";

/** The conformance suite: what every database behind the catalog does. */
export function registerAll(database: DatabaseUnderTest): void {
  registerVersions(database);
  registerJobs(database);
  registerAttributes(database);
  registerTree(database);
  registerMedia(database);
  registerLists(database);
  registerRetention(database);
  registerPaths(database);
}
