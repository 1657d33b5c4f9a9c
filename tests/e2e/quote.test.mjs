// get_quote. Cases:
//  1. every field of a stock's quote, in both eras, and a text that helps
//  2. several symbols, an index among them, an unknown one under `missing`, forgiving forms of the arguments
//  3. what is no symbol: VALIDATION_ERROR that names the argument, and nothing is called
//  4. an unknown symbol: NOT_FOUND
//  5. TastyTrade fails: TASTYTRADE_ERROR, retryable; a failure that passes is not seen
//  6. TastyTrade does not answer: upstream_timeout
//  7. too many calls: RATE_LIMIT with retry_after
//  8. a fresh quote comes from KV, and TastyTrade is not asked
//  9. an old quote in KV serves only when TastyTrade does not answer, and says so
// 10. metrics that fail leave null and a note, and are not kept
// 11. quotes of a user with delayed data are never kept
// 12. a token without market:read: 403 with the scope
// 13. the grant is revoked at TastyTrade: AUTHENTICATION_ERROR with the link; a new login repairs it
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { d1, kv } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { forgetQuotes, openMarket, QUOTE_FIELDS } from "../lib/market.mjs";
import { assertHttpError, client, modern, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const MARKET = /^\/market-/;

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
const { token } = await login(stack);
const mcp = client(stack, token);

/** Puts a quote of that age into KV, made of one that TastyTrade gave. */
async function keep(symbol, seconds) {
  await forgetQuotes(stack, symbol);
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol });
  await kv.put(stack, `quote:${symbol}`, JSON.stringify({ ...quote, last: 123.45, source: "rest", as_of: new Date(Date.now() - seconds * 1000).toISOString() }));
}

beforeEach(async () => {
  await Promise.all([sim.clear(), forgetQuotes(stack)]);
});

test("1: every field", async () => {
  await openMarket(sim);
  const result = await mcp.call("get_quote", { symbol: "NVDA" });
  assert.ok(!result.isError, JSON.stringify(result));
  const { quotes, missing } = result.structuredContent;
  assert.deepEqual(missing, []);
  const [quote] = quotes;
  assert.deepEqual(Object.keys(quote), QUOTE_FIELDS);
  for (const field of QUOTE_FIELDS) {
    if (field === "close") assert.equal(quote.close, null, "there is no close before the bell");
    else assert.notEqual(quote[field], null, field);
    if (!["symbol", "source", "updated_at", "as_of", "metrics_as_of", "earnings_date", "close"].includes(field)) assert.equal(typeof quote[field], "number", field);
  }
  assert.equal(quote.symbol, "NVDA");
  assert.equal(quote.source, "rest");
  assert.match(quote.earnings_date, /^\d{4}-\d\d-\d\d$/);
  for (const moment of [quote.as_of, quote.updated_at]) assert.ok(!Number.isNaN(Date.parse(moment)) && /(Z|[+-]\d\d:\d\d)$/.test(moment), moment);
  assert.ok(Math.abs(Date.now() - Date.parse(quote.as_of)) < 10_000, "as_of is when TastyTrade was asked");
  assert.ok(Date.parse(quote.updated_at) > Date.now(), "updated_at is the market's own time");
  assert.ok(quote.bid <= quote.last && quote.last <= quote.ask && quote.low <= quote.last && quote.last <= quote.high);
  assert.ok(Math.abs(quote.change - (quote.last - quote.prev_close)) < 1e-6);
  assert.ok(Math.abs(quote.change_percent - (100 * quote.change) / quote.prev_close) < 0.011);
  for (const percent of ["iv_rank", "iv_percentile"]) assert.ok(quote[percent] >= 0 && quote[percent] <= 100, percent);
  for (const percent of ["iv_30_day", "hv_30_day"]) assert.ok(quote[percent] > 1 && quote[percent] < 300, `${percent} is in percent: ${quote[percent]}`);
  const text = result.content[0].text;
  for (const part of ["NVDA", String(quote.last), "bid", "ask", "IV rank", "as of"]) assert.ok(text.includes(part), `${part}: ${text}`);
  await sim.clock({});
  const old = await client(stack, token, { era: "legacy" }).ok("get_quote", { symbol: "NVDA" });
  assert.deepEqual(Object.keys(old.quotes[0]), QUOTE_FIELDS);
});

