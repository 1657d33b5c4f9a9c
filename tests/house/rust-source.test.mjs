// The reader of Rust sources that the other house tests and docs/TOOLS.md rest on.
//
//  1. String literals are read: escapes, continued lines, raw strings, quotes in characters.
//  2. Nothing is lost between the tokens, in any source of the repository.
//  3. Comments and `#[cfg(test)]` items are taken out, and what follows them is kept.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { rustFiles, strings, tokens, withoutTests } from "../../scripts/lib/rust-source.mjs";

test("1. string literals", () => {
  const cases = [
    ['"plain"', ["plain"]],
    ['"a \\"quote\\" and \\\\"', ['a "quote" and \\']],
    ['"two \\\n      lines"', ["two lines"]],
    ['r"raw\\n"', ["raw\\n"]],
    ['r#"with "quotes""#', ['with "quotes"']],
    ["let q = '\"'; \"after\"", ["after"]],
    ["fn f<'a>(x: &'a str) { \"x\" }", ["x"]],
    ['// "a comment"\n"text" /* "another" */', ["text"]],
    ['"\\u{2022}\\x41"', ["\u2022A"]],
  ];
  for (const [source, expected] of cases) assert.deepEqual(strings(source), expected, source);
});

test("2. nothing is lost", () => {
  for (const folder of ["crates", "workers"]) {
    for (const file of rustFiles(join(ROOT, folder))) {
      const source = readFileSync(file, "utf8");
      assert.equal(tokens(source).map(({ text }) => text).join(""), source, file);
    }
  }
});

test("3. comments and tests are taken out", () => {
  const source = 'fn a() { "}" } // gone\n#[cfg(test)]\nmod tests { fn b() { "{" } }\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}';
  const kept = withoutTests(source);
  for (const name of ["fn a", "fn c", "fn d"]) assert.ok(kept.includes(name), kept);
  for (const name of ["gone", "fn b", "mod more"]) assert.ok(!kept.includes(name), kept);
});
