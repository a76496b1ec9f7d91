import { requireScratch } from "./label-commands.ts";
import type { Bench } from "./bench.ts";

/** Has the changer say what is in the drive, take it out, and load slot 1; then writes a file mark on it. */
export async function autochangerTest(bench: Bench): Promise<void> {
  const { voice, drive } = bench;
  const { changed } = drive;
  const changer = changed?.changer;
  if (changed === undefined || changer === undefined)
    return voice.plain("Autochanger enabled, but no name or no command device specified.");
  voice.plain("\n=== Autochanger test ===\n");
  voice.plain("To test the autochanger you must have a blank tape\nthat I can write on in Slot 1.");
  const typed = await bench.ask("Do you wish to continue with the Autochanger test? (y/n): ");
  if (typed !== "y" && typed !== "yes") return voice.plain("The autochanger test was left out.");
  bench.close();
  voice.say('3301 Issuing autochanger "loaded" command.');
  const slot = await changer.loaded(changed);
  voice.say(slot === 0 ? "Nothing loaded in the drive. OK." : `Slot ${slot} loaded. I am going to unload it.`);
  if (slot > 0) voice.say(`3302 Issuing autochanger "unload ${slot} ${changed.index}" command.`);
  await bench.bring(1, "the tape of slot 1");
  voice.say(`3303 Autochanger "load 1 ${changed.index}" status is OK.`);
  bench.reopen();
  await requireScratch(bench);
  bench.rewind();
  bench.weof(1);
  if ((await changer.loaded(changed)) !== 1) bench.fail("The changer does not say that slot 1 is loaded. The test failed.");
  voice.plain("\nThe test autochanger worked!!\n");
}