test("2: several symbols", async () => {
  const { quotes, missing } = await mcp.ok("get_quote", { symbols: ["SPY", "spx", "ZZZZ", "AAPL"] });
  assert.deepEqual(quotes.map(({ symbol }) => symbol), ["SPY", "SPX", "AAPL"]);
  assert.deepEqual(missing, ["ZZZZ"]);
  const index = quotes[1];
  assert.equal(index.bid, null);
  assert.equal(index.ask, null);
  assert.equal(index.volume, null);
  assert.equal(typeof index.last, "number");
  const { content } = await mcp.call("get_quote", { symbols: ["SPY", "ZZZZ"] });
  assert.match(content[0].text, /ZZZZ: TastyTrade does not know this symbol/);
  for (const symbols of ['["QQQ","IWM"]', "QQQ, iwm", ["qqq", "IWM", "QQQ"]]) {
    const answer = await mcp.ok("get_quote", { symbols });
    assert.deepEqual(answer.quotes.map(({ symbol }) => symbol), ["QQQ", "IWM"], JSON.stringify(symbols));
  }
});

test("3: what is no symbol", async () => {
  const mark = await sim.mark();
  for (const [args, argument] of [
    [{ symbol: "" }, "symbol"],
    [{ symbol: "   " }, "symbol"],
    [{ symbol: "A".repeat(33) }, "symbol"],
    [{ symbol: "A".repeat(100_000) }, "symbol"],
    [{ symbol: "AAPL; DROP TABLE users" }, "symbol"],
    [{ symbol: "../../etc/passwd" }, "symbol"],
    [{ symbol: "AAPL?x=1" }, "symbol"],
    [{ symbol: "\u00c4PFEL" }, "symbol"],
    [{ symbols: ["SPY", ""] }, "symbols"],
    [{ symbols: [] }, "symbols"],
    [{ symbols: Array.from({ length: 51 }, (_, index) => `A${index}`) }, "symbols"],
    [{ symbol: "SPY", symbols: ["QQQ"] }, "symbols"],
    [{}, "symbol"],
    [{ symbol: { x: 1 } }, "symbol"],
  ]) {
    const error = await mcp.error("get_quote", args);
    const shown = JSON.stringify(args).slice(0, 60);
    assert.equal(error.code, "VALIDATION_ERROR", shown);
    assert.equal(error.reason, "invalid_arguments", shown);
    assert.equal(error.retryable, false, shown);
    assert.ok(error.details.argument.startsWith(argument), `${shown}: ${error.details.argument}`);
    assert.match(error.message, new RegExp(argument.slice(0, 6)), shown);
    assert.ok(error.message.length < 400, shown);
  }
  assert.deepEqual(await sim.since(mark), [], "nothing was called");
});

test("4: an unknown symbol", async () => {
  for (const args of [{ symbol: "ZZZZ" }, { symbols: ["ZZZZ", "YYYY"] }]) {
    const error = await mcp.error("get_quote", args);
    assert.equal(error.code, "NOT_FOUND");
    assert.equal(error.retryable, false);
    assert.match(error.message, /ZZZZ/);
  }
});

test("5: TastyTrade fails", async () => {
  for (const fault of ["500", "502html"]) {
    await sim.fault({ path: "/market-*", fault, times: null });
    const error = await mcp.error("get_quote", { symbol: "TSLA" });
    assert.equal(error.code, "TASTYTRADE_ERROR", fault);
    assert.equal(error.retryable, true, fault);
    assert.equal(error.reason, "upstream_unavailable", fault);
    await sim.clear();
  }
  await sim.fault({ path: "/market-data*", fault: "500", times: 1 });
  const { quotes } = await mcp.ok("get_quote", { symbol: "TSLA" });
  assert.equal(quotes[0].source, "rest", "one failure is tried again");
});

test("6: TastyTrade does not answer", async () => {
  await sim.fault({ path: "/market-*", fault: "hang", times: null, seconds: 30 });
  const began = Date.now();
  const error = await mcp.error("get_quote", { symbol: "KO" });
  assert.equal(error.code, "TASTYTRADE_ERROR");
  assert.equal(error.reason, "upstream_timeout");
  assert.equal(error.retryable, true);
  assert.ok(Date.now() - began < 20_000, `after ${Date.now() - began} ms`);
});

test("7: too many calls", async () => {
  // What said 429 stays closed for as long as it said; the cases that follow wait that long at most.
  await sim.fault({ path: "/market-*", fault: "429", times: null, retry_after: 3 });
  const error = await mcp.error("get_quote", { symbol: "AMD" });
  assert.equal(error.code, "RATE_LIMIT");
  assert.equal(error.reason, "rate_limited");
  assert.equal(error.retryable, true);
  assert.equal(error.details.retry_after, 3);
  assert.match(error.message, /3 s/);
});

