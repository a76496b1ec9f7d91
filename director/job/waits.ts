/** When one half of a job has ended badly, how long the other one has to end by itself before it is told to stop; milliseconds. */
export const HALF_GRACE_MS = 2_000;

/** How long a half that was told to stop has until it is given up; milliseconds. */
export const CANCEL_WAIT_MS = 30_000;
