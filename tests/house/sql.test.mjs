// Who may see whose rows, read from the texts of the SQL statements.
//
//  1. Every statement on user rows binds user_id (or a user's id) as a parameter. The few that may not are listed here with
//     their reasons: rows that are found by the hash of a secret, the cron's questions over all users, and the sweep.
//  2. Each of these exceptions is in use and is listed once.
//  3. A statement that writes user rows names user_id among its columns.
//  4. SQL stands in crates/store alone; two probes of /health aside.
//  5. Statements are constants: nothing builds SQL at run time.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { production, rustFiles, strings } from "../../scripts/lib/rust-source.mjs";

/** Statements that go over more than one user's rows: their beginnings, and why that is right. */
const OVER_ALL_USERS = {
  "SELECT user_id FROM credentials WHERE id = ?1": "single-user mode: the id is the hash of a secret",
  "SELECT code_hash, user_id, client_id": "a code is found by its hash, and its row says whose it is",
  "SELECT r.token_hash, r.user_id, r.grant_id": "a refresh token is found by its hash, and its row says whose it is",
  "SELECT k.user_id, k.id, k.scopes, k.last_used_at": "a key is found by its hash, and its row says whose it is",
  "SELECT user_id, expires_at FROM browser_sessions": "a session is found by the hash of its cookie, and its row says whose it is",
  "UPDATE browser_sessions SET ended_at = ?2 WHERE token_hash": "a session is ended by the hash of its cookie",
  "SELECT * FROM jobs WHERE status IN": "the cron looks for jobs that do not move",
  "SELECT users.id FROM users JOIN credentials": "the cron looks for users who are due, and gets ids alone",
  "SELECT user_id, id, kind, client_secret_sealed": "the cron seals anew what lies under the previous key",
  "DELETE FROM oauth_codes WHERE expires_at": "the sweep of what has expired",
  "DELETE FROM refresh_tokens WHERE expires_at": "the sweep of what has expired",
  "DELETE FROM browser_sessions WHERE expires_at": "the sweep of what has expired",
  "DELETE FROM audit WHERE at": "the sweep of what is old",
};

/** What the workers ask the database for themselves. */
const PROBES = ["SELECT count(*) AS users FROM users", "SELECT 1 AS one"];

const flat = (text) => text.replace(/\s+/g, " ").trim();
const isSql = (text) => /^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\s/.test(text);

/** The tables whose rows belong to a user. */
function userTables() {
  const folder = join(ROOT, "migrations");
  const schema = readdirSync(folder).filter((name) => name.endsWith(".sql")).map((name) => readFileSync(join(folder, name), "utf8")).join("\n").replace(/--[^\n]*/g, "");
  const tables = [...schema.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(([\s\S]*?)\n\)/g)];
  assert.ok(tables.length > 15, `only ${tables.length} tables found`);
  return new Set([...tables.filter(([, , body]) => /\buser_id\b/.test(body)).map(([, name]) => name), "users"]);
}

function statements(folder) {
  const files = [...rustFiles(join(ROOT, folder))].filter((file) => !/\/tests\//.test(file));
  return files.flatMap((file) => strings(production(file)).filter(isSql).map((text) => ({ file: relative(ROOT, file), text: flat(text) })));
}

const OWNERS = userTables();
const STORE = statements("crates/store");
const tablesOf = (text) => [...text.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)/g)].map(([, name]) => name).filter((name) => OWNERS.has(name));
const exception = (text) => Object.keys(OVER_ALL_USERS).find((beginning) => text.startsWith(beginning));

/** Whether a statement is bound to one user. */
function isBound(text) {
  if (/^INSERT INTO users\b/.test(text)) return /\bVALUES \(\?1,/.test(text);
  if (/^INSERT/.test(text)) return /\(([^)]*\b)?user_id\b/.test(text) && (/\bVALUES \([^)]*\?\d/.test(text) || /\bSELECT \?1\b/.test(text) || /\buser_id = \?\d/.test(text));
  const where = text.slice(text.indexOf(" WHERE "));
  return /\b(\w+\.)?user_id = \?\d/.test(where) || (tablesOf(text).every((name) => name === "users") && /\bid = \?\d/.test(where));
}

test("1. statements on user rows are bound to a user", () => {
  assert.ok(STORE.length > 30, `only ${STORE.length} statements found`);
  const free = STORE.filter(({ text }) => tablesOf(text).length > 0 && !exception(text) && !isBound(text));
  assert.deepEqual(free, []);
});

test("2. the exceptions are in use, each for one statement, and none of them would pass without", () => {
  for (const beginning of Object.keys(OVER_ALL_USERS)) {
    const found = STORE.filter(({ text }) => text.startsWith(beginning));
    assert.equal(found.length, 1, `${found.length} statements begin with: ${beginning}`);
    assert.ok(!isBound(found[0].text), `is bound to a user and needs no exception: ${beginning}`);
  }
});

test("3. what writes user rows names user_id", () => {
  for (const { file, text } of STORE.filter((statement) => /^INSERT/.test(statement.text))) {
    const [, table, columns] = /^INSERT INTO (\w+) \(([^)]*)\)/.exec(text) ?? [];
    if (!OWNERS.has(table) || table === "users") continue;
    assert.match(columns, /\buser_id\b/, `${file}: ${text}`);
  }
});

test("4. SQL stands in crates/store alone", () => {
  const workers = statements("workers").filter(({ file }) => !file.startsWith("workers/tastytrade-sim/"));
  assert.deepEqual(workers.map(({ text }) => text).sort(), [...PROBES].sort());
  const crates = readdirSync(join(ROOT, "crates")).filter((name) => !["store", "testkit"].includes(name));
  assert.deepEqual(crates.flatMap((name) => statements(`crates/${name}`)), []);
});

test("5. statements are constants", () => {
  const port = readFileSync(join(ROOT, "crates/store/src/db.rs"), "utf8");
  assert.match(port, /pub sql: &'static str/);
  for (const folder of ["crates/store", "crates/edge", "crates/oauth", "workers/analysis", "workers/mcp-server"]) {
    for (const file of rustFiles(join(ROOT, folder))) {
      // A leaked text is the only way to make a constant at run time.
      assert.doesNotMatch(production(file), /\.leak\(\)|Box::leak|String::leak/, relative(ROOT, file));
    }
  }
});
