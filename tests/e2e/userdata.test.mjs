// The user's connection, settings and data. Cases:
//  1. test_connection of a connection that works: the accounts masked, the way, the default account
//  2. update_config: each setting, the forms in which it may come, the whole configuration as the answer
//  3. update_config: what is wrong names the argument, and nothing of the call is changed
//  4. the default account is among the user's own: somebody else's number and one that never was get the same answer, and
//     TastyTrade is not asked (E02)
//  5. the default account is first in completions and balances
//  6. quote_cache_ttl: a cached quote that is older than the user wants is not used for that user; 0 rules the cache out
//  7. settings need their scopes, and are each user's own
//  8. test_connection while TastyTrade fails, hangs or is asked too often: a result, and the next one is well again
//  9. the grant is revoked at TastyTrade: reconnect_required, and a new login repairs it
// 10. a sealed credential that was copied from somebody else, or has one bit flipped: reconnect_required (E04, E05)
// 11. a credential under a key that is gone: key_unavailable (E06)
// 12. a 401 that stays: one more token, one more call, then reconnect_required (G05)
// 13. disconnecting: the credential and the access token go, the data stays, nothing is synced; both ways in connect again
// 14. deleting (E09): nothing of the user in D1, KV, R2; tokens, refresh tokens and cookies are dead; open pages are closed;
//     somebody else keeps everything
// 15. deleting again is no error, and logging in again starts afresh
// 16. a sync that runs during the deletion brings nothing back
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { syncNow } from "../lib/dashboard.mjs";
import { d1, ended, instance, kv, r2, tick } from "../lib/explorer.mjs";
import { connect } from "../lib/live.mjs";
import { EXTERNAL_IDS, login, refresh } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { assertHttpError, client, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { csrfOf, send } from "../lib/settings-pages.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

// A stack of its own: users are disconnected and deleted.
const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: "0" } });
const sim = simulator(stack);
const { trader, second } = EXTERNAL_IDS;
const DEFAULTS = { chain_cache_ttl: 300, connection_way: "login", default_account: null, quote_cache_ttl: 60, time_zone: "America/New_York" };
const ACCOUNTS = ["5WX10001", "5WX10002"];
const ANY_CALL = /^\/(customers|accounts|market|oauth)/;

let me;
let mcp;
let other;

const quiet = (user) => poll(`no job of ${user} is under way`, async () => (await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 AND status IN ('queued', 'running')", [user])).length === 0, { within: 30_000 });
const credential = async (user) => (await d1(stack, "SELECT * FROM credentials WHERE user_id = ?1", [user]))[0];
const sorted = (value) => Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b)));

/** Disconnects TastyTrade, on the settings page. */
async function disconnect(browser) {
  const { status, location, text } = await send(stack, browser, "/settings/disconnect", { csrf: await csrfOf(stack, browser) });
  assert.equal(status, 303, text);
  assert.match(location, /done=disconnected/);
}

/** Deletes everything of the user who is logged in, on the settings page; `csrf` is the token of an older page. */
async function deleteEverything(browser, csrf) {
  return send(stack, browser, "/settings/data/delete", { csrf: csrf ?? (await csrfOf(stack, browser)), word: "DELETE" });
}

/** What is not connected says so, why, and what to do. */
async function broken(from, reason) {
  const result = await from.call("test_connection");
  assert.ok(!result.isError, JSON.stringify(result));
  const test = result.structuredContent;
  assert.deepEqual([test.connected, test.reason, test.accounts], [false, reason, []], JSON.stringify(test));
  assert.equal(test.login_url, `${stack.url}/login`);
  assert.ok(test.message.length > 20, test.message);
  assert.ok(Math.abs(Date.now() - Date.parse(test.checked_at)) < 60_000, test.checked_at);
  assert.match(result.content[0].text, new RegExp(`NOT connected \\(${reason}\\)`));
  return test;
}

async function works(from) {
  const test = await from.ok("test_connection");
  assert.equal(test.connected, true, JSON.stringify(test));
  assert.equal(test.reason, null);
  return test;
}

