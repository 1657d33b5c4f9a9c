// get_option_chain. Cases:
//  1. nothing narrowed: all expirations, and the monthly one nearest to 45 days with every field, live
//  2. a day, strikes around the price, one side, deltas
//  3. days from and to: several expirations; columns say what rows say
//  4. an index with a root of the morning and one of the afternoon; an adjusted root says what it delivers
//  5. options on futures, by product and by contract
//  6. five thousand options on one symbol: read whole, answered within bounds, and the rest comes from the cache
//  7. the stream is silent: quotes and open interest over REST, greeks computed with dividends and marked, nothing of it kept
//  8. stream and REST both fail: the structure all the same, with what is missing
//  9. the second call makes no call to TastyTrade; how old what is cached may be is the user's to say
// 10. the chain cannot be had: an error the first time, the kept one with a note later
// 11. what cannot be served: errors that name the argument and what there is instead; nothing is called for bad arguments
// 12. late data are said to be, and never kept
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { kv } from "../lib/explorer.mjs";
import { login } from "../lib/login.mjs";
import { openMarket } from "../lib/market.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
await openMarket(sim);
const { token } = await login(stack);
const mcp = client(stack, token);

const OPTION = ["symbol", "bid", "ask", "last", "volume", "open_interest", "delta", "gamma", "theta", "vega", "iv", "source", "greeks_source"];
const DAY = 86_400_000;
/** What every known client reads. */
const BOUND = 130_000;

const chainKeys = async () => (await kv.keys(stack)).filter((key) => key.startsWith("chain:"));

async function forget() {
  await Promise.all((await chainKeys()).map((key) => kv.delete(stack, key)));
}

beforeEach(async () => {
  await sim.clear();
  await sim.closeSockets();
  await poll("no socket is open", async () => ((await sim.state()).sockets["/dxlink"] ?? 0) === 0);
  await forget();
});

async function chain(args, by = mcp) {
  const result = await by.call("get_option_chain", args);
  assert.ok(!result.isError, JSON.stringify(result).slice(0, 1500));
  assert.ok(JSON.stringify(result).length < 2 * BOUND);
  return { ...result.structuredContent, text: result.content[0].text };
}

async function refused(args, by = mcp) {
  const result = await by.call("get_option_chain", args);
  assert.equal(result.isError, true, JSON.stringify(result).slice(0, 1500));
  return result.structuredContent.error;
}

const each = ({ expirations }) => expirations.flatMap(({ strikes }) => strikes.flatMap(({ call, put }) => [call, put].filter(Boolean)));

/** The date of the standard monthly expiration nearest to so many days. */
function monthly({ available_expirations: all }, days) {
  const found = all.filter(({ kind, standard }) => kind === "Regular" && standard).toSorted((a, b) => Math.abs(a.dte - days) - Math.abs(b.dte - days))[0];
  return found.expiration;
}

