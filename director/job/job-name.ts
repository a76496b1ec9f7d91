let sequence = 0;

/** A unique job name: the resource's name with underscores for blanks, local time, and a number that tells jobs of one second apart. */
export function uniqueJobName(name: string, nowMs: number): string {
  const at = new Date(nowMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}`;
  sequence = (sequence % 99) + 1;
  return `${name.replaceAll(" ", "_").slice(0, 100)}.${date}_${time}_${two(sequence)}`;
}
