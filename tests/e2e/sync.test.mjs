// The workflow that brings accounts, balances and positions. Cases:
//  1. the first login starts it; get_workflow_status follows it to its end; the rows are in D1
//  2. the overview on the dashboard, without whole account numbers
//  3. *Sync now* answers with its workflow id; a second press gets the same job; a later one keeps its distance
//  4. *Sync now* without a session, without the form's token, with another session's
//  5. a step that fails twice is tried a third time
//  6. a position that is gone at TastyTrade is closed here
//  7. the newest as_of wins
//  8. somebody else's workflow_id and one that never was: the same NOT_FOUND
//  9. TastyTrade no longer accepts the grant: the job ends with the reason, and is not tried again
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { csrfOf, syncNow } from "../lib/dashboard.mjs";
import { d1, ended, instance, stepOf } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

// A stack of its own, since only a user's first login syncs; and a short distance between syncs.
const SPACING_SECONDS = 2;
const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: String(SPACING_SECONDS) } });
const sim = simulator(stack);
const USER = EXTERNAL_IDS.trader;
const jobs = (user = USER) => d1(stack, "SELECT * FROM jobs WHERE user_id = ?1 AND kind = 'sync_account' ORDER BY created_at", [user]);

let mcp;
let browser;
let firstJob;

/** One more sync, from the button to its end. */
async function sync() {
  const { status, body } = await syncNow(stack, browser);
  assert.equal(status, 202, JSON.stringify(body));
  return ended(stack, body.workflow_id);
}

before(async () => {
  const logged = await login(stack);
  browser = logged.browser;
  mcp = client(stack, logged.token);
});

test("1: the first login", async () => {
  const [job] = await poll("the login's job", async () => {
    const found = await jobs();
    return found.length && found;
  });
  firstJob = job.id;
  const seen = new Set();
  const status = await poll("the job is complete", async () => {
    const now = await mcp.ok("get_workflow_status", { workflow_id: firstJob });
    seen.add(now.status);
    return now.status !== "queued" && now.status !== "running" && now;
  });
  assert.equal(status.status, "complete", JSON.stringify(status));
  assert.ok([...seen].every((word) => ["queued", "running", "complete"].includes(word)), [...seen].join());
  assert.equal(status.workflow_id, firstJob);
  assert.equal(status.kind, "sync_account");
  assert.equal(status.output.accounts, 2);
  assert.equal(status.error, undefined);
  const accounts = await d1(stack, "SELECT * FROM accounts WHERE user_id = ?1 ORDER BY account_number", [USER]);
  assert.deepEqual(accounts.map(({ account_number, is_closed }) => [account_number, is_closed]), [["5WX10001", 0], ["5WX10002", 0]]);
  const balances = await d1(stack, "SELECT * FROM balances WHERE user_id = ?1", [USER]);
  assert.equal(balances.length, 2);
  for (const { body } of balances) assert.ok(Number(JSON.parse(body).net_liquidating_value) > 1_000, body);
  const positions = await d1(stack, "SELECT * FROM positions WHERE user_id = ?1", [USER]);
  assert.equal(positions.length, status.output.positions);
  assert.ok(positions.length >= 13 && positions.every(({ status: open }) => open === "open"));
  const apple = positions.find(({ symbol }) => symbol === "AAPL");
  assert.deepEqual([apple.account_number, apple.quantity_direction, Number(apple.quantity)], ["5WX10001", "Long", 300]);
  const found = await instance(stack, firstJob);
  assert.equal(found.status, "complete");
  await login(stack);
  assert.equal((await jobs()).length, 1, "a later login does not sync");
});

test("2: the dashboard", async () => {
  const page = await browser.open(`${stack.url}/dashboard`);
  assert.equal(page.status, 200);
  for (const part of ["Options income", "Retirement", "AAPL", "The last sync is complete"]) assert.ok(page.text.includes(part), part);
  assert.ok(!/5WX1000\d/.test(page.html), "account numbers are masked");
  assert.equal(page.root.querySelector("#sync-status").getAttribute("data-workflow"), firstJob);
  const nobody = await new Browser().open(`${stack.url}/dashboard`);
  assert.equal(new URL(nobody.url).pathname, "/login");
});

test("3: Sync now", async () => {
  await sim.fault({ path: "/customers/me/accounts", fault: "hang", seconds: 2 });
  const first = await syncNow(stack, browser);
  assert.equal(first.status, 202);
  assert.ok(["queued", "running"].includes(first.body.status));
  assert.notEqual(first.body.workflow_id, firstJob);
  const second = await syncNow(stack, browser);
  assert.equal(second.body.workflow_id, first.body.workflow_id, "one is under way");
  assert.equal((await ended(stack, first.body.workflow_id)).status, "complete");
  const began = Date.now();
  const third = await sync();
  assert.equal(third.status, "complete");
  assert.ok(JSON.parse(third.params).wait_ms > 0, third.params);
  assert.ok(stepOf(await instance(stack, third.id), "keep distance"), "it slept first");
  assert.ok(Date.now() - began >= 500);
  // Without JSON asked for, the button leads back to the page.
  const page = await browser.open(`${stack.url}/dashboard`);
  const form = page.root.querySelector('form[action="/dashboard/sync"]');
  assert.ok(form.querySelector("button"));
});

