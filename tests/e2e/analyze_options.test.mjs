// analyze_options and find_opportunities. Cases:
//  1. a cash-secured put: every figure follows, recomputed here, from its bid and ask, strike, days, volatility and the answer's rate
//  2. its quotes are those of get_option_chain, and the analysis is kept in history://analyses
//  3. each strategy: limits, widths, break-evens, order, score and parts, a short text, one disclaimer, and no orders
//  4. covered calls use the user's shares and what they cost; without account:read, today's price, and a note
//  5. a chart moves a part of the score, and is cited
//  6. filters: what is asked for holds, what is left out is counted, nothing left is an answer
//  7. other days, one expiration, a window without options
//  8. find_opportunities: symbols with how it went for each, the user's watchlist, the bound
//  9. arguments that mean nothing: VALIDATION_ERROR that names the argument; a token without analysis:run: 403
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { login } from "../lib/login.mjs";
import { forgetChains, forgetQuotes, openMarket } from "../lib/market.mjs";
import { client, modern, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
await openMarket(sim);
await Promise.all([forgetChains(stack), forgetQuotes(stack)]);
const { token } = await login(stack);
const mcp = client(stack, token);

beforeEach(() => sim.clear());

const near = (got, expected, what, slack = 0.006) => assert.ok(Math.abs(got - expected) <= slack, `${what}: ${got} is not ${expected}`);
const sum = (values) => values.reduce((total, value) => total + value, 0);
/** Nobody is told what to do. */
const ORDERS = /(^|[.;:] )(sell|buy|close|roll|open(?! interest)|avoid|consider|wait|hold|take|reduce|hedge) |you (should|must|need)|recommend/im;

/** The share of the normal distribution below x, by its series around 0 or its fraction in the tail: twelve digits. */
function normal(x) {
  const size = Math.abs(x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  let tail;
  if (size < 3) {
    let [term, total] = [size, size];
    for (let n = 1; n < 80; n += 1) total += term *= (size * size) / (2 * n + 1);
    tail = 0.5 - density * total;
  } else {
    let fraction = size;
    for (let n = 60; n > 0; n -= 1) fraction = size + n / fraction;
    tail = density / fraction;
  }
  return x > 0 ? 1 - tail : tail;
}

async function analysis(args, by = mcp) {
  const result = await by.call("analyze_options", args);
  assert.ok(!result.isError, JSON.stringify(result).slice(0, 1500));
  const [{ text }] = result.content;
  assert.ok(text.length < 4500, `${text.length}\n${text}`);
  assert.doesNotMatch(text.replace(/csp|covered_call/g, ""), ORDERS);
  assert.equal(text.split(result.structuredContent.disclaimer).length, 2, text);
  return { ...result.structuredContent, text };
}

/** Four in the afternoon in New York, in winter or in summer; one on the days before Independence Day and Christmas and after Thanksgiving. */
function close(day) {
  const noon = new Date(`${day}T12:00:00Z`);
  const hour = Number(new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", hour: "numeric", hourCycle: "h23" }).format(noon));
  const thanksgiving = 22 + ((4 - new Date(`${day.slice(0, 4)}-11-22T12:00:00Z`).getUTCDay() + 7) % 7);
  const isHalf = ["07-03", "12-24", `11-${thanksgiving + 1}`].includes(day.slice(5));
  return Date.parse(`${day}T${(isHalf ? 13 : 16) + 12 - hour}:00:00Z`);
}

test("1: a cash-secured put, recomputed", async () => {
  const answer = await analysis({ symbol: "AAPL", max_spread_percent: 100, min_annualised_return: 0 });
  const { underlying_price: spot, risk_free_rate: percent, candidates: [best], expirations, as_of: asOf } = answer;
  assert.deepEqual([answer.symbol, answer.strategy, best.strategy], ["AAPL", "csp", "csp"]);
  const [put] = best.legs;
  const at = expirations.find(({ expiration }) => expiration === best.expiration);
  assert.ok(best.dte >= 20 && best.dte <= 65 && put.position === "short" && put.side === "put" && put.strike < spot);
  assert.equal(put.symbol, `AAPL  ${best.expiration.slice(2).replaceAll("-", "")}P${String(put.strike * 1000).padStart(8, "0")}`);

  const credit = (put.bid + put.ask) / 2;
  near(best.credit, credit, "credit", 1e-4);
  near(best.credit_at_worst, put.bid, "credit at worst", 1e-4);
  // $1 commission, 10 cents clearing, the regulators' fees: 0.0269 a contract, 0.00329 and 0.0000206 of the proceeds for a sale.
  const fees = 1 + 0.1 + 0.0269 + 0.00329 + 0.0000206 * credit * 100;
  near(best.fees, fees, "fees");
  near(best.max_profit, credit * 100 - fees, "max profit");
  near(best.max_loss, (put.strike - credit) * 100 + fees, "max loss");
  const even = put.strike - credit + fees / 100;
  assert.equal(best.break_evens.length, 1);
  near(best.break_evens[0], even, "break-even", 1e-3);
  near(best.cushion_percent, ((spot - even) / spot) * 100, "cushion");
  near(best.otm_percent, ((spot - put.strike) / spot) * 100, "out of the money");
  near(best.collateral, (put.strike - credit) * 100, "collateral");
  near(best.return_on_collateral, ((credit * 100 - fees) / best.collateral) * 100, "return");
  const years = (close(best.expiration) - Date.parse(asOf)) / 86_400_000 / 365;
  near(best.annualised_return, best.return_on_collateral / years, "annualised", 0.15);

  const [rate, yields, volatility] = [percent / 100, at.implied_yield / 100, best.volatility / 100];
  near(best.volatility, put.iv, "volatility");
  const swing = volatility * Math.sqrt(years);
  const below = (level) => normal((Math.log(level / spot) - (rate - yields - (volatility * volatility) / 2) * years) / swing);
  near(best.pop, (1 - below(even)) * 100, "probability of profit", 0.05);
  near(best.p_itm, below(put.strike) * 100, "probability in the money", 0.05);
  // By reflection at the strike.
  const [ahead, drift] = [Math.log(spot / put.strike), -(rate - yields - (volatility * volatility) / 2)];
  const touch = normal((drift * years - ahead) / swing) + Math.exp((2 * drift * ahead) / volatility ** 2) * normal((-ahead - drift * years) / swing);
  near(best.p_touch, touch * 100, "probability of a touch", 0.1);
  near(best.expected_move, spot * (at.iv / 100) * Math.sqrt(years), "expected move", 0.03);
  near(best.strike_in_moves, (spot - put.strike) / best.expected_move, "in moves", 0.002);
  // What the put pays on average is the price of Black's formula, without discount.
  const paid = (sigma) => {
    const [forward, width] = [spot * Math.exp((rate - yields) * years), sigma * Math.sqrt(years)];
    const up = Math.log(forward / put.strike) / width + width / 2;
    return put.strike * normal(width - up) - forward * normal(-up);
  };
  near(best.ev, (credit - paid(volatility)) * 100 - fees, "expected profit", 0.5);
  near(best.ev_at_hv, (credit - paid(answer.hv_30_day / 100)) * 100 - fees, "expected profit at the historical volatility", 0.5);
  near(best.delta, -100 * put.delta, "delta", 0.01);
  assert.ok(best.theta > 0 && best.vega < 0 && best.gamma < 0);
  near(best.theta_of_collateral, (best.theta / best.collateral) * 100, "theta of collateral", 1e-3);
  near(best.spread_percent, ((put.ask - put.bid) / credit) * 100, "spread");
  const weights = sum(best.parts.map(({ weight }) => weight));
  near(best.score, (100 * sum(best.parts.map(({ value, weight }) => value * weight))) / weights, "score", 0.1);
  assert.ok(best.past_periods > 300 && best.past_losses >= 0 && best.past_losses <= 100, JSON.stringify(best));
});

test("2: the chain's quotes, and the history", async () => {
  const { candidates: [best], analysis_id: id } = await analysis({ symbol: "AAPL" });
  const [{ strike, bid, ask, iv }] = best.legs;
  const chain = await mcp.ok("get_option_chain", { symbol: "AAPL", expiration: best.expiration, side: "put", strikes: 60, format: "rows" });
  const row = chain.expirations[0].strikes.find((one) => one.strike === strike).put;
  // The market moves between two calls unless the second is served from the cache.
  near(bid, row.bid, "bid", 0.1 * row.bid + 0.1);
  near(ask, row.ask, "ask", 0.1 * row.ask + 0.1);
  near(iv, row.iv, "iv", 3);
  const { body } = await mcp.request("resources/read", { uri: "history://analyses" });
  const { analyses } = JSON.parse(body.result.contents[0].text);
  assert.ok(analyses.some((one) => JSON.stringify(one).includes(id)), JSON.stringify(analyses).slice(0, 600));
});

test("3: every strategy on several underlyings", async () => {
  for (const [symbol, strategy] of [["SPY", "csp"], ["AAPL", "spread"], ["NVDA", "spread"], ["SPY", "iron_condor"], ["TSLA", "iron_condor"], ["AMD", "strangle"], ["MSFT", "covered_call"], ["SPX", "put_spread"]]) {
    const answer = await analysis({ symbol, strategy, max_spread_percent: 100, min_open_interest: 0, limit: 10 });
    assert.ok(answer.candidates.length > 0 && answer.candidates.length <= 10 && answer.passed >= answer.candidates.length, `${symbol} ${strategy} ${JSON.stringify(answer.left_out)}`);
    assert.ok(answer.summary.headline.includes(symbol) && answer.summary.would_change.length > 0);
    assert.ok(answer.summary.case_for.length + answer.summary.case_against.length >= 3, JSON.stringify(answer.summary));
    assert.deepEqual(answer.candidates.map(({ score }) => score), answer.candidates.map(({ score }) => score).toSorted((a, b) => b - a));
    for (const one of answer.candidates) {
      const what = `${symbol} ${JSON.stringify(one)}`;
      const [short, long] = ["short", "long"].map((position) => one.legs.filter((leg) => leg.position === position));
      near(one.credit, sum(short.map(({ bid, ask }) => (bid + ask) / 2)) - sum(long.map(({ bid, ask }) => (bid + ask) / 2)), what, 1e-3);
      for (const percent of [one.pop, one.p_itm, one.p_touch]) assert.ok(percent >= 0 && percent <= 100, what);
      assert.ok(one.collateral > 0 && one.fees > 0 && one.score >= 0 && one.score <= 100, what);
      assert.ok(one.parts.every(({ value, weight, reason }) => value >= 0 && value <= 1 && weight > 0 && reason.length > 5), what);
      if (long.length) {
        const widths = short.map((leg) => Math.abs(leg.strike - long.find(({ side }) => side === leg.side).strike));
        near(one.width, Math.max(...widths), what, 1e-6);
        near(one.max_loss, (one.width - one.credit) * 100 + one.fees, what, 0.02);
        near(one.credit_of_width, (one.credit / one.width) * 100, what, 0.02);
      }
      // A condor's credit may be more than its narrower wing, so that it cannot lose there.
      assert.ok(one.break_evens.length === (["iron_condor", "strangle"].includes(one.strategy) ? 2 : 1) || (one.strategy === "iron_condor" && one.break_evens.length === 1), what);
      assert.equal(one.max_loss === null, one.strategy === "strangle", what);
      assert.equal(one.flags.includes("earnings"), answer.expirations.find(({ expiration }) => expiration === one.expiration).earnings, what);
    }
    if (strategy === "spread") assert.ok(new Set(answer.candidates.map((one) => one.strategy)).size >= 1);
  }
});

test("4: covered calls on the user's shares", async () => {
  const { positions } = await mcp.ok("get_positions", { account: "all", underlying: "AAPL" });
  const shares = positions.filter((row) => row.instrument_type === "Equity" && row.quantity_direction === "Long");
  const count = sum(shares.map(({ quantity }) => quantity));
  assert.ok(count >= 100, JSON.stringify(positions));
  const cost = sum(shares.map(({ quantity, average_open_price: price }) => quantity * price)) / count;
  const open = { symbol: "AAPL", strategy: "covered_call", max_spread_percent: 100, min_open_interest: 0, min_annualised_return: 0 };
  const answer = await analysis(open);
  assert.equal(answer.holding.shares, count);
  near(answer.holding.cost_basis, cost, "cost basis", 1e-6);
  for (const { legs: [call], ...one } of answer.candidates) {
    near(one.cost_basis, cost, "cost basis", 1e-3);
    assert.ok(call.side === "call" && call.strike >= cost);
    near(one.if_called_return, ((call.strike - cost + one.credit) / cost) * 100, "if called", 0.01);
    near(one.break_evens[0], cost - one.credit + one.fees / 100, "break-even", 1e-3);
    near(one.collateral, answer.underlying_price * 100, "collateral", 0.5);
  }
  const narrow = await login(stack, { scopes: ["market:read", "analysis:run"] });
  const other = await analysis(open, client(stack, narrow.token));
  assert.deepEqual([other.holding, other.candidates[0].cost_basis], [null, other.underlying_price]);
  assert.ok(other.notes.some((note) => note.includes("cost basis")), JSON.stringify(other.notes));
  const given = await analysis({ ...open, cost_basis: (other.underlying_price * 0.9).toFixed(2) }, client(stack, narrow.token));
  near(given.candidates[0].cost_basis, other.underlying_price * 0.9, "given", 1e-2);
});

test("5: a chart moves the score", async () => {
  const open = { symbol: "AAPL", max_spread_percent: 100, min_open_interest: 0, limit: 1 };
  const plain = await analysis(open);
  assert.ok(!plain.candidates[0].parts.some(({ part }) => part === "chart"));
  const spot = plain.underlying_price;
  const chart = async (context) => {
    const answer = await analysis({ ...open, chart_context: context });
    return { ...answer.candidates[0].parts.find(({ part }) => part === "chart"), answer };
  };
  const support = Math.round(spot * 99.5) / 100;
  const good = await chart({ supports: [support], trend: "up" });
  const bad = await chart({ supports: [spot * 0.4], trend: "down" });
  assert.deepEqual([good.value, bad.value], [1, 0]);
  assert.ok(good.reason.includes(String(support)) && good.reason.includes("trend up"), good.reason);
  assert.ok(good.answer.candidates[0].score > bad.answer.candidates[0].score);
  assert.ok(good.answer.summary.case_for.some((line) => line.includes(`Support at ${support}`)), JSON.stringify(good.answer.summary));
  assert.ok(bad.answer.summary.case_against.some((line) => line.includes("trend is down")), JSON.stringify(bad.answer.summary));
  const read = await mcp.ok("analyze_chart", { symbol: "AAPL" });
  const cited = await chart(read.chart_context);
  assert.ok(cited.answer.candidates.length === 1);
});

test("6: filters hold, and are counted", async () => {
  const filters = { min_delta: 10, max_delta: "0.2", max_spread_percent: 100, min_open_interest: 0, min_annualised_return: 0, min_otm: 3 };
  const answer = await analysis({ symbol: "SPY", ...filters, limit: 10 });
  for (const one of answer.candidates) {
    const delta = Math.abs(one.legs[0].delta);
    assert.ok(delta >= 0.0995 && delta <= 0.2005 && one.otm_percent >= 3, JSON.stringify(one));
  }
  assert.deepEqual([answer.filters.min_delta, answer.filters.max_delta, answer.filters.min_otm, answer.filters.earnings], [0.1, 0.2, 3, "flag"]);
  assert.equal(answer.passed + sum(answer.left_out.map(({ count }) => count)), answer.considered);
  const none = await analysis({ symbol: "SPY", min_open_interest: 100_000_000, min_credit: 0 });
  assert.deepEqual([none.candidates, none.passed], [[], 0]);
  assert.ok(none.left_out.some(({ filter }) => filter === "open_interest"), JSON.stringify(none.left_out));
  assert.match(none.summary.headline, /^No cash-secured put on SPY passes/);
});

test("7: other days", async () => {
  const { candidates, expirations } = await analysis({ symbol: "SPY", min_dte: 5, max_dte: 20, max_spread_percent: 100, min_annualised_return: 0 });
  assert.ok(expirations.length >= 1 && expirations.length <= 4 && expirations.every(({ dte }) => dte >= 5 && dte <= 20), JSON.stringify(expirations));
  const [{ expiration }] = expirations;
  const one = await analysis({ symbol: "SPY", expiration, max_spread_percent: 100 });
  assert.deepEqual(one.expirations.map((each) => each.expiration), [expiration]);
  assert.ok(candidates.length > 0);
  const error = await mcp.error("analyze_options", { symbol: "SPY", min_dte: 3990, max_dte: 4000 });
  assert.ok(error.details.argument === "min_dte" && error.details.expirations.length > 0, JSON.stringify(error));
});

test("8: over several symbols", async () => {
  const open = { max_spread_percent: 100, min_open_interest: 0, min_annualised_return: 0 };
  const result = await mcp.call("find_opportunities", { ...open, symbols: "SPY, AAPL, KO, ZZZZQ", earnings: "flag", limit: 4 });
  assert.ok(!result.isError, JSON.stringify(result).slice(0, 1500));
  const answer = result.structuredContent;
  const states = Object.fromEntries(answer.symbols.map(({ symbol, status }) => [symbol, status]));
  assert.deepEqual([states.ZZZZQ, Object.keys(states).length], ["failed", 4]);
  assert.ok(["SPY", "AAPL", "KO"].every((symbol) => ["found", "nothing_passed"].includes(states[symbol])), JSON.stringify(answer.symbols));
  assert.ok(answer.opportunities.length > 0 && answer.opportunities.length <= 4);
  const scores = answer.opportunities.map(({ candidate }) => candidate.score);
  assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
  assert.ok(answer.opportunities.every(({ symbol, candidate }) => states[symbol] === "found" && candidate.strategy === "csp" && candidate.parts.length > 4));
  assert.doesNotMatch(result.content[0].text, ORDERS);
  assert.ok(result.content[0].text.length < 6000 && result.content[0].text.includes(answer.disclaimer));

  const { watchlists } = await mcp.ok("get_watchlists", {});
  const list = watchlists.find(({ entries }) => entries.length > 0);
  const listed = await mcp.ok("find_opportunities", { ...open, watchlist: list.name, strategy: "put_spread", limit: 3 });
  assert.equal(listed.universe, `watchlist ${list.name}`);
  assert.ok(listed.symbols.length > 0 && listed.symbols.filter(({ status }) => status !== "not_scanned").length <= 10, JSON.stringify(listed.symbols));
  assert.ok(listed.opportunities.every(({ candidate }) => !candidate.flags.includes("earnings")));
  // Without account:read a user's own list is none.
  const narrow = await login(stack, { scopes: ["market:read", "analysis:run"] });
  assert.equal((await client(stack, narrow.token).error("find_opportunities", { watchlist: list.name })).code, "NOT_FOUND");
  const unknown = await mcp.error("find_opportunities", { watchlist: "no such list" });
  assert.deepEqual([unknown.code, unknown.details.argument], ["NOT_FOUND", "watchlist"]);
});

test("9: what means nothing is named", async () => {
  for (const [tool, args, argument] of [
    ["analyze_options", { symbol: "AAPL", limit: 11 }, "limit"],
    ["analyze_options", { symbol: "AAPL", min_dte: 40, max_dte: 30 }, "min_dte"],
    ["analyze_options", { symbol: "AAPL", expiration: "soon" }, "expiration"],
    ["analyze_options", { symbol: "/ES" }, "symbol"],
    ["analyze_options", { symbol: "AAPL", chart_context: { trend: "purple" } }, "chart_context"],
    ["find_opportunities", { symbols: ["AAPL"], watchlist: "mine" }, "symbols"],
    ["find_opportunities", { symbols: Array.from({ length: 51 }, (_, at) => `A${at}`) }, "symbols"],
  ]) {
    const { code, details } = await mcp.error(tool, args);
    assert.deepEqual([code, details.argument], ["VALIDATION_ERROR", argument], JSON.stringify(args));
  }
  const narrow = await login(stack, { scopes: ["market:read", "account:read"] });
  for (const name of ["analyze_options", "find_opportunities"]) {
    const { message, headers } = modern("tools/call", { name, arguments: { symbol: "AAPL" } });
    const refused = await post(`${stack.url}/mcp`, message, { token: narrow.token, headers });
    assert.equal(refused.status, 403, name);
    assert.match(refused.headers.get("www-authenticate"), /scope="analysis:run"/, name);
  }
});
