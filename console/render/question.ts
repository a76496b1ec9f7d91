import type { Question } from "#proto/console.ts";

/** A question as a person or a script sees it: heading, numbered choices, prompt without line end. */
export function questionText(question: Question): string {
  const title = question.title === "" ? "" : `${question.title}\n`;
  const choices = question.choices.map((choice, at) => `${String(at + 1).padStart(6)}: ${choice}\n`);
  return title + choices.join("") + question.prompt;
}
