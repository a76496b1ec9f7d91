import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lexer, type Token } from "./lexer.ts";

function lex(text: string): Token[] {
  const lexer = new Lexer(text, "f");
  const tokens: Token[] = [];
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) tokens.push(token);
  return tokens;
}

function brief(text: string): string[] {
  return lex(text).map((token) => (token.kind === "end" ? "end" : `${token.kind}:${token.text}`));
}

test("blanks inside an identifier are dropped, and case is kept", () => {
  assert.deepEqual(brief("Maximum Concurrent  Jobs = 5"), ["identifier:MaximumConcurrentJobs", "=:=", "number:5"]);
  assert.equal(lex("Maximum Concurrent  Jobs =")[0]!.raw, "Maximum Concurrent  Jobs");
});

test("an unquoted value of letters only is glued together", () => {
  assert.deepEqual(brief("Name = My Job\n"), ["identifier:Name", "=:=", "identifier:MyJob", "end"]);
});

test("another character turns an identifier into a string, which a blank ends", () => {
  assert.deepEqual(brief("my job-1 rest"), ["string:myjob-1", "identifier:rest"]);
  assert.equal(lex("1st sun at 23:05 x")[1]!.raw, "sun at 23:05");
});

test("a number becomes a string when something other than a separator follows", () => {
  assert.deepEqual(brief("12 12; 12, 12a 1.5"), [
    "number:12",
    "number:12",
    "end",
    "number:12",
    ",:,",
    "string:12a",
    "string:1.5",
  ]);
});

test("a comment runs to the end of the line and also ends a word", () => {
  assert.deepEqual(brief("# all\nName#x\nab-c#x\n"), ["end", "identifier:Name", "end", "string:ab-c", "end"]);
});

test("quotes keep everything but the backslash of an escape, over lines too", () => {
  assert.deepEqual(brief(String.raw`"a \"b\" \\ # ; {"`), [String.raw`quoted:a "b" \ # ; {`]);
  assert.deepEqual(brief('"a\nb" c'), ["quoted:a\nb", "identifier:c"]);
  assert.deepEqual(lex('"a\nb" c')[1]!.at, { file: "f", line: 2, column: 4 });
});

test("a quote that is never closed is a mistake at its beginning", () => {
  const [token] = lex('\n  "abc');
  assert.equal(token!.kind, "end");
  assert.deepEqual(
    { kind: lex('\n  "abc')[1]!.kind, at: lex('\n  "abc')[1]!.at },
    { kind: "bad", at: { file: "f", line: 2, column: 3 } },
  );
});

test("LF, CRLF and CR all end a line and count as one", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const tokens = lex(`a${end}b`);
    assert.deepEqual(
      tokens.map((token) => token.kind),
      ["identifier", "end", "identifier"],
    );
    assert.deepEqual(tokens[2]!.at, { file: "f", line: 2, column: 1 });
  }
});

test("a backslash before a blank or the end of the line skips the rest of the line", () => {
  assert.deepEqual(brief("a, \\ ignored words\nb"), ["identifier:a", ",:,", "end", "identifier:b"]);
  assert.deepEqual(brief("C:\\x\\\nb"), ["string:C:\\x", "end", "identifier:b"]);
});

test("a UTF-8 byte order mark is skipped at the beginning only", () => {
  assert.deepEqual(brief("\uFEFFName"), ["identifier:Name"]);
});

test("@ begins an include only where a word may begin", () => {
  assert.deepEqual(brief("@/etc/a.conf\n"), ["include:/etc/a.conf", "end"]);
  assert.deepEqual(brief('@"/etc/a b.conf"'), ["include:/etc/a b.conf"]);
  assert.deepEqual(brief(String.raw`@|"sh -c \"echo x\""`), [`include:|sh -c "echo x"`]);
  assert.deepEqual(brief("@|/bin/list {"), ["include:|/bin/list", "{:{"]);
  assert.deepEqual(brief("mail = root@host"), ["identifier:mail", "=:=", "string:root@host"]);
  assert.deepEqual(brief('"@x"'), ["quoted:@x"]);
  assert.equal(lex("@ x")[0]!.kind, "bad");
});

test("a NUL byte is a mistake wherever it stands", () => {
  for (const text of ["a\0b", '"a\0b"', "\0", "1\0"])
    assert.ok(
      lex(text).some((token) => token.kind === "bad"),
      JSON.stringify(text),
    );
});

test("any text becomes tokens whose places go forward", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab1 \t\n\r"\\{}=,;#@|\0.é')), maxLength: 60 }), (text) => {
      let last = { line: 1, column: 0 };
      for (const { at } of lex(text)) {
        assert.ok(at.line > last.line || (at.line === last.line && at.column > last.column));
        last = at;
      }
    }),
  );
});
