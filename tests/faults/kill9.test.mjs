// What was accepted is kept: wrangler and workerd are killed together, without warning, and started again. Cases:
//  1. killed in a running step
//  2. killed in the pause before another attempt
//  3. killed in a sleep
//  4. killed while a queue message is being worked on
//  5. killed right after the button was pressed
//  6. a login and its tokens outlive it, and a live upstream token costs no second login
//  7. the simulator is down: TASTYTRADE_ERROR, retryable; a sync waits for its return
// Each killed job is finished by the minute cron, which looks for rows that have not moved for a while; the tests make the
// rows look older and start the cron themselves instead of waiting for it.
import assert from "node:assert/strict";
import { afterEach, before, test } from "node:test";
import { SIM_CONFIG } from "../../scripts/lib/paths.mjs";
import { syncNow } from "../lib/dashboard.mjs";
import { d1, ended, instance, job, stepOf, tick } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login, refresh } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const BALANCES = "/accounts/5WX10001/balances*";

const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: "6" } });
const sim = simulator(stack);
const USER = EXTERNAL_IDS.trader;
let logged;

/** Kills the runtime, starts it again, and lets the cron look at what was left. */
async function killAndRestart() {
  await stack.kill9();
  const groups = await stack.pids();
  assert.ok(groups.every(({ command }) => !command.includes("mcp-server")), "nothing of the workers is left");
  await stack.restart();
}

/** The cron's turns, as they come each minute, until the job has ended. */
async function revived(id) {
  const row = await poll(`job ${id} is brought to its end`, async () => {
    const now = await job(stack, id);
    if (["complete", "errored"].includes(now.status)) return now;
    // A tick may come while the runtime is not whole yet; the next minute's would repair that.
    if (now.updated_at < Date.now() - 45_000) await tick(stack);
    return null;
  }, { within: 90_000, every: 500 });
  assert.equal(row.status, "complete", `${row.error} (${row.progress})`);
  assert.equal(JSON.parse(row.output).accounts, 2);
  return row;
}

/** Makes the job look as if it had not moved since long ago. */
const forget = (id) => d1(stack, "UPDATE jobs SET updated_at = updated_at - 60000 WHERE id = ?1", [id]);

async function sync() {
  const { status, body } = await syncNow(stack, logged.browser);
  assert.equal(status, 202);
  return body.workflow_id;
}

before(async () => {
  logged = await login(stack);
  const [first] = await poll("the first sync", () => d1(stack, "SELECT id FROM jobs WHERE user_id = ?1", [USER]).then((rows) => rows.length && rows));
  assert.equal((await ended(stack, first.id)).status, "complete");
});

afterEach(() => sim.clear());

test("1: in a running step (G11, G13)", async () => {
  const mark = await sim.mark();
  await sim.fault({ path: BALANCES, fault: "hang", seconds: 60 });
  const id = await sync();
  await poll("the step waits for TastyTrade", async () => (await sim.since(mark, /5WX10001\/balances/)).length > 0, { within: 30_000 });
  await killAndRestart();
  assert.ok(["queued", "running"].includes((await job(stack, id)).status), "the row outlived it");
  await forget(id);
  await revived(id);
  assert.equal((await sim.since(mark, /^\/customers\/me\/accounts/)).length, 1, "a step that was finished is not run again");
});

test("2: in the pause before another attempt", async () => {
  const mark = await sim.mark();
  await sim.fault({ path: BALANCES, fault: "500", times: null });
  const id = await sync();
  // After the second failed attempt the pause is four seconds.
  await poll("two attempts have failed", async () => (await sim.since(mark, /5WX10001\/balances/)).filter(({ status }) => status === 500).length >= 4, { within: 40_000 });
  await poll("the instance knows it", async () => (stepOf(await instance(stack, id), "read balances 1")?.attempts ?? []).filter(({ success }) => success === false).length >= 2, { within: 3_000 }).catch(() => {});
  await killAndRestart();
  await sim.clear();
  await forget(id);
  await revived(id);
});

test("3: in a sleep", async () => {
  const id = await sync();
  const row = await job(stack, id);
  assert.ok(JSON.parse(row.params).wait_ms > 1_000, row.params);
  await poll("it sleeps", async () => stepOf(await instance(stack, id), "keep distance"), { within: 5_000 });
  await killAndRestart();
  assert.equal((await job(stack, id)).status, "running");
  await forget(id);
  await revived(id);
});

test("4: while a message is being worked on", async () => {
  const mark = await sim.mark();
  await sim.fault({ path: BALANCES, fault: "hang", seconds: 60 });
  await d1(stack, "UPDATE users SET synced_at = synced_at - 3600000 WHERE id = ?1", [USER]);
  await tick(stack);
  const queued = await poll("the job", async () => (await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 AND kind = 'sync_positions' AND status IN ('queued', 'running')", [USER]))[0]);
  await poll("the consumer waits for TastyTrade", async () => (await sim.since(mark, /5WX10001\/balances/)).length > 0, { within: 30_000 });
  await killAndRestart();
  await forget(queued.id);
  await revived(queued.id);
});

test("5: right after the button", async () => {
  const id = await sync();
  await killAndRestart();
  await forget(id);
  await revived(id);
});

test("6: a login and its tokens", async () => {
  await forgetQuotes(stack);
  const mcp = client(stack, logged.token);
  await mcp.ok("get_quote", { symbol: "SPY" });
  const mints = await sim.mints("trader");
  await killAndRestart();
  await forgetQuotes(stack);
  await mcp.ok("get_quote", { symbol: "SPY" });
  assert.equal(await sim.mints("trader"), mints, "the sealed access token was kept");
  assert.equal((await refresh(stack, logged)).status, 200);
  assert.equal((await logged.browser.open(`${stack.url}/dashboard`)).status, 200);
});

test("7: the simulator is down", async () => {
  await forgetQuotes(stack);
  const id = await sync();
  const servers = (await stack.pids()).filter(({ command }) => command.includes(SIM_CONFIG));
  assert.ok(servers.length > 0);
  process.kill(-servers[0].group, "SIGKILL");
  const error = await poll("it is gone", async () => {
    const result = await client(stack, logged.token).call("get_quote", { symbol: "TSLA" });
    return result.isError && result.structuredContent.error;
  });
  assert.equal(error.code, "TASTYTRADE_ERROR");
  assert.equal(error.reason, "upstream_unavailable");
  assert.equal(error.retryable, true);
  assert.ok(["queued", "running"].includes((await job(stack, id)).status));
  await stack.restart();
  await forget(id);
  await revived(id);
  assert.equal((await client(stack, logged.token).ok("get_quote", { symbol: "TSLA" })).quotes[0].symbol, "TSLA");
});