test("4: Sync now by somebody else", async () => {
  const before = (await jobs()).length;
  const nobody = await new Browser().fetch(`${stack.url}/dashboard/sync`, { method: "POST" });
  assert.equal(nobody.status, 303);
  assert.match(nobody.headers.get("location"), /\/login\?return_to=\/dashboard$/);
  const other = (await login(stack, { user: "second" })).browser;
  const foreign = await csrfOf(stack, other);
  for (const csrf of ["wrong", foreign]) {
    const { status, body } = await syncNow(stack, browser, csrf);
    assert.equal(status, 403, csrf);
    assert.equal(body.error.code, "AUTHORIZATION_ERROR");
  }
  assert.equal((await jobs()).length, before);
});

test("5: a step that fails twice", async () => {
  // A GET is repeated once within an attempt: four failures are two failed attempts.
  await sim.fault({ path: "/accounts/5WX10001/balances*", fault: "500", times: 4 });
  const row = await sync();
  assert.equal(row.status, "complete", row.error);
  const { attempts } = stepOf(await instance(stack, row.id), "read balances 1");
  assert.deepEqual(attempts.map(({ success }) => success), [false, false, true]);
  for (const { error } of attempts.slice(0, 2)) assert.match(JSON.stringify(error), /TastyTrade cannot be reached/);
  const others = (await instance(stack, row.id)).steps.filter(({ name, attempts: made }) => made && !name.startsWith("read balances 1"));
  assert.ok(others.every(({ attempts: made }) => made.length === 1), "no other step was made again");
});

test("6: a position that is gone", async () => {
  const held = await d1(stack, "SELECT symbol FROM positions WHERE user_id = ?1 AND status = 'open' AND symbol <> underlying_symbol", [USER]);
  assert.ok(held.length > 5);
  // Three months on, what was held has expired, and other options are held instead.
  await sim.clock({ advance_s: 90 * 86_400 });
  const row = await sync();
  assert.equal(row.status, "complete", row.error);
  const after = await d1(stack, "SELECT symbol, status, closed_at FROM positions WHERE user_id = ?1", [USER]);
  for (const { symbol } of held) {
    const found = after.find((position) => position.symbol === symbol);
    assert.equal(found.status, "closed", symbol);
    assert.ok(found.closed_at > 0, symbol);
  }
  assert.equal(after.find(({ symbol }) => symbol === "AAPL").status, "open");
  const page = await browser.open(`${stack.url}/dashboard`);
  for (const { symbol } of held) assert.ok(!page.html.includes(symbol), `${symbol} is not shown any more`);
  await sim.clock({});
  const back = await sync();
  assert.equal(back.status, "complete");
  const [reopened] = await d1(stack, "SELECT status, closed_at, first_seen_at, as_of FROM positions WHERE user_id = ?1 AND symbol = ?2", [USER, held[0].symbol]);
  assert.deepEqual([reopened.status, reopened.closed_at], ["open", null]);
  assert.equal(reopened.first_seen_at, reopened.as_of, "as a new one");
});

test("7: the newest as_of wins", async () => {
  // Another sync that read later has already stored: this one comes too late.
  const later = Date.now() + 3_600_000;
  await d1(stack, "UPDATE users SET synced_at = ?2 WHERE id = ?1", [USER, later]);
  await d1(stack, "UPDATE positions SET quantity = '7', as_of = ?2 WHERE user_id = ?1 AND symbol = 'AAPL'", [USER, later]);
  const row = await sync();
  assert.equal(row.status, "complete", row.error);
  const [apple] = await d1(stack, "SELECT quantity, as_of FROM positions WHERE user_id = ?1 AND symbol = 'AAPL'", [USER]);
  assert.deepEqual([apple.quantity, apple.as_of], ["7", later]);
  const past = Date.now() - 1_000;
  await d1(stack, "UPDATE users SET synced_at = ?2 WHERE id = ?1", [USER, past]);
  await d1(stack, "UPDATE positions SET as_of = ?2 WHERE user_id = ?1", [USER, past]);
  await d1(stack, "UPDATE accounts SET as_of = ?2 WHERE user_id = ?1", [USER, past]);
  await d1(stack, "UPDATE balances SET as_of = ?2 WHERE user_id = ?1", [USER, past]);
  assert.equal((await sync()).status, "complete");
  const [renewed] = await d1(stack, "SELECT quantity FROM positions WHERE user_id = ?1 AND symbol = 'AAPL'", [USER]);
  assert.equal(Number(renewed.quantity), 300);
});

test("8: somebody else's job", async () => {
  const second = client(stack, (await login(stack, { user: "second" })).token);
  const foreign = await second.error("get_workflow_status", { workflow_id: firstJob });
  const unknown = await second.error("get_workflow_status", { workflow_id: "AAAAAAAAAAAAAAAAAAAAAA" });
  assert.equal(foreign.code, "NOT_FOUND");
  assert.deepEqual(foreign, unknown);
  for (const workflow_id of ["", "x".repeat(200)]) {
    const error = await second.error("get_workflow_status", { workflow_id });
    assert.deepEqual([error.code, error.details.argument], ["VALIDATION_ERROR", "workflow_id"]);
  }
  assert.equal((await mcp.ok("get_workflow_status", { workflowId: firstJob })).status, "complete");
});

test("9: the grant is gone", async () => {
  await poll("no sync of the second user is under way", async () => (await jobs(EXTERNAL_IDS.second)).every(({ status }) => status === "complete"));
  const { browser: other } = await login(stack, { user: "second" });
  await sim.revoke("second");
  const { body } = await syncNow(stack, other);
  const row = await ended(stack, body.workflow_id);
  assert.equal(row.status, "errored");
  assert.ok(row.error.includes(`${stack.url}/login`), row.error);
  const { attempts } = stepOf(await instance(stack, row.id), "read accounts");
  assert.equal(attempts.length, 1);
  const page = await other.open(`${stack.url}/dashboard`);
  assert.match(page.text, /The last sync failed/);
});