before(async () => {
  me = await login(stack);
  mcp = client(stack, me.token);
  const theirs = await login(stack, { user: "second" });
  other = { ...theirs, mcp: client(stack, theirs.token) };
  await Promise.all([quiet(trader), quiet(second)]);
});

beforeEach(() => sim.clear());

test("1: a connection that works", async () => {
  const mark = await sim.mark();
  for (const era of ["modern", "legacy"]) {
    const from = client(stack, me.token, { era });
    const result = await from.call("test_connection");
    const found = result.structuredContent;
    assert.deepEqual([found.connected, found.way, found.reason], [true, "login", null]);
    assert.deepEqual(found.accounts, [
      { account: "••••0001", name: "Options income", is_default: false },
      { account: "••••0002", name: "Retirement", is_default: false },
    ]);
    assert.match(result.content[0].text, /^Connected, checked .*two|2 open accounts/s);
    assert.doesNotMatch(JSON.stringify(result), /5WX/);
  }
  assert.equal((await sim.since(mark, /^\/customers\/me\/accounts/)).length, 2, "TastyTrade is asked each time");
  // An only account needs no choice.
  assert.deepEqual((await works(other.mcp)).accounts.map(({ is_default: isDefault }) => isDefault), [true]);
});

test("2: update_config", async () => {
  assert.deepEqual(sorted(await mcp.ok("get_config")), DEFAULTS);
  const mark = await sim.mark();
  const steps = [
    [{ config: { quote_cache_ttl: 5 } }, { quote_cache_ttl: 5 }],
    [{ config: '{"chain_cache_ttl": 600}' }, { chain_cache_ttl: 600 }],
    [{ config: { quoteCacheTtl: "10", timeZone: "Europe/Berlin" } }, { quote_cache_ttl: 10, time_zone: "Europe/Berlin" }],
    [{ config: { time_zone: "asia/tokyo", chain_cache_ttl: null } }, { time_zone: "Asia/Tokyo" }],
    [{ config: { time_zone: "UTC", quote_cache_ttl: 0, chain_cache_ttl: 3600 } }, { time_zone: "UTC", quote_cache_ttl: 0, chain_cache_ttl: 3600 }],
    [{ config: { default_account: "5wx10002" } }, { default_account: "••••0002" }],
    [{ config: { default_account: "••••0001" } }, { default_account: "••••0001" }],
    [{ config: { default_account: "0002" } }, { default_account: "••••0002" }],
    [{ config: { default_account: "none" } }, { default_account: null }],
  ];
  let holds = DEFAULTS;
  for (const [args, changed] of steps) {
    holds = { ...holds, ...changed };
    const result = await mcp.call("update_config", args);
    assert.ok(!result.isError, JSON.stringify(result));
    assert.deepEqual(sorted(result.structuredContent), holds, JSON.stringify(args));
    assert.match(result.content[0].text, /^Changed\. Quotes \(quote_cache_ttl/);
    assert.deepEqual(sorted(await mcp.ok("get_config")), holds);
  }
  assert.doesNotMatch(JSON.stringify(await mcp.call("get_config")), /5WX/);
  assert.deepEqual(await sim.since(mark, ANY_CALL), [], "TastyTrade is not asked");
  const notes = await poll("the changes are noted", async () => {
    const rows = await d1(stack, "SELECT * FROM audit WHERE user_id = ?1 AND action = 'settings_changed'", [trader]);
    return rows.length >= steps.length && rows;
  });
  for (const { client_id: clientId, details } of notes) {
    assert.equal(clientId, me.clientId);
    assert.doesNotMatch(details, /5wx|Berlin/i, "names of settings, no values");
  }
  await mcp.ok("update_config", { config: { quote_cache_ttl: 60, chain_cache_ttl: 300, time_zone: "America/New_York" } });
});

test("3: what is wrong", async () => {
  for (const [args, argument, words] of [
    [{}, "config", /missing/],
    [{ config: {} }, "config", /quote_cache_ttl, chain_cache_ttl, default_account, time_zone/],
    [{ config: "fast please" }, "config", /config/],
    [{ config: [5] }, "config", /is a list/],
    [{ config: { speed: 1 } }, "config.speed", /chain_cache_ttl, default_account, quote_cache_ttl, time_zone/],
    [{ config: { connection_way: "login" } }, "config.connection_way", /no argument/i],
    [{ config: { quote_cache_ttl: 301 } }, "config.quote_cache_ttl", /0 to 300/],
    [{ config: { quote_cache_ttl: -1 } }, "config.quote_cache_ttl", /0 to 300/],
    [{ config: { chain_cache_ttl: 3601 } }, "config.chain_cache_ttl", /0 to 3600/],
    [{ config: { quote_cache_ttl: "soon" } }, "config.quote_cache_ttl", /quote_cache_ttl/],
    [{ config: { quote_cache_ttl: 1.5 } }, "config.quote_cache_ttl", /quote_cache_ttl/],
    [{ config: { time_zone: "Mars/Olympus" } }, "config.time_zone", /America\/New_York/],
    [{ config: { time_zone: "'; DROP TABLE settings; --" } }, "config.time_zone", /IANA/],
    [{ config: { time_zone: "+05:00" } }, "config.time_zone", /IANA/],
    [{ config: { time_zone: "" } }, "config.time_zone", /IANA/],
  ]) {
    const error = await mcp.error("update_config", args);
    const shown = JSON.stringify(args);
    assert.deepEqual([error.code, error.reason, error.retryable], ["VALIDATION_ERROR", "invalid_arguments", false], shown);
    assert.equal(error.details.argument, argument, shown);
    assert.match(error.message, words, shown);
  }
  await mcp.error("update_config", { config: { quote_cache_ttl: 7, chain_cache_ttl: 3601 } });
  await mcp.error("update_config", { config: { quote_cache_ttl: 7, time_zone: "Nowhere" } });
  await mcp.error("update_config", { config: { quote_cache_ttl: 7, default_account: "9999" } });
  assert.deepEqual(sorted(await mcp.ok("get_config")), DEFAULTS, "nothing of a wrong call is changed");
  for (const tool of ["get_config", "test_connection"]) assert.equal((await mcp.error(tool, { user: second })).reason, "invalid_arguments", tool);
});

test("4: somebody else's account", async () => {
  const mark = await sim.mark();
  const [foreign] = await d1(stack, "SELECT account_number FROM accounts WHERE user_id = ?1", [second]);
  const answers = await Promise.all([foreign.account_number, "5WX99999", foreign.account_number.slice(-4)].map((number) => mcp.call("update_config", { config: { default_account: number } })));
  // The second user's number ends like one of the first one's; a foreign one is told by its whole number.
  const [theirs, nobodys] = answers;
  assert.equal(JSON.stringify(theirs), JSON.stringify(nobodys), "the same bytes");
  const { error } = theirs.structuredContent;
  assert.deepEqual([error.code, error.reason, error.retryable], ["NOT_FOUND", "account_not_found", false]);
  assert.match(error.message, /••••0001, ••••0002/, "it lists the user's own");
  assert.doesNotMatch(JSON.stringify(answers), /5WX/);
  assert.deepEqual(await sim.since(mark, ANY_CALL), []);
  await mcp.ok("update_config", { config: { default_account: "none" } });
});

test("5: the default account is first", async () => {
  const listed = async () => {
    const completion = await mcp.request("completion/complete", { ref: { type: "ref/prompt", name: "morning-briefing" }, argument: { name: "account", value: "" } });
    const balances = await mcp.request("resources/read", { uri: "portfolio://balances" });
    const { accounts } = JSON.parse(balances.body.result.contents[0].text);
    assert.deepEqual(accounts.map(({ account }) => account), completion.body.result.completion.values);
    return accounts.map(({ account, is_default: isDefault }) => [account, isDefault]);
  };
  assert.deepEqual(await listed(), [["••••0001", false], ["••••0002", false]]);
  await mcp.ok("update_config", { config: { default_account: ACCOUNTS[1] } });
  assert.deepEqual(await listed(), [["••••0002", true], ["••••0001", false]]);
  assert.deepEqual((await works(mcp)).accounts.map(({ is_default: isDefault }) => isDefault), [false, true]);
  const page = await me.browser.open(`${stack.url}/dashboard`);
  assert.ok(page.text.indexOf("Retirement") < page.text.indexOf("Options income"), "also on the dashboard");
  await mcp.ok("update_config", { config: { default_account: "none" } });
});

test("6: quote_cache_ttl", async () => {
  await forgetQuotes(stack, "SPY");
  const { quotes: [fresh] } = await mcp.ok("get_quote", { symbol: "SPY" });
  const keep = (seconds) => kv.put(stack, "quote:SPY", JSON.stringify({ ...fresh, last: 123.45, as_of: new Date(Date.now() - seconds * 1000).toISOString() }));
  const source = async (from) => (await from.ok("get_quote", { symbol: "SPY" })).quotes[0].source;
  await mcp.ok("update_config", { config: { quote_cache_ttl: 5 } });
  await keep(12);
  assert.equal(await source(other.mcp), "cache", "another user's choice is another");
  const mark = await sim.mark();
  assert.equal(await source(mcp), "rest", "older than the user wants");
  assert.ok((await sim.since(mark, /^\/market-data/)).length >= 1);
  await keep(0);
  assert.equal(await source(mcp), "cache");
  // Never older than the product's own bound.
  await mcp.ok("update_config", { config: { quote_cache_ttl: 300 } });
  await keep(40);
  assert.equal(await source(mcp), "rest");
  await mcp.ok("update_config", { config: { quote_cache_ttl: 0 } });
  await keep(0);
  assert.equal(await source(mcp), "rest", "0 rules the cache out");
  await keep(0);
  await sim.fault({ path: "/market-*", fault: "500", times: null });
  assert.equal((await mcp.error("get_quote", { symbol: "SPY" })).reason, "upstream_unavailable", "also while TastyTrade is down");
  await keep(40);
  assert.equal(await source(other.mcp), "stale_cache");
  await sim.clear();
  await mcp.ok("update_config", { config: { quote_cache_ttl: 60 } });
  await forgetQuotes(stack, "SPY");
});

test("7: scopes and other users", async () => {
  const limited = await login(stack, { scopes: ["account:read"] });
  const from = client(stack, limited.token);
  assert.equal((await from.ok("get_config")).quote_cache_ttl, 60);
  const { message, headers } = modern("tools/call", { name: "update_config", arguments: { config: { quote_cache_ttl: 1 } } });
  const refused = await post(`${stack.url}/mcp`, message, { token: limited.token, headers });
  assert.equal(refused.status, 403);
  assertHttpError(refused.body, "AUTHORIZATION_ERROR", "insufficient_scope");
  assert.match(refused.headers.get("www-authenticate"), /scope="settings:write"/);
  const market = client(stack, (await login(stack, { scopes: ["market:read"] })).token);
  for (const name of ["get_config", "test_connection"]) assert.equal((await market.request("tools/call", { name, arguments: {} })).status, 403, name);
  await mcp.ok("update_config", { config: { quote_cache_ttl: 11 } });
  assert.equal((await other.mcp.ok("get_config")).quote_cache_ttl, 60);
  await mcp.ok("update_config", { config: { quote_cache_ttl: 60 } });
  const { body } = await mcp.request("tools/list");
  const tools = Object.fromEntries(body.result.tools.map((tool) => [tool.name, tool]));
  assert.equal(tools.update_config.annotations.readOnlyHint, false);
  assert.equal(tools.update_config.annotations.idempotentHint, true);
  assert.equal(tools.get_config.annotations.readOnlyHint, true);
  const narrowed = await client(stack, me.token, { path: "/mcp?tools=settings" }).request("tools/list");
  const names = narrowed.body.result.tools.map(({ name }) => name);
  assert.ok(["get_config", "update_config", "test_connection"].every((name) => names.includes(name)) && !names.includes("get_quote"), names.join());
});

test("8: TastyTrade fails", async () => {
  const path = "/customers/me/accounts*";
  for (const [fault, reason, more] of [["500", "upstream_unavailable"], ["502html", "upstream_unavailable"], ["hang", "upstream_timeout", { seconds: 30 }]]) {
    await sim.fault({ path, fault, times: null, ...more });
    const found = await broken(mcp, reason);
    assert.equal(found.way, "login", fault);
    assert.match(found.message, /Try again/, fault);
    await sim.clear();
  }
  await works(mcp);
  // Another user's, since TastyTrade is then left alone for as long as it said.
  const theirs = client(stack, (await login(stack, { user: "saver" })).token);
  await sim.fault({ path, fault: "429", times: null, retry_after: 30 });
  assert.match((await broken(theirs, "rate_limited")).message, /30 s/);
  await sim.clear();
});

test("9: the grant is revoked at TastyTrade", async () => {
  await sim.revoke("trader");
  for (const attempt of [1, 2]) assert.match((await broken(mcp, "reconnect_required")).message, /Log in again at http/, `attempt ${attempt}`);
  const mark = await sim.mark();
  await broken(mcp, "reconnect_required");
  assert.deepEqual(await sim.since(mark, ANY_CALL), [], "a grant that was refused is not tried again");
  await login(stack);
  await works(mcp);
});

test("10: a sealed value that is not the user's own or was changed", async () => {
  const [mine, theirs] = [await credential(trader), await credential(second)];
  const put = (column, sealed) => d1(stack, `UPDATE credentials SET ${column} WHERE user_id = ?1`, [second, ...sealed]);
  const flip = (sealed) => {
    const parts = sealed.split(".");
    const bytes = Buffer.from(parts.at(-1), "base64url");
    bytes[3] ^= 1;
    return [...parts.slice(0, -1), bytes.toString("base64url")].join(".");
  };
  for (const [what, columns, sealed] of [
    ["copied", "refresh_token_sealed = ?2", [mine.refresh_token_sealed]],
    ["copied with its id", "refresh_token_sealed = ?2, id = ?3", [mine.refresh_token_sealed, mine.id]],
    ["one bit flipped", "refresh_token_sealed = ?2", [flip(theirs.refresh_token_sealed)]],
    ["cut off", "refresh_token_sealed = ?2", [theirs.refresh_token_sealed.slice(0, -4)]],
  ]) {
    await put(columns, sealed);
    // The access token that is still held is another matter.
    await sim.expireAccess("second");
    const mints = await sim.mints("second");
    const found = await broken(other.mcp, "reconnect_required");
    assert.match(found.message, /\/login/, what);
    assert.equal((await other.mcp.error("get_quote", { symbol: "QQQ" })).reason, "reconnect_required", what);
    assert.equal(await sim.mints("second"), mints, what);
    await put("refresh_token_sealed = ?2, id = ?3", [theirs.refresh_token_sealed, theirs.id]);
    await works(other.mcp);
  }
});

test("11: a key that is gone", async () => {
  const { refresh_token_sealed: sealed } = await credential(second);
  const parts = sealed.split(".");
  const elsewhere = [parts[0], "AAAAAAAA", ...parts.slice(2)].join(".");
  assert.notEqual(elsewhere, sealed);
  await d1(stack, "UPDATE credentials SET refresh_token_sealed = ?2 WHERE user_id = ?1", [second, elsewhere]);
  await sim.expireAccess("second");
  assert.match((await broken(other.mcp, "key_unavailable")).message, /operator/);
  await d1(stack, "UPDATE credentials SET refresh_token_sealed = ?2 WHERE user_id = ?1", [second, sealed]);
  await works(other.mcp);
});

test("12: a 401 that stays", async () => {
  await works(mcp);
  const [mark, mints] = [await sim.mark(), await sim.mints("trader")];
  await sim.fault({ path: "/customers/me/accounts*", fault: "401", times: null });
  await broken(mcp, "reconnect_required");
  assert.equal((await sim.since(mark, /^\/customers\/me\/accounts/)).length, 2, "one more call");
  assert.equal(await sim.mints("trader"), mints + 1, "one more token");
  await sim.clear();
  await works(mcp);
});

test("13: disconnecting", async () => {
  await works(other.mcp);
  const positions = async () => (await d1(stack, "SELECT * FROM positions WHERE user_id = ?1", [second])).length;
  const before = await positions();
  assert.ok(before > 0);
  await disconnect(other.browser);
  assert.equal(await credential(second), undefined);
  const mark = await sim.mark();
  assert.equal((await broken(other.mcp, "disconnected")).way, null);
  const error = await other.mcp.error("get_quote", { symbol: "IWM" });
  assert.deepEqual([error.code, error.reason, error.details.login_url], ["AUTHENTICATION_ERROR", "reconnect_required", `${stack.url}/login`]);
  assert.equal((await other.mcp.ok("get_config")).connection_way, null);
  assert.equal(await positions(), before, "the data stays");
  await d1(stack, "UPDATE users SET synced_at = synced_at - 3600000 WHERE id = ?1", [second]);
  await tick(stack);
  assert.deepEqual(await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 AND status IN ('queued', 'running')", [second]), [], "no sync is queued");
  assert.deepEqual(await sim.since(mark, ANY_CALL), [], "nothing is asked in this user's name");
  await disconnect(other.browser);
  assert.ok((await works(mcp)).connected, "another user stays connected");
  // Both ways in connect again, and what an app holds works on.
  await login(stack, { user: "second" });
  assert.equal((await works(other.mcp)).way, "login");
  await disconnect(other.browser);
  await broken(other.mcp, "disconnected");
  await login(stack, { user: "second", grant: await sim.grant("second") });
  assert.equal((await works(other.mcp)).way, "own_grant");
  assert.equal((await other.mcp.ok("get_config")).connection_way, "own_grant");
  await tick(stack);
  const [job] = await poll("a sync is queued again", async () => {
    const found = await d1(stack, "SELECT * FROM jobs WHERE user_id = ?1 AND kind = 'sync_positions' AND status != 'errored' ORDER BY created_at DESC", [second]);
    return found.length && found;
  });
  assert.equal((await ended(stack, job.id)).status, "complete");
});

/** The tables with a column that says whose a row is, with that column. */
async function userTables() {
  const tables = await d1(stack, "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'user_id' WHERE m.type = 'table'");
  assert.ok(tables.length >= 17, JSON.stringify(tables));
  return [...tables.map(({ name }) => [name, "user_id"]), ["users", "id"]];
}

async function rowsOf(user) {
  const counts = await Promise.all((await userTables()).map(async ([table, column]) => [table, (await d1(stack, `SELECT count(*) AS rows FROM "${table}" WHERE ${column} = ?1`, [user]))[0].rows]));
  return Object.fromEntries(counts.filter(([, rows]) => Number(rows) > 0));
}

test("14: deleting", async () => {
  // Something of everything, in tables that nothing writes yet as well.
  const key = `user:${trader}:analysis:SPY`;
  const keys = [`users/${trader}/exports/a.md`, `users/${trader}/exports/b/c.csv`];
  const neighbours = [`user:${trader}0:analysis:SPY`, `users/${trader}0/exports/a.md`];
  await mcp.ok("update_config", { config: { quote_cache_ttl: 30, default_account: ACCOUNTS[0] } });
  await Promise.all([kv.put(stack, key, "{}"), kv.put(stack, neighbours[0], "{}"), ...[...keys, neighbours[1]].map((name) => r2.put(stack, name, "text"))]);
  await d1(stack, "INSERT INTO analyses (user_id, id, symbol, kind, body, created_at) VALUES (?1, 'a1', 'SPY', 'chart', '{}', 0)", [trader]);
  await d1(stack, "INSERT INTO alerts (user_id, id, alert_type, symbol, condition, threshold, created_at) VALUES (?1, 'a1', 'price', 'SPY', 'above', '1', 0)", [trader]);
  const tab = await connect(stack, { cookie: me.browser.cookieHeader(stack.url) });
  await tab.subscribe("sync");
  const closed = new Promise((done) => tab.socket.once("close", done));
  const had = await rowsOf(trader);
  for (const table of ["users", "credentials", "grants", "refresh_tokens", "browser_sessions", "settings", "accounts", "balances", "positions", "jobs", "analyses", "alerts", "audit"]) assert.ok(had[table], `${table}: ${JSON.stringify(had)}`);
  const bystander = await rowsOf(second);
  assert.equal((await deleteEverything(me.browser)).status, 200);
  // Audit rows of the calls before are written after their answers.
  assert.deepEqual(await rowsOf(trader), {});
  assert.equal(await closed, 4001);
  const names = await kv.keys(stack);
  assert.ok(!names.includes(key) && names.includes(neighbours[0]), names.join());
  assert.deepEqual(await r2.keys(stack, "users/"), [neighbours[1]]);
  assert.ok((await r2.keys(stack, "knowledge/")).length > 0);
  for (const era of ["modern", "legacy"]) {
    const { status, headers } = await client(stack, me.token, { era }).request("tools/list");
    assert.equal(status, 401, era);
    assert.match(headers.get("www-authenticate"), /invalid_token/);
  }
  const refused = await refresh(stack, { clientId: me.clientId, refreshToken: me.refreshToken });
  assert.deepEqual([refused.status, refused.body.error], [400, "invalid_grant"]);
  for (const page of ["/dashboard", "/settings"]) assert.equal(new URL((await me.browser.open(`${stack.url}${page}`)).url).pathname, "/login", page);
  await works(other.mcp);
  const still = await rowsOf(second);
  assert.deepEqual(Object.keys(bystander).filter((table) => !(still[table] >= bystander[table])), [], "somebody else keeps everything");
  assert.deepEqual(await rowsOf(trader), {});
});

test("15: logging in again starts afresh", async () => {
  me = await login(stack);
  mcp = client(stack, me.token);
  assert.equal((await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 AND kind = 'sync_account'", [trader])).length, 1, "a first login syncs");
  await quiet(trader);
  assert.deepEqual(sorted(await mcp.ok("get_config")), DEFAULTS);
  assert.equal((await works(mcp)).accounts.length, 2);
  // A browser with a second window asks twice: the second finds nothing to delete, and is asked to log in.
  const csrf = await csrfOf(stack, me.browser);
  // As after a deletion that came no further than this.
  await disconnect(me.browser);
  assert.equal((await deleteEverything(me.browser)).status, 200);
  const again = await deleteEverything(me.browser, csrf);
  assert.equal(again.status, 303);
  assert.match(again.location, /\/login/);
  assert.deepEqual(await rowsOf(trader), {});
});

test("16: a sync during the deletion", async () => {
  me = await login(stack);
  mcp = client(stack, me.token);
  await quiet(trader);
  await sim.fault({ path: `/accounts/${ACCOUNTS[0]}/positions*`, fault: "hang", seconds: 5 });
  const mark = await sim.mark();
  const { body: { workflow_id: id } } = await syncNow(stack, me.browser);
  await d1(stack, "UPDATE users SET synced_at = synced_at - 3600000 WHERE id = ?1", [trader]);
  await poll("it waits for TastyTrade", async () => (await sim.since(mark, /positions/)).length > 0);
  // The queue's own sync of the same user waits as well.
  await sim.fault({ path: `/accounts/${ACCOUNTS[1]}/balances*`, fault: "hang", seconds: 5 });
  await tick(stack);
  assert.equal((await deleteEverything(me.browser)).status, 200);
  assert.deepEqual(await rowsOf(trader), {});
  assert.equal((await instance(stack, id)).status, "terminated");
  // Nothing of what was under way comes back, whenever it ends.
  const calm = Date.now() + 8_000;
  await poll("what was under way has ended", () => Date.now() > calm, { every: 500 });
  await tick(stack);
  assert.deepEqual(await rowsOf(trader), {});
  const nobody = await new Browser().open(`${stack.url}/dashboard`);
  assert.equal(new URL(nobody.url).pathname, "/login");
  assert.equal((await client(stack, me.token).request("tools/list")).status, 401);
});