test("1: nothing narrowed", async () => {
  const answer = await chain({ symbol: "aapl" });
  assert.deepEqual([answer.symbol, answer.format, answer.source, answer.missing], ["AAPL", "rows", "dxlink", []]);
  assert.ok(answer.available_expirations.length > 10);
  assert.equal(answer.expirations.length, 1);
  const [expiration] = answer.expirations;
  assert.equal(expiration.expiration, monthly(answer, 45));
  assert.ok(expiration.dte >= 25 && expiration.dte <= 65, `${expiration.dte}`);
  assert.deepEqual([expiration.kind, expiration.settlement, expiration.standard, expiration.multiplier, expiration.columns], ["Regular", "PM", true, 100, null]);
  assert.equal(expiration.strikes.length, 20);
  assert.equal(answer.contracts, 40);
  const strikes = expiration.strikes.map(({ strike }) => strike);
  assert.deepEqual(strikes, strikes.toSorted((a, b) => a - b));
  assert.ok(strikes[9] < answer.underlying_price && strikes[10] >= answer.underlying_price, `${strikes} ${answer.underlying_price}`);
  for (const { strike, call, put } of expiration.strikes) {
    assert.deepEqual(Object.keys(call), OPTION);
    for (const [option, side] of [[call, "C"], [put, "P"]]) {
      assert.match(option.symbol, new RegExp(`^AAPL  \\d{6}${side}${String(Math.round(strike * 1000)).padStart(8, "0")}$`));
      assert.deepEqual([option.source, option.greeks_source], ["dxlink", "dxlink"]);
      assert.ok(option.bid <= option.ask && option.open_interest >= 0 && option.gamma >= 0 && option.vega > 0, JSON.stringify(option));
      assert.ok(option.iv > 5 && option.iv < 200, `percent: ${option.iv}`);
    }
    if (Math.abs(call.delta - 0.5) < 0.2) assert.ok(call.theta < 0 && put.theta < 0, `${call.theta} ${put.theta}`);
    assert.ok(call.delta > 0 && call.delta < 1 && put.delta < 0 && put.delta > -1);
    assert.ok(Math.abs(call.delta - put.delta - 1) < 0.02, "a call and a put of a strike have deltas one apart");
  }
  const deltas = expiration.strikes.map(({ call }) => call.delta);
  assert.deepEqual(deltas, deltas.toSorted((a, b) => b - a));
  for (const part of ["AAPL options", "strike | put bid/ask", String(answer.underlying_price), "All expirations", "as of"]) assert.ok(answer.text.includes(part), `${part}: ${answer.text}`);
  assert.ok(answer.text.length < 8_000, `${answer.text.length}`);
  const old = await client(stack, token, { era: "legacy" }).ok("get_option_chain", { symbol: "AAPL" });
  assert.deepEqual(old.expirations[0].strikes.map(({ strike }) => strike), strikes);
});

test("2: a day, strikes, one side, deltas", async () => {
  const expiration = monthly(await chain({ symbol: "NVDA", strikes: 1 }), 30);
  const near = await chain({ symbol: "NVDA", expiration, strikes: "3", side: "puts" });
  assert.deepEqual([near.expirations.length, near.expirations[0].strikes.length, near.contracts], [1, 6, 6]);
  assert.deepEqual(near.available_expirations, []);
  assert.ok(near.expirations[0].strikes.every(({ call, put }) => call === null && put.delta < 0));
  assert.ok(!near.text.includes("call bid"));
  const sold = await chain({ symbol: "NVDA", expiration, side: "put", minDelta: 16, maxDelta: 0.3 });
  assert.ok(sold.contracts >= 2, sold.text);
  for (const { delta } of each(sold)) assert.ok(delta <= -0.16 && delta >= -0.3, `${delta}`);
  const all = await chain({ symbol: "NVDA", expiration, strikes: 0, side: "put", format: "columns" });
  const { columns } = all.expirations[0];
  const fitting = columns.put.delta.filter((delta) => delta <= -0.16 && delta >= -0.3).length;
  assert.equal(sold.contracts, fitting, "the filter takes all that fit");
  const none = await chain({ symbol: "NVDA", expiration, strikes: 2, max_delta: 0.01 });
  assert.deepEqual([none.contracts, none.expirations[0].strikes], [0, []]);
  assert.match(none.text, /No option has a delta from 0 to 0\.01/);
});

test("3: days from and to, rows and columns", async () => {
  const rows = await chain({ symbol: "AMD", min_dte: 5, max_dte: 35, strikes: 2 });
  assert.ok(rows.expirations.length >= 3, rows.text);
  for (const { dte } of rows.expirations) assert.ok(dte >= 5 && dte <= 35);
  const days = rows.expirations.map(({ expiration }) => expiration);
  assert.deepEqual(days, days.toSorted());
  const columnar = await chain({ symbol: "AMD", min_dte: 5, max_dte: 35, strikes: 2, format: "columns" });
  assert.equal(columnar.format, "columns");
  for (const [place, { strikes, columns }] of columnar.expirations.entries()) {
    assert.deepEqual(strikes, []);
    const same = rows.expirations[place].strikes;
    assert.deepEqual(columns.strike, same.map(({ strike }) => strike));
    for (const side of ["call", "put"]) {
      for (const field of OPTION.slice(1, 11)) assert.equal(columns[side][field].length, columns.strike.length, field);
      assert.deepEqual(columns[side].open_interest, same.map((row) => row[side].open_interest));
      assert.match(columns[side].symbol_pattern, /^AMD   \d{6}[CP]\{strike\*1000 on 8 digits\}$/);
      assert.deepEqual(columns[side].computed, []);
    }
  }
});

