/** The points of a campaign, one after the other. Throws at the first that does not hold, and names it by number and moment. */
export async function goThrough<Moment extends string>(
  points: number,
  momentOf: (point: number) => Moment,
  hold: (moment: Moment) => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  for (let point = 1; point <= points; point++) {
    const moment = momentOf(point);
    try {
      await hold(moment);
    } catch (error) {
      throw new Error(`point ${point} (${moment}): ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    say(`${point}/${points} ${moment}: holds`);
  }
}
