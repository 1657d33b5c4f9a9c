// analyze_strategy. Cases:
//  1. a bull put spread at prices that are sent: every figure as worked out by hand
//  2. an iron condor at live prices: the chain's own bids and asks, agreement between the figures, what the text says
//  3. a covered call in parts, with shares and what they cost; one on the other side of an ex-dividend day says so
//  4. a calendar: two expirations; an index: European, no early assignment, the proprietary fee is named; a future: no margin
//  5. the answer is kept: the id is listed in history://analyses
//  6. legs that cannot be served: errors that name the argument and the nearest strikes and days
//  7. a token without analysis:run: 403
import assert from "node:assert/strict";
import { test } from "node:test";
import { login } from "../lib/login.mjs";
import { forgetChains, forgetQuotes, openMarket } from "../lib/market.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
await openMarket(sim);
await Promise.all([forgetChains(stack), forgetQuotes(stack)]);
const { token } = await login(stack);
const mcp = client(stack, token);

const FIELDS = [
  "analysis_id", "symbol", "strategy", "underlying_price", "expiration", "dte", "legs", "shares", "share_price", "net_credit", "natural_credit", "max_profit", "max_loss",
  "unlimited", "break_evens", "odds", "odds_at_historical_volatility", "greeks", "margin", "fees", "returns", "expected_move", "scenarios", "management", "events",
  "exercise", "iv_rank", "rate", "dividend_yield", "summary", "disclaimer", "source", "as_of", "missing", "notes",
];

/** The monthly chain nearest to 45 days. */
async function chain(symbol, args = {}) {
  const { expirations: [of], underlying_price: price } = await mcp.ok("get_option_chain", { symbol, strikes: 12, ...args });
  return { ...of, price };
}

async function analyze(args) {
  const result = await mcp.call("analyze_strategy", args);
  assert.ok(!result.isError, JSON.stringify(result).slice(0, 1500));
  const text = result.content[0].text;
  assert.ok(!/NaN|null|undefined/.test(text), text);
  assert.deepEqual(Object.keys(result.structuredContent), FIELDS);
  assert.ok(JSON.stringify(result.structuredContent).length < 16_000);
  return { ...result.structuredContent, text };
}

async function refused(args) {
  const result = await mcp.call("analyze_strategy", args);
  assert.equal(result.isError, true, JSON.stringify(result).slice(0, 1500));
  return result.structuredContent.error;
}

const near = (got, expected, within, what) => assert.ok(Math.abs(got - expected) <= within, `${what ?? ""} ${got} is not ${expected}`);
const ruled = ({ management }, rule) => management.filter((mark) => mark.rule === rule);

test("1: a spread by hand", async () => {
  const { expiration, dte, strikes, price } = await chain("AAPL");
  const below = strikes.map(({ strike }) => strike).filter((strike) => strike < price);
  const [long, short] = [below.at(-4), below.at(-2)];
  const width = short - long;
  const of = await analyze({
    symbol: "aapl",
    legs: [
      { side: "put", strike: short, expiration, action: "sell", quantity: 2, price: 1.45 },
      { side: "put", strike: long, expiration, action: "buy", quantity: "2", price: 0.62 },
    ],
  });
  assert.deepEqual([of.strategy, of.symbol, of.dte, of.net_credit, of.max_profit, of.unlimited], ["bull put spread", "AAPL", dte, 166, 166, []]);
  near(of.max_loss, 200 * width - 166, 1e-6);
  assert.equal(of.break_evens.length, 1);
  near(of.break_evens[0].price, short - 0.83, 1e-6);
  near(of.break_evens[0].percent, (100 * (short - 0.83)) / of.underlying_price - 100, 0.011);
  near(of.margin.buying_power, 200 * width - 166, 1e-6);
  near(of.margin.cash_secured, 200 * width - 166, 1e-6);
  near(of.returns.on_buying_power, (100 * 166) / (200 * width - 166), 0.006);
  // The simulated market is days ahead of the clock by which time is counted.
  const last = of.scenarios.rows.at(-1);
  near(last.days, dte, 5);
  near(of.returns.on_buying_power_annualized / of.returns.on_buying_power, 365 / last.days, 0.02);
  // Four contracts at 1.00 and 0.10 and some cents for regulators; nothing but those on the way out.
  near(of.fees.open, 4.53, 0.05);
  near(of.fees.close, 0.53, 0.05);
  // A normal distribution at the break-even: between certain and even, and likelier at the historical volatility if that is lower.
  assert.ok(of.odds.pop > 50 && of.odds.pop < 100, `${of.odds.pop}`);
  assert.ok(of.odds.p50 > of.odds.pop && of.odds.p50 <= 100);
  assert.match(of.odds.ev_note, /near 0 by construction/);
  const { volatility, pop } = of.odds_at_historical_volatility;
  assert.equal(volatility < of.odds.volatility, pop > of.odds.pop);
  last.profit.forEach((profit, at) => {
    const under = Math.min(Math.max(short - of.scenarios.prices[at], 0), width);
    near(profit, 166 - 200 * under, 0.02, `${of.scenarios.prices[at]}`);
  });
  assert.ok(of.scenarios.rows.every(({ profit }) => profit.every((value) => value <= 166.01 && value >= -of.max_loss - 0.01)));
  assert.match(ruled(of, "profit_target")[0].evidence, /50 % of the credit of \$166\.00 is earned when closing costs \$83\.00/);
  assert.deepEqual(ruled(of, "tested").map(({ reached }) => reached), [false]);
  assert.match(of.disclaimer, /not investment advice/);
});

