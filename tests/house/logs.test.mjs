// What may be in a log line, read from the sources.
//
//  1. Every field that a call of the log names is in the list of crates/edge/src/log.rs; others would not be written.
//  2. Every field of the list is used.
//  3. Nothing writes to the console past the log.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { production, rustFiles } from "../../scripts/lib/rust-source.mjs";

const LOG = join(ROOT, "crates/edge/src/log.rs");
const list = /const FIELDS: &\[&str\] = &\[([^\]]*)\]/.exec(readFileSync(LOG, "utf8"))[1];
const allowed = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
const files = ["crates/edge", "workers"].flatMap((folder) => [...rustFiles(join(ROOT, folder))]).filter((file) => file !== LOG);

/** The fields of every call of the log: `{file, fields}`. */
const calls = files.flatMap((file) => {
  const source = production(file);
  return [...source.matchAll(/\blog::(?:info|warn|error)\(([\s\S]*?)\n?\s*\);/g)].map(([, body]) => ({ file: relative(ROOT, file), fields: [...body.matchAll(/\("(\w+)",/g)].map(([, name]) => name) }));
});

test("1. every field is in the list", () => {
  assert.ok(calls.length > 15, `only ${calls.length} calls found`);
  assert.deepEqual(calls.flatMap(({ file, fields }) => fields.filter((name) => !allowed.includes(name)).map((name) => `${file}: ${name}`)), []);
});

test("2. every field of the list is used", () => {
  const used = new Set(calls.flatMap(({ fields }) => fields));
  assert.deepEqual(allowed.filter((name) => !used.has(name)), []);
});

test("3. nothing writes to the console past the log", () => {
  assert.deepEqual(files.filter((file) => /\bconsole_(?:log|warn|error|debug)!/.test(production(file))).map((file) => relative(ROOT, file)), []);
});
