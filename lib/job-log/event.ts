import type { AnswerRequest, JobEvent } from "#proto/job.ts";

/** What happened, without its number. */
export type EventBody = NonNullable<JobEvent["event"]>;

/** The Director's answer to a question. */
export type Answer = NonNullable<AnswerRequest["answer"]>;
