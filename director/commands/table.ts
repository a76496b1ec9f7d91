import { add } from "./add.ts";
import { cancel } from "./cancel.ts";
import type { Command } from "./command.ts";
import { dedup } from "./dedup.ts";
import { deleteCommand } from "./delete.ts";
import { dotCommands } from "./dot-commands.ts";
import { disable, enable } from "./enable.ts";
import { estimate } from "./estimate.ts";
import { dotHelp, makeHelp } from "./help.ts";
import { label } from "./label.ts";
import { list, llist } from "./list.ts";
import { clean, dump, format, scan } from "./medium.ts";
import { mount, release, umount, unmount } from "./mount.ts";
import { prune } from "./prune.ts";
import { purge } from "./purge.ts";
import { query } from "./query.ts";
import { relabel } from "./relabel.ts";
import { rename } from "./rename.ts";
import { replicate } from "./replicate.ts";
import { restore } from "./restore.ts";
import { run } from "./run.ts";
import { autodisplay, automount, exit, gui, messages, quit, reload, time, use, version } from "./session-commands.ts";
import { setdebug } from "./setdebug.ts";
import { show } from "./show.ts";
import { sqlquery } from "./sqlquery.ts";
import { status } from "./status.ts";
import { truncate } from "./truncate.ts";
import { update } from "./update.ts";
import { varCommand } from "./var.ts";
import { wait } from "./wait.ts";

/** All commands, in Bacula's order: an abbreviation means the first that begins with it (`m` is messages, `st` is status). */
export const commandTable: readonly Command[] = [
  add, autodisplay, automount, cancel, deleteCommand, dedup, disable, enable, estimate, exit, gui, makeHelp(() => commandTable), label, list, llist, messages, mount,
  prune, purge, quit, query, restore, relabel, release, reload, rename, replicate, run, status, setdebug, show, sqlquery, time, truncate, unmount, umount, update, use, varCommand, version, wait, dump, format, scan, clean,
  ...dotCommands, dotHelp(() => commandTable),
]; // prettier-ignore
