/** Parts of a file relocation, as the operator gives them. */
export interface RelocationParts {
  readonly stripPrefix?: string | undefined;
  readonly addPrefix?: string | undefined;
  readonly addSuffix?: string | undefined;
}

/** The regexwhere rules for parts of a relocation: strip, then add in front, then behind every name that is no directory. Empty if there are none. */
export function relocationRules(parts: RelocationParts): string {
  const rules = [
    present(parts.stripPrefix) ? `!^${literal(parts.stripPrefix!)}!!` : "",
    present(parts.addPrefix) ? `!^!${replacement(parts.addPrefix!)}!` : "",
    present(parts.addSuffix) ? `!([^/])$!$1${replacement(parts.addSuffix!)}!` : "",
  ];
  return rules.filter((rule) => rule !== "").join(",");
}

function present(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}

/** Text as a regular expression that matches only it, the separator escaped. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|!]/g, String.raw`\$&`);
}

/** Text as a replacement that means only itself. */
function replacement(text: string): string {
  return text.replaceAll(/[\\$!]/g, String.raw`\$&`);
}
