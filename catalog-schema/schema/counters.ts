import { integer, name, table, type RowOf } from "./table.ts";

/** Counter resources and where they stand. */
export const countersTable = table(
  "Counters",
  "Counter resources and where they stand",
  {
    Counter: name("name of the resource"),
    MinValue: integer("first value"),
    MaxValue: integer("last value, 0 none"),
    CurrentValue: integer("next value"),
    WrapCounter: name("counter that is moved when this one wraps; empty: none"),
  },
  { primaryKey: ["Counter"] },
);
export type CounterRow = RowOf<typeof countersTable>;