test("4: roots", async () => {
  const index = await chain({ symbol: "SPX", strikes: 1 });
  const roots = Map.groupBy(index.available_expirations.filter(({ kind }) => kind === "Regular"), ({ expiration }) => expiration);
  const [day] = [...roots].find(([, list]) => list.length === 2);
  const both = await chain({ symbol: "SPX", expiration: day, strikes: 2 });
  assert.deepEqual(both.expirations.map(({ root, settlement }) => `${root} ${settlement}`).toSorted(), ["SPX AM", "SPXW PM"]);
  assert.ok(each(both).every(({ delta }) => delta !== null));
  assert.ok(both.underlying_price > 1000);
  const listed = await chain({ symbol: "PFE", strikes: 1 });
  const odd = listed.available_expirations.find(({ standard }) => !standard);
  assert.equal(odd.root, "PFE1");
  assert.equal(listed.expirations[0].root, "PFE");
  const adjusted = (await chain({ symbol: "PFE", expiration: odd.expiration, strikes: 1 })).expirations.find(({ root }) => root === "PFE1");
  assert.deepEqual([adjusted.standard, adjusted.multiplier], [false, 110]);
  assert.match(adjusted.deliverable, /110 shares of PFE/);
  assert.match(adjusted.strikes[0].call.symbol, /^PFE1  /);
  const standard = await chain({ symbol: "PFE", max_dte: 60, strikes: 1 });
  assert.ok(standard.expirations.every(({ root }) => root === "PFE"));
  assert.match(standard.text, /PFE1 are adjusted/);
  const slash = await chain({ symbol: "brk/b", strikes: 1 });
  assert.match(each(slash)[0].symbol, /^BRKB  /);
});

test("5: futures", async () => {
  const product = await chain({ symbol: "/ES", strikes: 2 });
  const [expiration] = product.expirations;
  assert.match(expiration.underlying, /^\/ES[HMUZ]\d$/);
  assert.ok(expiration.underlying_price > 1000 && expiration.multiplier === 50, JSON.stringify({ ...expiration, strikes: [] }));
  assert.equal(product.underlying_price, expiration.underlying_price);
  for (const { symbol, delta, bid } of each(product)) {
    assert.match(symbol, /^\.\/ES[HMUZ]\d \w+ +\d{6}[CP]\d+$/);
    assert.ok(delta !== null && bid > 0);
  }
  const contract = await chain({ symbol: expiration.underlying.toLowerCase(), expiration: expiration.expiration, strikes: 2 });
  assert.deepEqual(contract.expirations.map(({ underlying }) => underlying), [expiration.underlying]);
});

test("6: five thousand options", async (t) => {
  const began = Date.now();
  const whole = await chain({ symbol: "SPY", min_dte: 0, strikes: 0 });
  const took = Date.now() - began;
  assert.equal(whole.format, "columns");
  assert.ok(whole.contracts >= 500, `${whole.contracts}`);
  assert.ok(JSON.stringify(whole).length < BOUND);
  assert.match(whole.text, /expirations do not fit into an answer/);
  assert.ok(whole.missing.every((line) => /^greeks of \d+ of \d{4} options are not known \(there is no bid: \d+\)$/.test(line) || /^open interest of \d+ of \d{4} options did not come$/.test(line)), JSON.stringify(whole.missing));
  const mark = await sim.mark();
  const again = Date.now();
  const second = await chain({ symbol: "SPY", min_dte: 0, strikes: 0 });
  t.diagnostic(`${whole.contracts} of all options in the answer; cold ${took} ms, warm ${Date.now() - again} ms, ${JSON.stringify(whole).length} bytes`);
  assert.deepEqual([second.source, second.contracts], ["cache", whole.contracts]);
  const [, left] = /answer: (\d{4}-\d\d-\d\d)/.exec(whole.text);
  const one = await chain({ symbol: "SPY", expiration: left, strikes: 5 });
  assert.deepEqual([one.source, one.contracts], ["cache", 20]);
  assert.deepEqual((await sim.since(mark)).map(({ path }) => path), []);
});

