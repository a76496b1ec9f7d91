/** The end-of-job report, as an administrator's scripts read it. */
export interface JobReport {
  readonly jobId: number;
  /** Values by label, e.g. "FD Files Written" -> "1,234". */
  readonly fields: ReadonlyMap<string, string>;
  readonly termination: string;
  readonly text: string;
}

/** All reports in a message log, in order. A report runs from its "JobId:" to its "Termination:" line. */
export function parseReports(log: string): JobReport[] {
  const reports: JobReport[] = [];
  let lines: string[] | undefined;
  for (const line of log.split("\n")) {
    if (/^ {2}(Build OS|JobId):/.test(line) && (lines === undefined || line.startsWith("  Build OS:"))) lines = [];
    lines?.push(line);
    if (lines !== undefined && /^ {2}Termination:/.test(line)) {
      reports.push(reportOf(lines));
      lines = undefined;
    }
  }
  return reports;
}

function reportOf(lines: readonly string[]): JobReport {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const match = /^ {2}([A-Z][^:]*):\s*(.*)$/.exec(line);
    if (match?.[1] !== undefined) fields.set(match[1], match[2] ?? "");
  }
  return {
    jobId: Number(fields.get("JobId") ?? 0),
    fields,
    termination: (fields.get("Termination") ?? "").trim(),
    text: lines.join("\n"),
  };
}

/** The number at the start of a report's value: "1,234,567 (1.234 MB)" is 1234567. */
export function numberIn(report: JobReport, label: string): number {
  const digits = /^[\d,]+/.exec(report.fields.get(label) ?? "")?.[0];
  if (digits === undefined) throw new Error(`the report has no number at "${label}":\n${report.text}`);
  return Number(digits.replaceAll(",", ""));
}
