import { Changes } from "../job/changes.ts";
import type { DeviceReply } from "#proto/stored.ts";

/** Does something that takes its time, and passes on what it tells as it is told. Answers, or throws, what the work does. */
export async function* whileTelling<T>(work: (tell: (line: string) => void) => Promise<T>): AsyncGenerator<DeviceReply, T> {
  const lines: string[] = [];
  const changes = new Changes();
  let isOver = false;
  const tell = (line: string) => {
    lines.push(line);
    changes.notify();
  };
  const working = work(tell).finally(() => {
    isOver = true;
    changes.notify();
  });
  working.catch(() => {}); // it is awaited below, after the last line
  for (;;) {
    const line = lines.shift();
    if (line !== undefined) yield { line, volume: undefined };
    else if (isOver) return await working;
    else await changes.until(() => isOver || lines.length > 0);
  }
}
