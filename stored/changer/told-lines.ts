import { Changes } from "../job/changes.ts";
import type { DeviceReply } from "#proto/stored.ts";

/**
 * Does something that takes its time, and passes on what it tells as it is told. Answers, or throws, what the work does. The work goes on when
 * nobody listens any more; what it then brings is disposed of.
 */
export async function* whileTelling<T>(work: (tell: (line: string) => void) => Promise<T>): AsyncGenerator<DeviceReply, T> {
  const lines: string[] = [];
  const changes = new Changes();
  let isOver = false;
  let isTaken = false;
  const tell = (line: string) => {
    lines.push(line);
    changes.notify();
  };
  const working = work(tell).finally(() => {
    isOver = true;
    changes.notify();
  });
  working.catch(() => {}); // it is awaited below, after the last line
  try {
    for (;;) {
      const line = lines.shift();
      if (line !== undefined) yield { line, volume: undefined };
      else if (isOver) {
        isTaken = true;
        return await working;
      } else await changes.until(() => isOver || lines.length > 0);
    }
  } finally {
    if (!isTaken) working.then(letGo, () => {});
  }
}

function letGo(brought: unknown): void {
  if (typeof brought === "object" && brought !== null && Symbol.dispose in brought) (brought as Disposable)[Symbol.dispose]();
}
