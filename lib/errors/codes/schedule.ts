/** Error codes of the area "schedule": cause and remedy, one line each. */
export const scheduleCodes = {
  SCHEDULE_MARK_DAMAGED: {
    cause: "The file in which the Director keeps how far its Scheduler has come cannot be read.",
    remedy: "Nothing: it is written anew. Look with `list jobs` which runs are missing.",
  },
} as const;
