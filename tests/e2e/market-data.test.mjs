// Market data over DXLink, from a bearer token through the user's `Upstream` object to the simulator and back, by the
// development-only `POST /debug/stream`. Cases:
//  1. without a token 401
//  2. quotes, greeks, open interest and candles of one collection
//  3. what is not there is named, and the rest is there; a collection may end once nothing more comes
//  4. ten collections at once: one socket, one token for market data
//  5. the socket is kept for the next collection, and closed when none comes
//  6. a session that breaks before it brought anything is opened once more
//  7. a token that is refused is replaced
//  8. a session that breaks twice, and one that is silent: an answer all the same, in time
//  9. a frame that is cut in half costs what was in it, and frames out of order cost nothing that is not in them
// 10. late data are marked
// 11. a user who is disconnected at TastyTrade gets no data, although the token for market data still counts
// 12. a user's session is nobody else's
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { login } from "../lib/login.mjs";
import { openMarket } from "../lib/market.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack({});
const sim = simulator(stack);
await openMarket(sim);

const tokens = { trader: (await login(stack)).token, delayed: (await login(stack, { user: "delayed" })).token };
/** More than a session here takes; a collection that waits for it has a deadline in mind. */
const WAIT = 6_000;

async function collect(body, { user = "trader", token = tokens[user] } = {}) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${stack.url}/debug/stream`, { method: "POST", headers, body: JSON.stringify({ wait_ms: WAIT, ...body }) });
  return { status: response.status, body: await response.json() };
}

async function collected(body, options) {
  const answer = await collect(body, options);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const sockets = async () => (await sim.state()).sockets["/dxlink"] ?? 0;

beforeEach(async () => {
  await sim.clear();
  await sim.closeSockets();
  await poll("no socket is open", async () => (await sockets()) === 0);
});

/** The calls of the simulator that concern market data, since a mark. */
const opened = async (mark) => (await sim.since(mark, /^\/dxlink/)).length;
const quoteTokens = async (mark) => (await sim.since(mark, /^\/api-quote-tokens/)).length;

/** A put and a call on AAPL near the money, of a monthly expiration one to two months away. */
async function options() {
  const now = new Date((await sim.state()).now);
  const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 2, 15));
  while (day.getUTCDay() !== 5) day.setUTCDate(day.getUTCDate() + 1);
  const { collected: found } = await collected({ kinds: ["Trade"], symbols: ["AAPL"] });
  const strike = Math.round(found.trades.AAPL.price / 10) * 10;
  return ["P", "C"].map((side) => `.AAPL${day.toISOString().slice(2, 10).replaceAll("-", "")}${side}${strike}`);
}

const QUOTE = { kinds: ["Quote"], symbols: ["SPY", "QQQ"] };

test("1: without a token", async () => {
  assert.equal((await collect(QUOTE, { token: null })).status, 401);
  assert.equal((await collect(QUOTE, { token: "nonsense" })).status, 401);
});

test("2: everything at once", async () => {
  const symbols = await options();
  const { collected: found, is_delayed: delayed } = await collected({ kinds: ["Quote", "Greeks", "Summary"], symbols, candles: ["AAPL"], days: 60 });
  assert.deepEqual([found.ended, found.missing, delayed], ["complete", [], false]);
  for (const symbol of symbols) {
    assert.ok(found.quotes[symbol].bid < found.quotes[symbol].ask, JSON.stringify(found.quotes));
    assert.ok(found.summaries[symbol].open_interest >= 0);
    assert.ok(found.greeks[symbol].iv > 0 && found.greeks[symbol].theta < 0, JSON.stringify(found.greeks));
  }
  assert.ok(found.greeks[symbols[0]].delta < 0 && found.greeks[symbols[1]].delta > 0);
  const { is_complete: whole, candles } = found.candles["AAPL{=d,tho=true}"];
  assert.ok(whole && candles.length > 35, `${candles.length} candles`);
  assert.deepEqual(candles.map(({ at }) => at), candles.map(({ at }) => at).toSorted());
});

test("3: what is not there", async () => {
  const { collected: found } = await collected({ kinds: ["Quote", "Greeks"], symbols: ["SPY", "ZZZZ"], candles: ["ZZZZ"], days: 5, wait_ms: 1_500 });
  assert.equal(found.ended, "deadline");
  assert.deepEqual(Object.keys(found.quotes), ["SPY"]);
  const missing = found.missing.map(({ kind, symbol }) => `${kind} ${symbol}`).toSorted();
  assert.deepEqual(missing, ["Candle ZZZZ{=d,tho=true}", "Greeks SPY", "Greeks ZZZZ", "Quote ZZZZ"]);
});

test("3a: a quiet ends what has begun to come", async () => {
  const began = Date.now();
  const { collected: found } = await collected({ kinds: ["Quote"], symbols: ["SPY", "ZZZZ"], wait_ms: 20_000, quiet_ms: 500 });
  assert.deepEqual([found.ended, found.missing.map(({ symbol }) => symbol)], ["quiet", ["ZZZZ"]]);
  assert.ok(Date.now() - began < 18_000, "long before its deadline");
});

test("4: ten at once", async () => {
  const mark = await sim.mark();
  const answers = await Promise.all(Array.from({ length: 10 }, () => collected(QUOTE)));
  for (const { collected: found } of answers) assert.equal(found.ended, "complete");
  assert.equal(await opened(mark), 1);
  assert.ok((await quoteTokens(mark)) <= 1);
});

test("5: the socket is kept and then closed", async () => {
  const mark = await sim.mark();
  await collected(QUOTE);
  await collected({ ...QUOTE, symbols: ["AAPL"] });
  assert.equal(await opened(mark), 1);
  assert.equal(await sockets(), 1);
  await poll("the socket is closed", async () => (await sockets()) === 0, { within: 60_000, every: 500 });
  assert.equal((await collected(QUOTE)).collected.ended, "complete");
  assert.equal(await opened(mark), 2);
});

test("6: a session that breaks at once", async () => {
  for (const after of [0, 3]) {
    const mark = await sim.mark();
    await sim.fault({ path: "/dxlink", fault: "close", after, times: 1 });
    const { collected: found } = await collected(QUOTE);
    assert.equal(found.ended, "complete", JSON.stringify(found));
    assert.equal(await opened(mark), 2);
    await sim.closeSockets();
    await poll("no socket is open", async () => (await sockets()) === 0);
  }
});

test("7: a token that is refused", async () => {
  const mark = await sim.mark();
  await sim.fault({ path: "/dxlink", fault: "auth", times: 1 });
  const { collected: found } = await collected(QUOTE);
  assert.equal(found.ended, "complete", JSON.stringify(found));
  assert.deepEqual([await opened(mark), await quoteTokens(mark)], [2, 1]);
});

test("8: broken for good, and silent", async () => {
  const all = (found) => assert.deepEqual(found.missing.map(({ symbol }) => symbol).toSorted(), ["QQQ", "SPY"]);
  let mark = await sim.mark();
  await sim.fault({ path: "/dxlink", fault: "close", times: null });
  let { collected: found } = await collected(QUOTE);
  assert.deepEqual(found.ended, { broken: "disconnected" });
  all(found);
  assert.equal(await opened(mark), 2, "once more, and no more often");
  await sim.clear();
  await sim.fault({ path: "/dxlink", fault: "500", times: null });
  ({ collected: found } = await collected(QUOTE));
  assert.deepEqual(found.ended, { broken: "disconnected" });
  for (const after of [0, 4]) {
    await sim.clear();
    await sim.fault({ path: "/dxlink", fault: "silence", after, times: 1 });
    mark = await sim.mark();
    const began = Date.now();
    ({ collected: found } = await collected({ ...QUOTE, wait_ms: 1_500 }));
    assert.equal(found.ended, "deadline");
    assert.ok(Date.now() - began >= 1_400, "it was waited for");
    all(found);
    await sim.closeSockets();
    await poll("no socket is open", async () => (await sockets()) === 0);
  }
});

test("9: broken and misplaced frames", async () => {
  await sim.fault({ path: "/dxlink", fault: "malformed", after: 6, times: 1 });
  const first = await collected({ ...QUOTE, wait_ms: 1_500 });
  assert.ok(["deadline", "complete"].includes(first.collected.ended), JSON.stringify(first.collected.ended));
  const again = await collected({ kinds: ["Trade"], symbols: ["AAPL"] });
  assert.equal(again.collected.ended, "complete", "the session goes on");
  await sim.closeSockets();
  await poll("no socket is open", async () => (await sockets()) === 0);
  await sim.fault({ path: "/dxlink", fault: "disorder", times: 1 });
  assert.equal((await collected(QUOTE)).collected.ended, "complete");
});

test("10: late data", async () => {
  const [late, now] = [await collected({ kinds: ["Trade"], symbols: ["SPY"] }, { user: "delayed" }), await collected({ kinds: ["Trade"], symbols: ["SPY"] })];
  assert.deepEqual([late.is_delayed, now.is_delayed], [true, false]);
  const minutes = (Date.parse(now.collected.trades.SPY.at) - Date.parse(late.collected.trades.SPY.at)) / 60_000;
  assert.ok(Math.abs(minutes - 15) < 2, `${minutes} minutes`);
});

test("11: disconnected at TastyTrade", async () => {
  // An access token that is of use for a second or two, so that the next one has to be asked for soon.
  await sim.accessLifetime(62);
  const { token } = await login(stack, { user: "second" });
  await collected(QUOTE, { token });
  await sim.revoke("second");
  const answer = await poll("no more data", async () => {
    const one = await collect(QUOTE, { token });
    return one.status !== 200 && one;
  });
  assert.deepEqual([answer.status, answer.body.error?.reason ?? answer.body.reason], [401, "reconnect_required"], JSON.stringify(answer.body));
  await sim.accessLifetime(900);
});

test("12: sessions are the users' own", async () => {
  const { token } = await login(stack, { user: "second" });
  const mark = await sim.mark();
  await Promise.all([collected(QUOTE), collected(QUOTE, { token })]);
  assert.equal(await opened(mark), 2);
});
