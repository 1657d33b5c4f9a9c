// The list of attacks itself: every case from A01 to E09 has a test whose title begins with its number.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/** How many cases each family of the list has. */
const FAMILIES = { A: 22, B: 11, C: 17, D: 17, E: 9 };

const folder = import.meta.dirname;
const titles = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs"))
  .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/^\s*test\(["'`]([A-G]\d\d) (.+?)["'`], /gm)].map(([, number, title]) => ({ number, title, name })));

test("no case is missing", () => {
  const wanted = Object.entries(FAMILIES).flatMap(([family, count]) => Array.from({ length: count }, (_, at) => `${family}${String(at + 1).padStart(2, "0")}`));
  const there = new Set(titles.map(({ number }) => number));
  assert.deepEqual(wanted.filter((number) => !there.has(number)), []);
});

test("no title has a number that the list does not have, and none is skipped", () => {
  for (const { number, title, name } of titles) {
    const most = FAMILIES[number[0]] ?? 19;
    assert.ok(Number(number.slice(1)) >= 1 && Number(number.slice(1)) <= most, `${name}: ${number} ${title}`);
  }
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".test.mjs"))) {
    assert.doesNotMatch(readFileSync(join(folder, name), "utf8"), /^\s*(test|describe)\.(skip|todo|only)\b|[{,]\s*(skip|todo|only): true/m, name);
  }
});
