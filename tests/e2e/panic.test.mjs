// A panic ends one request, call or attempt, and nothing else. Cases:
//  1. before and after an await, in either worker: one 500 in the HTTP form of errors
//  2. requests in flight and the next one are unharmed
//  3. a panicking workflow step is a failed attempt: the third one succeeds
//  4. the log names the place of each panic
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ended, instance, stepOf } from "../lib/explorer.mjs";
import { login } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { assertHttpError, client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const PLACES = ["before", "after", "analysis", "analysis-after"];

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
await forgetQuotes(stack);
const mcp = client(stack, (await login(stack)).token);

async function panic(place) {
  const response = await fetch(`${stack.url}/debug/panic?at=${place}`);
  return { status: response.status, body: await response.json() };
}

test("1: one 500", async () => {
  for (const place of PLACES) {
    const { status, body } = await panic(place);
    assert.equal(status, 500, place);
    assertHttpError(body, "INTERNAL_ERROR", "internal");
    assert.equal(body.error.retryable, true, place);
    assert.ok(!/panic on demand|\.rs:/.test(JSON.stringify(body)), "nothing of the inside is shown");
    assert.equal((await fetch(`${stack.url}/health`)).status, 200, `the next request after ${place}`);
  }
});

test("2: requests in flight", async () => {
  await mcp.ok("get_quote", { symbol: "NVDA" });
  const before = (await sim.state()).requests["/market-data/by-type"];
  await sim.fault({ path: "/market-data/*", fault: "hang", times: 3, seconds: 2 });
  const inFlight = ["SPY", "QQQ", "IWM"].map((symbol) => mcp.ok("get_quote", { symbol }));
  // Calls that want prices at the same time may share a request.
  await poll("the calls hang", async () => (await sim.state()).requests["/market-data/by-type"] > before, { within: 5_000, every: 30 });
  const panics = await Promise.all([...PLACES, ...PLACES].map(panic));
  assert.deepEqual(panics.map(({ status }) => status), panics.map(() => 500));
  for (const { quotes } of await Promise.all(inFlight)) assert.equal(quotes[0].source, "rest");
  await mcp.ok("get_quote", { symbol: "AAPL" });
});

test("3: a workflow step", async () => {
  const { status, body } = await panic("step");
  assert.equal(status, 200);
  const row = await ended(stack, body.workflow_id);
  assert.equal(row.status, "complete", row.error);
  const found = await poll("the instance is complete", async () => {
    const one = await instance(stack, body.workflow_id);
    return one?.status === "complete" && one;
  });
  const { attempts } = stepOf(found, "panic twice");
  assert.equal(attempts.length, 3);
  assert.deepEqual(attempts.map(({ success }) => success), [false, false, true]);
  for (const { error } of attempts.slice(0, 2)) assert.match(JSON.stringify(error), /a panic on demand/);
});

test("4: the log", async () => {
  for (const file of ["workers/mcp-server/src/routes/debug.rs", "workers/analysis/src/debug.rs"]) {
    await poll(`the log names ${file}`, () => readFileSync(stack.logFiles.workers, "utf8").includes(file), { within: 5_000 });
  }
});
