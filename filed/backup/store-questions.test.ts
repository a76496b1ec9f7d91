import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppendReply } from "#proto/data.ts";
import { StoreQuestions } from "./store-questions.ts";

const nothing: AppendReply = {
  batches: 0,
  ended: false,
  failed: "",
  store: undefined,
  known: Buffer.alloc(0),
  held: undefined,
};
const known = (...bytes: number[]): AppendReply => ({ ...nothing, known: Buffer.from(bytes) });
const ids = (count: number): Uint8Array => new Uint8Array(32 * count);

test("answers go to the questions in their order, and what has none is asked again on the next connection", async () => {
  const questions = new StoreQuestions();
  const held = questions.hold([{ volSessionId: 1, volSessionTime: 2 }]);
  const first = questions.ask(ids(8));
  const second = questions.ask(ids(9));
  const steps = () => [questions.next()?.step.$case, questions.next()?.bytes, questions.next()?.bytes, questions.next()];
  assert.deepEqual(steps(), ["hold", 256, 288, undefined]);
  questions.takeReply({ ...nothing, held: { held: [true] } });
  questions.takeReply(nothing);
  questions.begin();
  assert.deepEqual([questions.next()?.bytes, questions.next()?.bytes, questions.next()], [256, 288, undefined]);
  questions.takeReply(known(5));
  questions.takeReply(known(1, 1));
  assert.deepEqual([await held, [...(await first)], [...(await second)]], [[true], [5], [1, 1]]);
});

test("an answer that nobody asked for, or of another length, is refused", () => {
  const questions = new StoreQuestions();
  assert.throws(() => questions.takeReply(known(1)), { code: "STORAGE_REFUSED" });
  questions.ask(ids(9)).catch(() => {});
  assert.throws(() => questions.takeReply(known(1, 1)), { code: "STORAGE_REFUSED" }, "asked for, but not sent yet");
  questions.next();
  assert.throws(() => questions.takeReply(known(1)), { code: "STORAGE_REFUSED" });
  assert.throws(() => questions.takeReply({ ...nothing, held: { held: [] } }), { code: "STORAGE_REFUSED" });
});

test("questions end with the connection for good", async () => {
  const questions = new StoreQuestions();
  const asked = questions.ask(ids(1));
  questions.fail(new Error("gone"));
  await assert.rejects(asked, /gone/);
  await assert.rejects(questions.ask(ids(1)), /gone/);
});
