// KV is a cache that may be lost or stale: it holds market data, and nothing that says who may come in.
//
//  1. Only the analysis worker writes to KV, and only edge knows the platform's interface to it.
//  2. What is written goes under a key of the list below, and each key of the list is written.
//  3. No file that reads or writes KV has to do with logins, tokens or credentials.
//  4. A time to live is always given.
//  5. docs/STORAGE.md names every key.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { production, rustFiles } from "../../scripts/lib/rust-source.mjs";

/** The keys, by the function that makes them; `*` stands for what varies. */
const KEYS = { "quote::cache_key": { file: "crates/contract/src/quote.rs", key: "quote:*" }, metrics_key: { file: "workers/analysis/src/metrics.rs", key: "metrics:*" }, "history::cache_key": { file: "crates/contract/src/market/history.rs", key: "candles:*", varies: "series" }, structure_key: { file: "workers/analysis/src/gather/chain.rs", key: "chain:*:all" }, live_key: { file: "workers/analysis/src/gather/chain.rs", key: "chain:*:live", varies: "options" }, price_key: { file: "workers/analysis/src/gather/chain.rs", key: "chain:*:price" }, rate_key: { file: "workers/analysis/src/gather/rate.rs", key: "rate:*", varies: "name" } };

const sources = ["crates", "workers/mcp-server", "workers/analysis", "workers/tastytrade-sim"].flatMap((folder) =>
  [...rustFiles(join(ROOT, folder))].filter((file) => !/\/tests\//.test(file)).map((file) => ({ file: relative(ROOT, file), text: production(file) })),
);

/** The calls of a method of the cache: `{file, key}`. */
const calls = (method) => sources.flatMap(({ file, text }) => [...text.matchAll(new RegExp(`\\bkv\\s*\\.\\s*${method}\\(\\s*&?\\s*([\\w:]+)`, "g"))].map(([, key]) => ({ file, key })));

test("1. only the analysis worker writes", () => {
  const writers = new Set(calls("put").map(({ file }) => file.split("/").slice(0, 2).join("/")));
  assert.deepEqual([...writers], ["workers/analysis"]);
  const raw = sources.filter(({ text }) => /\bKvStore\b|\bworker::kv\b|\.kv\("/.test(text)).map(({ file }) => file);
  assert.deepEqual(raw, ["crates/edge/src/kv.rs"]);
});

test("2. keys are those of the list", () => {
  assert.deepEqual([...new Set(calls("put").map(({ key }) => key))].toSorted(), Object.keys(KEYS).toSorted());
  for (const { file, key } of calls("get")) assert.ok(key in KEYS, `${file} reads ${key}`);
  for (const { file, key, varies = "symbol" } of Object.values(KEYS)) assert.ok(production(join(ROOT, file)).includes(`format!("${key.replace("*", `{${varies}}`)}")`), `${file} does not make ${key}`);
});

test("3. the cache has nothing to do with logins", () => {
  const users = new Set([...calls("put"), ...calls("get")].map(({ file }) => file));
  assert.ok(users.size >= 2, [...users].join(", "));
  for (const file of users) {
    const text = production(join(ROOT, file));
    for (const word of [/\boauth::/, /identity::(codes|grants|sessions|requests|clients)\b/, /\bCredential\b/, /\bvault::/, /\bSecret\b/, /\bJwt/]) assert.doesNotMatch(text, word, file);
  }
});

test("4. everything in the cache expires", () => {
  const port = production(join(ROOT, "crates/edge/src/kv.rs"));
  assert.match(port, /pub async fn put\(&self, key: &str, text: &str, ttl: Ttl\)/);
  assert.match(port, /expiration_ttl\(/);
  assert.equal(port.match(/\.put\(/g).length, 1);
});

test("5. docs/STORAGE.md names every key", () => {
  const document = readFileSync(join(ROOT, "docs/STORAGE.md"), "utf8");
  for (const { key, varies = "symbol" } of Object.values(KEYS)) assert.ok(document.includes(`\`${key.replace("*", `{${varies}}`)}\``), key);
});