test("2: an iron condor at live prices", async () => {
  const { expiration, strikes, price } = await chain("SPY");
  const at = strikes.findIndex(({ strike }) => strike >= price);
  const rows = { longPut: strikes[at - 10], shortPut: strikes[at - 6], shortCall: strikes[at + 5], longCall: strikes[at + 9] };
  const of = await analyze({
    legs: [
      { symbol: rows.shortPut.put.symbol, action: "sell" },
      { symbol: rows.longPut.put.symbol, action: "buy" },
      { symbol: rows.shortCall.call.symbol, action: "sell" },
      { symbol: rows.longCall.call.symbol, action: "buy" },
    ],
  });
  assert.deepEqual([of.strategy, of.symbol, of.expiration, of.exercise], ["iron condor", "SPY", expiration, "american"]);
  for (const leg of of.legs) {
    near(leg.price, (leg.bid + leg.ask) / 2, 1e-9);
    assert.deepEqual([leg.price_source, leg.iv_source], ["mid", "chain"]);
    assert.ok(leg.p_touch >= leg.p_itm && leg.iv > 1 && leg.iv < 300);
  }
  const sum = (pick) => of.legs.reduce((all, leg) => all - 100 * leg.quantity * pick(leg), 0);
  near(of.net_credit, sum(({ price: paid }) => paid), 0.01);
  near(of.natural_credit, sum(({ quantity, bid, ask }) => (quantity < 0 ? bid : ask)), 0.01);
  const width = 100 * Math.max(rows.shortPut.strike - rows.longPut.strike, rows.longCall.strike - rows.shortCall.strike);
  near(of.max_profit, of.net_credit, 0.01);
  near(of.max_loss, width - of.net_credit, 0.02);
  near(of.margin.buying_power, width - of.net_credit, 0.02);
  assert.equal(of.break_evens.length, 2);
  near(of.greeks.delta, of.legs.reduce((all, leg) => all + 100 * leg.quantity * leg.delta, 0), 0.01);
  const { by_volatility: move, straddle, straddle_85: scaled, weighted } = of.expected_move;
  near(straddle / move, 0.8, 0.15);
  near(scaled, 0.85 * straddle, 0.02);
  assert.ok(weighted < straddle && weighted > 0.5 * straddle);
  assert.deepEqual(of.scenarios.moves, [-2, -1, -0.5, 0, 0.5, 1, 2]);
  assert.equal(of.scenarios.rows.length, 7);
  assert.equal(ruled(of, "tested").length, 2);
  assert.ok(of.summary.headline.includes("iron condor on SPY") && of.summary.case_against.length > 0 && of.summary.would_change.length > 0);
  for (const part of ["iron condor on SPY", "max loss", "Expected move", "Profit at", of.disclaimer]) assert.ok(of.text.includes(part), part);
});

test("3: shares with it", async () => {
  const { expiration, strikes, price } = await chain("KO");
  const strike = strikes.find((of) => of.strike > price * 1.02).strike;
  const of = await analyze({ symbol: "KO", shares: 100, sharePrice: 50, legs: [{ side: "C", strike, expiration, action: "SELL", price: "0.75" }] });
  assert.deepEqual([of.strategy, of.shares, of.share_price, of.net_credit], ["covered call", 100, 50, 75]);
  near(of.max_profit, 100 * (strike - 50) + 75, 0.01);
  near(of.max_loss, 4925, 0.01);
  near(of.break_evens[0].price, 49.25, 0.01);
  near(of.returns.if_called, (100 * (strike - 50 + 0.75)) / 50, 0.01);
  near(of.returns.static_return, 75 / of.underlying_price, 0.01);
  assert.equal(typeof of.events.ex_dividend_within, "boolean");
  assert.equal(of.summary.case_against.some((line) => line.includes("ex dividend")), of.events.ex_dividend_within);
});