test("8: a fresh quote comes from KV", async () => {
  await keep("MSFT", 20);
  const mark = await sim.mark();
  const { quotes } = await mcp.ok("get_quote", { symbol: "MSFT" });
  assert.equal(quotes[0].source, "cache");
  assert.equal(quotes[0].last, 123.45);
  assert.deepEqual(await sim.since(mark, MARKET), []);
  await sim.fault({ path: "/market-*", fault: "500", times: null });
  assert.equal((await mcp.ok("get_quote", { symbol: "msft" })).quotes[0].source, "cache", "also while TastyTrade is down");
  await Promise.all([sim.clear(), forgetQuotes(stack, "SPY")]);
  const both = await mcp.ok("get_quote", { symbols: ["MSFT", "SPY"] });
  assert.deepEqual(both.quotes.map(({ symbol, source }) => [symbol, source]), [["MSFT", "cache"], ["SPY", "rest"]]);
  const [asked] = await sim.since(mark, /^\/market-data/);
  assert.ok(asked.path.includes("SPY") && !asked.path.includes("MSFT"), asked.path);
  const kept = JSON.parse(await kv.get(stack, "quote:SPY"));
  assert.equal(kept.symbol, "SPY", "what TastyTrade gave was kept for the next one");
});

test("9: an old quote in KV", async () => {
  await keep("MSFT", 100);
  const mark = await sim.mark();
  assert.equal((await mcp.ok("get_quote", { symbol: "MSFT" })).quotes[0].source, "rest");
  assert.ok((await sim.since(mark, MARKET)).length >= 1);
  await keep("MSFT", 100);
  await sim.fault({ path: "/market-*", fault: "500", times: null });
  const result = await mcp.call("get_quote", { symbol: "MSFT" });
  const { quotes, notes } = result.structuredContent;
  assert.equal(quotes[0].source, "stale_cache");
  assert.equal(quotes[0].last, 123.45);
  assert.ok(Date.now() - Date.parse(quotes[0].as_of) > 90_000);
  assert.match(notes.join(), /did not answer/);
  assert.match(result.content[0].text, /STALE/);
});

test("10: metrics that fail", async () => {
  await sim.fault({ path: "/market-metrics", fault: "500", times: null });
  const { quotes, notes } = await mcp.ok("get_quote", { symbol: "QQQ" });
  assert.equal(typeof quotes[0].last, "number");
  assert.equal(quotes[0].iv_rank, null);
  assert.equal(quotes[0].earnings_date, null);
  assert.match(notes.join(), /metrics/i);
  assert.equal(await kv.get(stack, "quote:QQQ"), null);
});

test("11: delayed quotes are never kept", async () => {
  const delayed = client(stack, (await login(stack, { user: "delayed" })).token);
  const [user] = await d1(stack, "SELECT delayed_quotes FROM users WHERE id = ?1", [EXTERNAL_IDS.delayed]);
  assert.equal(user.delayed_quotes, 1);
  assert.equal((await delayed.ok("get_quote", { symbol: "IWM" })).quotes[0].source, "rest");
  assert.equal(await kv.get(stack, "quote:IWM"), null);
  assert.equal((await mcp.ok("get_quote", { symbol: "IWM" })).quotes[0].source, "rest");
  assert.notEqual(await kv.get(stack, "quote:IWM"), null, "the same by another user is");
});

test("12: a token without market:read", async () => {
  const narrow = await login(stack, { scopes: ["account:read", "analysis:run"] });
  const { message, headers } = modern("tools/call", { name: "get_quote", arguments: { symbol: "SPY" } });
  const refused = await post(`${stack.url}/mcp`, message, { token: narrow.token, headers });
  assert.equal(refused.status, 403);
  assertHttpError(refused.body, "AUTHORIZATION_ERROR", "insufficient_scope");
  const challenge = refused.headers.get("www-authenticate");
  assert.match(challenge, /error="insufficient_scope"/);
  assert.match(challenge, /scope="market:read"/);
  assert.ok(challenge.includes(`resource_metadata="${stack.url}/.well-known/oauth-protected-resource/mcp"`), challenge);
});

test("13: the grant is revoked at TastyTrade", async () => {
  const { token: before } = await login(stack, { user: "second" });
  const second = client(stack, before);
  await second.ok("get_quote", { symbol: "SPY" });
  await Promise.all([sim.revoke("second"), forgetQuotes(stack)]);
  for (const attempt of [1, 2]) {
    const error = await second.error("get_quote", { symbol: "SPY" });
    assert.equal(error.code, "AUTHENTICATION_ERROR", `attempt ${attempt}`);
    assert.equal(error.reason, "reconnect_required");
    assert.equal(error.retryable, false);
    assert.equal(error.details.login_url, `${stack.url}/login`);
    assert.ok(error.message.includes(`${stack.url}/login`), error.message);
  }
  const mark = await sim.mark();
  await second.error("get_quote", { symbol: "SPY" });
  assert.deepEqual(await sim.since(mark), [], "a grant that was refused is not tried again");
  await login(stack, { user: "second" });
  const [row] = await d1(stack, "SELECT status FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.second]);
  assert.equal(row.status, "active");
  await second.ok("get_quote", { symbol: "SPY" });
});
