/** The repository tests itself: rules that no linter has. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import test from "node:test";
import { errorCodes } from "#lib/errors/codes.ts";

const ROOT = join(import.meta.dirname, "..");
const FILES = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(ROOT, file)));
const SOURCES = FILES.filter((file) => file.endsWith(".ts") && !file.startsWith("proto/gen/"));
const PRODUCTION = SOURCES.filter(
  (file) => !file.endsWith(".test.ts") && !/^(regress|bench|scripts)\/|testing\/|\/test-[^/]*$|conformance/.test(file),
);

/** Longest file that still holds one thought; a test may string together more facts about one. */
const LINES_MAX = 400;
const TEST_LINES_MAX = 600;

function text(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** Lines of all sources that match, as file:line: text. */
function matches(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    text(file)
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}

test("nothing is marked as unfinished", () => {
  const others = SOURCES.filter((file) => file !== "scripts/tidy.test.ts");
  assert.deepEqual(matches(others, /\b(TODO|FIXME|XXX|HACK)\b|not (yet )?(built|implemented)\b/i), []);
});

test("no test is left alone, and none is switched off without a reason", () => {
  const tests = SOURCES.filter((file) => file.endsWith(".test.ts") && file !== "scripts/tidy.test.ts");
  assert.deepEqual(matches(tests, /\.(only|todo)\(|only: true|skip: true/), []);
});

test("every error code is used somewhere, and every one says cause and remedy", () => {
  const code = PRODUCTION.filter((file) => !file.startsWith("lib/errors/codes"))
    .map(text)
    .join("\n");
  const unused = Object.keys(errorCodes).filter((name) => !code.includes(`"${name}"`));
  assert.deepEqual(unused, []);
  for (const [name, { cause, remedy }] of Object.entries(errorCodes)) {
    assert.match(name, /^[A-Z][A-Z0-9_]*$/);
    assert.match(cause, /\.$/, name);
    assert.match(remedy, /\.$/, name);
  }
});

test("files stay short enough to be read at once", () => {
  const long = SOURCES.filter(
    (file) => text(file).split("\n").length > (file.endsWith(".test.ts") ? TEST_LINES_MAX : LINES_MAX),
  );
  assert.deepEqual(long, []);
});

test("nothing made for tests is used by the programs", () => {
  assert.deepEqual(matches(PRODUCTION, /from "(#lib\/testing|[^"]*\/testing)\//), []);
});

test("SQL stands in catalog-schema alone", () => {
  const elsewhere = PRODUCTION.filter((file) => !file.startsWith("catalog-schema/") && file !== "setup/init/other-files.ts");
  assert.deepEqual(
    matches(elsewhere, /["'`]\s*(SELECT\s.+\sFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|ALTER TABLE)\s/),
    [],
  );
});

test("names of files are kebab-case", () => {
  const odd = SOURCES.filter(
    (file) => !/^[a-z0-9-]+(\.mysql|\.sqlite|\.root)?(\.test|\.bench)?\.ts$/.test(file.slice(file.lastIndexOf("/") + 1)),
  );
  assert.deepEqual(odd, []);
});

test("there are no barrel files", () => {
  assert.deepEqual(
    SOURCES.filter((file) => file.endsWith("/index.ts")),
    [],
  );
});

test("every folder of the first rank says what it is for", () => {
  const folders = [
    "proto",
    "lib",
    "catalog-schema",
    "director",
    "filed",
    "stored",
    "console",
    "setup",
    "regress",
    "bench",
    "scripts",
    "docs",
  ];
  assert.deepEqual(
    folders.filter((folder) => !existsSync(join(ROOT, folder, "README.md"))),
    [],
  );
});

test("links between documents lead somewhere", () => {
  const broken = FILES.filter((file) => file.endsWith(".md")).flatMap((file) =>
    [...text(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target.replace(/#.*/, ""))
      .filter(
        (target) =>
          target !== "" && !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, normalize(join(dirname(file), target)))),
      )
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test("files that documents name exist", () => {
  const named = FILES.filter((file) => file === "docs/architecture.md").flatMap((file) =>
    [
      ...text(file).matchAll(
        /`((?:lib|director|filed|stored|console|catalog-schema|setup|proto|regress|bench|scripts)\/[\w./-]+\.(?:ts|proto))`/g,
      ),
    ].map(([, path = ""]) => path),
  );
  assert.deepEqual(
    named.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test("every dependency has its reason written down", () => {
  const manifest = JSON.parse(text("package.json")) as Record<string, Record<string, string> | undefined>;
  const names = ["dependencies", "optionalDependencies", "devDependencies"].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  const reasons = text("docs/dependencies.md");
  assert.deepEqual(
    names.filter((name) => !reasons.includes(`\`${name}\``)),
    [],
  );
  assert.deepEqual(
    names.filter(
      (name) =>
        !/^\d/.test(
          ["dependencies", "optionalDependencies", "devDependencies"].map((kind) => manifest[kind]?.[name]).find(Boolean) ?? "",
        ),
    ),
    [],
  );
});

test("the lock names no registry, so that any mirror can serve it", () => {
  assert.deepEqual(
    matches(
      ["package-lock.json"],
      /"resolved"|https?:\/\/(?!opencollective|github|ko-fi|www\.patreon|patreon|tidelift|feross|paypal|dotenvx|buymeacoffee)[^"]*registry/,
    ),
    [],
  );
});

test("every message, service and enum of the protocol says what it is", () => {
  const protos = FILES.filter((file) => /^proto\/[\w-]+\.proto$/.test(file));
  const bare = protos.flatMap((file) => undocumentedMessages(file, text(file)));
  assert.deepEqual(bare, []);
});

/** Messages, services and enums without a comment above them. */
function undocumentedMessages(file: string, source: string): string[] {
  const lines = source.split("\n");
  return lines.flatMap((line, i) =>
    /^(message|service|enum) /.test(line) && !(lines[i - 1] ?? "").startsWith("//") ? [`${file}:${i + 1}: ${line}`] : [],
  );
}
