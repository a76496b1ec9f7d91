import type { ConsoleOutput, TableHead } from "#proto/console.ts";
import { JsonDrawer } from "./json.ts";
import { questionText } from "./question.ts";
import { RowDrawer } from "./rows.ts";
import { TableDrawer } from "./table.ts";

interface Drawer {
  add(rows: readonly (readonly string[])[]): string;
  end(): string;
}

/** Turns typed output of the Director into text, as Bacula prints it or, after `.api 2`, with tables as JSON. */
export class Renderer {
  #drawer: Drawer | null = null;
  #api = 0;

  /** Text to show for this output; empty where there is nothing to show. */
  render(output: ConsoleOutput["output"]): string {
    switch (output?.$case) {
      case "text":
        return output.value;
      case "table":
        this.#drawer = this.#drawerFor(output.value);
        return "";
      case "rows":
        return this.#drawer?.add(output.value.rows.map((row) => row.values)) ?? "";
      case "tableEnd":
        return this.#endTable();
      case "question":
        return this.#endTable() + questionText(output.value);
      case "ready":
        return this.#endTable();
      case "messagesWaiting":
        return "You have messages.\n";
      case "api":
        this.#api = output.value.mode;
        return "";
      default:
        return "";
    }
  }

  #endTable(): string {
    const text = this.#drawer?.end() ?? "";
    this.#drawer = null;
    return text;
  }

  #drawerFor(head: TableHead): Drawer {
    if (this.#api === 2) return new JsonDrawer(head);
    return head.vertical ? new RowDrawer(head.columns) : new TableDrawer(head.columns);
  }
}
