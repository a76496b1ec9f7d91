import { count, datetime, fastSerial, name, serial, table, text, type RowOf } from "./table.ts";

/** Lines of job logs. */
export const logTable = table(
  "Log",
  "lines of job logs",
  {
    LogId: fastSerial("row number; the order of the lines"),
    JobId: count("-> Job; 0: belongs to no job"),
    Time: datetime("when"),
    LogText: text("one message, as printed"),
  },
  { indices: [{ name: "log_jobid_idx", columns: ["JobId"], why: "log of a job" }] },
);
export type LogRow = RowOf<typeof logTable>;

/** What happened that an auditor asks for. */
export const eventsTable = table(
  "Events",
  "what happened that an auditor asks for",
  {
    EventsId: serial("row number"),
    EventsCode: name("code"),
    EventsType: name("type"),
    EventsTime: datetime("when it happened"),
    EventsInsertTime: datetime("when it was recorded"),
    EventsDaemon: name("which daemon"),
    EventsSource: name("who"),
    EventsRef: name("what it refers to"),
    EventsText: text("in words"),
  },
  { indices: [{ name: "events_time_idx", columns: ["EventsTime"], why: "events of a time" }] },
);
