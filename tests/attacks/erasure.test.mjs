// "Delete my data" leaves nothing of the user: E09. Whatever has a user in it is found at run time, so that a table which is
// added later is covered by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { d1, dump, kv } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { csrfOf, makeKey, send } from "../lib/settings-pages.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { connected, list, quiet, raw, refresh, withCode } from "./support.mjs";

// Users are deleted here.
const stack = await useStack({});
const sim = simulator(stack);
const { trader, second } = EXTERNAL_IDS;

/** The tables whose rows belong to users, with what each column must hold. */
async function ofUsers() {
  const columns = await d1(stack, "SELECT m.name AS name, c.name AS column_name, c.type AS type, c.\"notnull\" AS needed, c.dflt_value AS usual FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'");
  const tables = new Map();
  for (const { name, ...column } of columns) tables.set(name, [...(tables.get(name) ?? []), column]);
  return new Map([...tables].filter(([, list]) => list.some(({ column_name: column }) => column === "user_id")));
}

const rows = async (table, user) => (await d1(stack, `SELECT count(*) AS n FROM "${table}" WHERE user_id = ?1`, [user]))[0].n;

/** Texts that a CHECK wants, by table and column; any other text will do for the others. */
const WORDS = { alerts: { condition: "above", status: "active" }, notification_channels: { status: "active" }, notification_deliveries: { status: "pending" }, jobs: { status: "complete" }, credentials: { kind: "login", status: "active" }, positions: { status: "open" } };

/** Puts a row of the user into a table that has none yet. */
async function fill(table, columns, user) {
  const values = columns
    .filter(({ column_name: column, needed, usual }) => column === "user_id" || (needed && usual === null))
    .map(({ column_name: column, type }) => [column, column === "user_id" ? user : (WORDS[table]?.[column] ?? (type === "INTEGER" ? "1" : `${user}-${column}`))]);
  await d1(stack, `INSERT INTO "${table}" (${values.map(([column]) => `"${column}"`).join(", ")}) VALUES (${values.map((_, at) => `?${at + 1}`).join(", ")})`, values.map(([, value]) => value));
}

const object = (key) => `r2/buckets/ttai-storage/objects/${encodeURIComponent(key)}`;
const hasObject = async (key) => (await stack.explorer(object(key))).status === 200;

test("E09 delete my data: no row, no key and no object of the user is left, tokens are 401, and nobody else is touched", async () => {
  const me = await connected(stack);
  const other = await login(stack, { user: "second" });
  const waiting = await withCode(stack);
  const { key } = await makeKey(stack, me.browser);
  await client(stack, me.token).ok("get_quote", { symbol: "SPY" });
  await quiet(stack);
  const tables = await ofUsers();
  for (const [table, columns] of tables) {
    for (const user of [trader, second]) if ((await rows(table, user)) === 0) await fill(table, columns, user);
    assert.ok((await rows(table, trader)) > 0, table);
  }
  assert.ok(tables.size >= 15, [...tables.keys()].join());
  const kept = [`user:${second}:analysis:SPY`, `user:${trader}0:analysis:SPY`];
  for (const name of [`user:${trader}:analysis:SPY`, `user:${trader}:x`, ...kept]) await kv.put(stack, name, "{}");
  const objects = [`users/${trader}/exports/report.csv`, `users/${trader}/x`];
  const others = [`users/${second}/exports/report.csv`, `users/${trader}0/x`, "knowledge/trading/risk.md"];
  for (const name of [...objects, ...others.slice(0, 2)]) assert.ok((await stack.explorer(object(name), { method: "PUT", headers: { "content-type": "text/plain" }, body: "x" })).ok, name);
  for (const name of [...objects, ...others]) assert.ok(await hasObject(name), name);
  const before = Object.fromEntries(await Promise.all([...tables.keys()].map(async (table) => [table, await rows(table, second)])));

  const answer = await send(stack, me.browser, "/settings/data/delete", [["csrf", await csrfOf(stack, me.browser)], ["word", "DELETE"]]);
  assert.equal(answer.status, 200, answer.text);

  for (const table of tables.keys()) assert.equal(await rows(table, trader), 0, table);
  assert.deepEqual(await d1(stack, "SELECT id FROM users WHERE id = ?1", [trader]), []);
  const names = await kv.keys(stack);
  assert.deepEqual(names.filter((name) => name.startsWith(`user:${trader}:`)), []);
  for (const name of kept) assert.ok(names.includes(name), name);
  for (const name of objects) assert.ok(!(await hasObject(name)), name);
  for (const name of others) assert.ok(await hasObject(name), name);
  for (const token of [me.token, key]) {
    const { status, headers } = await list(stack, token);
    assert.equal(status, 401);
    assert.match(headers.get("www-authenticate"), /invalid_token/);
  }
  assert.equal((await refresh(stack, me)).body.error, "invalid_grant");
  const { status, text } = await raw(`${stack.url}/oauth/token`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ grant_type: "authorization_code", code: waiting.code, code_verifier: waiting.verifier, client_id: waiting.clientId }).toString() });
  assert.deepEqual([status, JSON.parse(text).error], [400, "invalid_grant"], "a code that was not exchanged yet");
  const page = await me.browser.fetch(`${stack.url}/dashboard`);
  assert.ok([302, 303].includes(page.status), "the browser is logged out");

  for (const [table, many] of Object.entries(before)) assert.ok((await rows(table, second)) >= many, `${table} of another user`);
  assert.equal((await list(stack, other.token)).status, 200);
  // What is noted of the deletion says nothing of whom.
  await poll("the deletion is noted", async () => (await d1(stack, "SELECT user_id FROM audit WHERE action = 'data_deleted'")).length > 0);
  const left = await dump(stack);
  for (const text of [`"${trader}"`, "5WX10001", "5WX10002"]) assert.ok(!left.includes(text), text);

  // Whoever was deleted can come back, and is somebody new.
  const again = await connected(stack);
  assert.equal(again.claims.sub, trader);
  assert.equal((await list(stack, again.token)).status, 200);
  assert.equal((await list(stack, me.token)).status, 401, "the old tokens stay dead");
  assert.ok((await sim.state()).grants.length > 0);
});
