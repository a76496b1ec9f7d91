import assert from "node:assert/strict";
import { test } from "node:test";
import { whileTelling } from "./told-lines.ts";

test("what was brought for somebody who has gone meanwhile is let go", async () => {
  let isHeld = false;
  const isLoaded = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const hold = {
    [Symbol.dispose]: () => {
      isHeld = false;
      letGo.resolve();
    },
  };
  const telling = whileTelling(async (tell) => {
    tell("loading");
    await isLoaded.promise;
    isHeld = true;
    return hold;
  });
  assert.equal((await telling.next()).done, false);
  await telling.return(hold); // the console is gone
  isLoaded.resolve();
  await Promise.race([letGo.promise, new Promise((resolve) => setTimeout(resolve, 1000))]);
  assert.equal(isHeld, false);
});