test("4: two expirations, an index, a future", async () => {
  const { available_expirations: all, underlying_price: price, expirations: [{ strikes }] } = await mcp.ok("get_option_chain", { symbol: "AAPL" });
  const monthly = all.filter(({ kind, standard, dte }) => kind === "Regular" && standard && dte > 10);
  const { strike } = strikes.toSorted((a, b) => Math.abs(a.strike - price) - Math.abs(b.strike - price))[0];
  const leg = (expiration, action) => ({ side: "call", strike, expiration, action });
  const calendar = await analyze({ symbol: "AAPL", legs: [leg(monthly[0].expiration, "sell"), leg(monthly[1].expiration, "buy")] });
  assert.deepEqual([calendar.strategy, calendar.dte, calendar.scenarios.rows.length], ["calendar spread", monthly[0].dte, 9]);
  assert.ok(calendar.net_credit < 0 && calendar.max_profit > 0);
  near(calendar.max_loss, -calendar.net_credit, 0.05 * -calendar.net_credit);
  assert.ok(calendar.notes.some((note) => note.includes("expire at different times")));

  const spx = await chain("SPX");
  const put = spx.strikes.findLast((of) => of.strike < spx.price * 0.99).put;
  const index = await analyze({ legs: [{ symbol: put.symbol, action: "sell" }] });
  assert.deepEqual([index.symbol, index.strategy, index.exercise, ruled(index, "assignment").length], ["SPX", "short put", "european", 0]);
  assert.match(index.fees.note, /proprietary fee/);
  near(index.margin.cash_secured, 100 * index.legs[0].strike - index.net_credit, 0.02);

  const es = await chain("/ES");
  const future = await analyze({ symbol: "/ES", legs: [{ side: "put", strike: es.strikes[5].strike, expiration: es.expiration, action: "buy" }] });
  assert.deepEqual([future.strategy, future.margin.buying_power, future.fees.open], ["long put", null, null]);
  assert.match(future.margin.note, /SPAN/);
  near(future.max_loss, -future.net_credit, 0.01);
});

test("5: it is kept", async () => {
  const { expiration, strikes } = await chain("KO");
  const { analysis_id: id } = await analyze({ symbol: "KO", legs: [{ side: "put", strike: strikes[2].strike, expiration, quantity: -1 }] });
  assert.match(id, /^[\w-]{16,}$/);
  await poll("the analysis is listed", async () => {
    const { body } = await mcp.request("resources/read", { uri: "history://analyses" });
    return body.result?.contents[0].text.includes(id);
  });
});

test("6: what cannot be served", async () => {
  const { expiration, strikes } = await chain("AAPL");
  const leg = { side: "put", strike: strikes[3].strike, expiration, action: "sell" };
  for (const [legs, argument, message] of [
    [[], "legs", /send 1 to 8/],
    [Array(9).fill(leg), "legs", /holds 9 options/],
    [[{ ...leg, strike: strikes[3].strike + 0.01 }], "legs[0].strike", /has no strike of .* The nearest: .*\d/],
    [[leg, { ...leg, expiration: "2031-01-01" }], "legs[1].expiration", /no options that expire on 2031-01-01\. The nearest days: \d{4}-/],
    [[{ ...leg, action: undefined }], "legs[0].action", /send buy or sell/],
    [[{ ...leg, action: "hold" }], "legs[0].action", /./],
    [[{ symbol: "AAPL", action: "sell" }], "legs[0].symbol", /is no option/],
    [[{ symbol: "KO 271217C70", action: "sell" }], "symbol", /options on KO/],
  ]) {
    const error = await refused({ symbol: "AAPL", legs });
    assert.deepEqual([error.code, error.details.argument], ["VALIDATION_ERROR", argument], JSON.stringify(error));
    assert.match(error.message, message);
  }
  const { details } = await refused({ symbol: "AAPL", legs: [{ ...leg, strike: strikes[3].strike + 0.01 }] });
  assert.ok(details.strikes.length === 4 && details.strikes.map(Number).includes(strikes[3].strike), JSON.stringify(details));
  assert.equal((await refused({ symbol: "NOSUCH", legs: [leg] })).code, "NOT_FOUND");
});

test("7: the scope", async () => {
  const { token: narrow } = await login(stack, { scopes: ["market:read"] });
  const { status } = await client(stack, narrow).request("tools/call", { name: "analyze_strategy", arguments: { symbol: "AAPL", legs: [{ symbol: "AAPL 271217C200", action: "buy" }] } });
  assert.equal(status, 403);
});
