/** "YYYY-MM-DD HH:MM:SS" in the time zone of this machine, as Bacula's DATETIME columns hold it. */
export function formatLocalTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${String(time.getFullYear()).padStart(4, "0")}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