test("7: a silent stream", async () => {
  const usual = await chain({ symbol: "MSFT", strikes: 4 });
  await forget();
  await sim.closeSockets();
  await sim.fault({ path: "/dxlink", fault: "silence", times: null });
  const began = Date.now();
  const answer = await chain({ symbol: "MSFT", strikes: 4 });
  assert.ok(Date.now() - began < 25_000);
  assert.equal(answer.source, "rest");
  const known = new Map(each(usual).map((option) => [option.symbol, option]));
  for (const option of each(answer)) {
    assert.deepEqual([option.source, option.greeks_source], ["rest", "computed"], JSON.stringify(option));
    const { delta, iv, vega, open_interest: open } = known.get(option.symbol);
    assert.equal(option.open_interest, open, "REST has the open interest as well");
    assert.ok(Math.abs(option.delta - delta) < 0.03, `${option.symbol}: delta ${option.delta}, the stream's ${delta}`);
    assert.ok(Math.abs(option.iv - iv) < 0.06 * iv, `${option.symbol}: iv ${option.iv}, the stream's ${iv}`);
    assert.ok(Math.abs(option.vega - vega) < 0.05 * vega + 0.01, `${option.symbol}: vega ${option.vega}, the stream's ${vega}`);
  }
  assert.match(answer.text, /-?0\.\d\d\*/);
  assert.match(answer.text, /\* greeks computed here/);
  assert.ok(answer.notes.some((note) => /computed here .* rate of 3\.72 %/.test(note)), JSON.stringify(answer.notes));
  assert.ok(answer.notes.some((note) => /dividend yield that calls and puts at the money imply/.test(note)), JSON.stringify(answer.notes));
  assert.deepEqual(answer.missing, []);
  assert.deepEqual((await chainKeys()).filter((key) => key.endsWith(":live")), []);
  const columns = await chain({ symbol: "MSFT", strikes: 1, format: "columns" });
  assert.deepEqual(columns.expirations[0].columns.call.computed, [0, 1]);
  const puts = await chain({ symbol: "MSFT", strikes: 2, side: "put" });
  assert.ok(puts.notes.some((note) => /a dividend yield of [\d.]+ % by TastyTrade's metrics/.test(note)), JSON.stringify(puts.notes));
});

test("8: nothing but the structure", async () => {
  const expiration = monthly(await chain({ symbol: "KO", strikes: 1 }), 45);
  await Promise.all((await chainKeys()).filter((key) => key.endsWith(":live")).map((key) => kv.delete(stack, key)));
  await sim.closeSockets();
  await sim.fault({ path: "/dxlink", fault: "silence", times: null });
  await sim.fault({ path: "/market-data/by-type", fault: "500", times: null });
  const answer = await chain({ symbol: "KO", expiration, strikes: 2 });
  assert.equal(answer.contracts, 8);
  for (const option of each(answer)) assert.deepEqual([option.bid, option.delta, option.source, option.greeks_source], [null, null, null, null]);
  assert.ok(answer.missing.some((line) => /bid and ask of 8 of 8/.test(line)), JSON.stringify(answer.missing));
  assert.ok(each(answer).every(({ no_greeks: why }) => why.length > 5));
});

test("9: from the cache", async () => {
  const first = await chain({ symbol: "QQQ", strikes: 5 });
  const mark = await sim.mark();
  const second = await chain({ symbol: "QQQ", strikes: 5 });
  const narrower = await chain({ symbol: "QQQ", strikes: 2, side: "put" });
  assert.deepEqual([first.source, second.source, narrower.source], ["dxlink", "cache", "cache"]);
  assert.equal(second.as_of, first.as_of);
  assert.deepEqual(each(second).map(({ symbol, bid, delta, iv }) => [symbol, bid, delta, iv]), each(first).map(({ symbol, bid, delta, iv }) => [symbol, bid, delta, iv]));
  const asked = await sim.since(mark);
  assert.deepEqual(asked.map(({ path }) => path), []);
  const keys = (await chainKeys()).filter((key) => /^chain:QQQ:.*:live$/.test(key));
  const aged = async () => Promise.all(keys.map(async (key) => {
    const kept = JSON.parse(await kv.get(stack, key)).map((one) => ({ ...one, as_of: new Date(Date.now() - 45_000).toISOString() }));
    await kv.put(stack, key, JSON.stringify(kept));
  }));
  try {
    await aged();
    await mcp.ok("update_config", { config: { chain_cache_ttl: 900 } });
    assert.equal((await chain({ symbol: "QQQ", strikes: 5 })).source, "cache", "this user takes quotes of up to a minute");
    await mcp.ok("update_config", { config: { chain_cache_ttl: 300 } });
    assert.equal((await chain({ symbol: "QQQ", strikes: 5 })).source, "dxlink", "the usual half a minute is over");
    await mcp.ok("update_config", { config: { chain_cache_ttl: 0 } });
    const before = await sim.mark();
    const anew = await chain({ symbol: "QQQ", strikes: 5 });
    assert.equal(anew.source, "dxlink");
    assert.equal((await sim.since(before, /^\/option-chains/)).length, 1);
  } finally {
    await mcp.ok("update_config", { config: { chain_cache_ttl: 300 } });
  }
});

test("10: the chain cannot be had", async () => {
  await sim.fault({ path: "/option-chains/*", fault: "500", times: null });
  const { code, retryable } = await refused({ symbol: "XOM" });
  assert.deepEqual([code, retryable], ["TASTYTRADE_ERROR", true]);
  await sim.clear();
  await chain({ symbol: "XOM", strikes: 1 });
  const key = "chain:XOM:all";
  const kept = JSON.parse(await kv.get(stack, key));
  await kv.put(stack, key, JSON.stringify({ ...kept, as_of: new Date(Date.now() - 3_600_000).toISOString() }));
  await sim.fault({ path: "/option-chains/*", fault: "500", times: null });
  const stale = await chain({ symbol: "XOM", strikes: 1 });
  assert.ok(stale.notes.some((note) => note.startsWith("Expirations and strikes are those of")), JSON.stringify(stale.notes));
  await sim.clear();
  await kv.delete(stack, key);
  await sim.fault({ path: "/option-chains/*", fault: "502html", times: 1 });
  await chain({ symbol: "XOM", strikes: 1 });
});

test("11: what cannot be served", async () => {
  const mark = await sim.mark();
  for (const [args, argument, message] of [
    [{ symbol: "A;B" }, "symbol", /is not a symbol/],
    [{ symbol: "AAPL  261218C00255000" }, "symbol", /is an option itself/],
    [{ symbol: "BTC/USD" }, "symbol", /no options on BTC\/USD/],
    [{ symbol: "AAPL", expiration: "next Friday" }, "expiration", /not a day: "next Friday"/],
    [{ symbol: "AAPL", expiration: "2026-12-18", min_dte: 3 }, "expiration", /not both/],
    [{ symbol: "AAPL", min_dte: 60, max_dte: 30 }, "min_dte", /more than `max_dte`/],
    [{ symbol: "AAPL", min_dte: -1 }, "min_dte", /send 0 to 4000/],
    [{ symbol: "AAPL", max_delta: 300 }, "max_delta", /send 0 to 1/],
    [{ symbol: "AAPL", strikes: 100_000 }, "strikes", /or 0 for all/],
    [{ symbol: "AAPL", side: "straddle" }, "side", /side/],
    [{ symbol: "AAPL", strike: 5 }, "strike", /strike/],
  ]) {
    const error = await refused(args);
    assert.deepEqual([error.code, error.details.argument], ["VALIDATION_ERROR", argument], JSON.stringify(error));
    assert.match(error.message, message);
  }
  assert.deepEqual((await sim.since(mark, /^\/(option-chains|market-data|dxlink)/)).length, 0, "nothing was called");
  const unknown = await refused({ symbol: "ZZZZ" });
  assert.equal(unknown.code, "NOT_FOUND");
  assert.match(unknown.message, /no options on ZZZZ/);
  const monday = new Date(Date.parse((await sim.state()).now) + 400 * DAY).toISOString().slice(0, 10);
  const off = await refused({ symbol: "KO", expiration: monday });
  assert.equal(off.code, "VALIDATION_ERROR");
  assert.match(off.message, /KO has no options that expire on .* The nearest days: \d{4}-\d\d-\d\d, /);
  assert.equal(off.details.expirations.length, 5);
});

test("12: late data", async () => {
  const late = client(stack, (await login(stack, { user: "delayed" })).token);
  const answer = await chain({ symbol: "DIS", strikes: 1 }, late);
  assert.ok(answer.notes.some((note) => /delays/.test(note)), JSON.stringify(answer.notes));
  assert.deepEqual((await chainKeys()).filter((key) => key.endsWith(":live")), []);
});
