// How many requests TastyTrade gets of one user, and how fast. Cases:
//  1. a hundred calls at once for the same quote: each is answered, and few requests are made
//  2. a hundred calls at once for a hundred symbols, and for lists that overlap: likewise, and each gets its own
//  3. one call after the other: never more in a second than the endpoint allows
//  4. 429 closes an endpoint for all calls of that user, and opens it when its time is over
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { login } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { client } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const SYMBOLS = ["SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "AMD", "KO", "SPX"];
const MARKET = /^\/market-/;

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
// Quotes of this user are never kept, so that every call goes to TastyTrade.
const mcp = client(stack, (await login(stack, { user: "delayed" })).token);

beforeEach(() => Promise.all([sim.clear(), forgetQuotes(stack)]));

/** Makes the calls at once; gives the answers, and the requests that TastyTrade got by endpoint. */
async function together(calls) {
  const mark = await sim.mark();
  const began = Date.now();
  const answers = await Promise.all(calls.map((args) => mcp.call("get_quote", args)));
  const took = Date.now() - began;
  const asked = (await sim.since(mark, MARKET)).map(({ path }) => path.split("?")[0]);
  const counts = Object.fromEntries([...new Set(asked)].map((path) => [path, asked.filter((other) => other === path).length]));
  return { answers, counts, took };
}

/** What a pace of so many in a second allows within the time that the calls took. */
const allowed = (took, perSecond) => perSecond + Math.ceil((took / 1000) * perSecond);

test("1: a hundred calls for the same quote", async (context) => {
  const { answers, counts, took } = await together(Array.from({ length: 100 }, () => ({ symbol: "SPY" })));
  for (const { isError, structuredContent } of answers) assert.ok(!isError && structuredContent.quotes[0].symbol === "SPY", JSON.stringify(structuredContent));
  context.diagnostic(`${JSON.stringify(counts)} in ${took} ms`);
  assert.ok(counts["/market-data/by-type"] <= allowed(took, 2) && counts["/market-data/by-type"] <= 20, JSON.stringify(counts));
  assert.ok(counts["/market-metrics"] <= 30, JSON.stringify(counts));
});

test("2: a hundred calls for a hundred symbols, and for lists that overlap", async (context) => {
  const names = Array.from({ length: 90 }, (_, index) => `Q${String.fromCharCode(65 + (index % 26))}${String.fromCharCode(65 + Math.floor(index / 26))}X`);
  for (const [what, calls] of [
    ["a hundred symbols", [...SYMBOLS, ...names].map((symbol) => ({ symbol }))],
    ["overlapping lists", Array.from({ length: 100 }, (_, index) => ({ symbols: [0, 1, 2].map((step) => SYMBOLS[(index + step) % SYMBOLS.length]) }))],
  ]) {
    await forgetQuotes(stack);
    const { answers, counts, took } = await together(calls);
    calls.forEach(({ symbol, symbols = [symbol] }, index) => {
      const { isError, structuredContent } = answers[index];
      const shown = `${what}, ${symbols}: ${JSON.stringify(structuredContent).slice(0, 300)}`;
      if (symbols.some((name) => SYMBOLS.includes(name))) {
        assert.ok(!isError, shown);
        assert.deepEqual(structuredContent.quotes.map(({ symbol: got }) => got), symbols, shown);
      } else assert.equal(structuredContent.error?.reason, "not_found", shown);
    });
    context.diagnostic(`${what}: ${JSON.stringify(counts)} in ${took} ms`);
    assert.ok(counts["/market-data/by-type"] <= allowed(took, 2) && counts["/market-data/by-type"] <= 20, `${what}: ${JSON.stringify(counts)}`);
    assert.ok(counts["/market-metrics"] <= 30, `${what}: ${JSON.stringify(counts)}`);
  }
});

test("3: one call after the other keeps the pace", async () => {
  const mark = await sim.mark();
  for (let call = 0; call < 8; call += 1) await mcp.ok("get_quote", { symbol: SYMBOLS[call] });
  const asked = (await sim.since(mark, /^\/market-data/)).map(({ started }) => Date.parse(started)).sort((left, right) => left - right);
  assert.equal(asked.length, 8);
  // A bucket that holds two and gets two in a second: the last of eight is sent three seconds after the first. Requests may
  // be late, each by itself, but not early.
  assert.ok(asked.at(-1) - asked[0] > 2_500, `${asked.at(-1) - asked[0]} ms`);
});

test("4: 429 closes an endpoint until its time is over", async () => {
  await sim.fault({ path: "/market-data*", fault: "429", times: 1, retry_after: 4 });
  const error = await mcp.error("get_quote", { symbol: "SPY" });
  assert.equal(error.reason, "rate_limited");
  assert.equal(error.details.retry_after, 4);
  const [mark, began] = [await sim.mark(), Date.now()];
  const answers = await Promise.all(["SPY", "QQQ", "IWM"].map((symbol) => mcp.ok("get_quote", { symbol })));
  assert.deepEqual(answers.map(({ quotes }) => quotes[0].symbol), ["SPY", "QQQ", "IWM"]);
  const asked = await sim.since(mark, /^\/market-data/);
  assert.equal(asked.length, 1, JSON.stringify(asked));
  assert.ok(Date.parse(asked[0].started) - began > 2_500, "it was waited for");
});
