// analyze_portfolio on the accounts of the simulator's trader. Cases:
//  1. every position is in one strategy, and the strategies are those that the accounts were made of
//  2. each mark is flagged for the positions that get_positions says have reached it, and for no others
//  3. the figures are those that follow from get_positions, get_balances, get_market_metrics and get_quote, worked out here
//  4. stress: nothing changes where nothing moves; the worst is the worst
//  5. rolls are for a net credit that get_option_chain's quotes give, later, at no worse a strike
//  6. the text is short, says what presses first, and carries the disclaimer once
//  7. it is kept: history://analyses and history://analyses/portfolio have it, and whoever listens is told
//  8. one account narrows it; somebody else's is none; both scopes are needed
//  9. TastyTrade does not answer: rows of the last sync that say so, and what is missing with its reasons
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { client, modern } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { open } from "../lib/sse.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
// The market stands still, so that answers can be compared.
await sim.clock({ now: new Date().toISOString(), frozen: true });

const { token } = await login(stack);
const mcp = client(stack, token);
const theirs = client(stack, (await login(stack, { user: "second" })).token);

const synced = (user) => poll(`the first sync of ${user}`, async () => (await d1(stack, "SELECT 1 FROM users WHERE id = ?1 AND synced_at IS NOT NULL", [user])).length > 0);
before(() => Promise.all([synced(EXTERNAL_IDS.trader), synced(EXTERNAL_IDS.second)]));
beforeEach(() => sim.clear());

const near = (got, expected, what, tolerance = 0.011) => assert.ok(Math.abs(got - expected) <= tolerance, `${what}: ${got} is not ${expected}`);
const sum = (list) => list.reduce((total, value) => total + value, 0);
const texts = ({ content }) => content.map(({ text }) => text).join("\n");

async function called(name, args, from = mcp) {
  const result = await from.call(name, args);
  assert.ok(!result.isError, JSON.stringify(result));
  assert.doesNotMatch(JSON.stringify(result), /5WX\d/, name);
  return { ...result.structuredContent, text: texts(result) };
}

// One reading for most of the cases: asked twice, since what is streamed first may be late.
let analysis;
let positions;
before(async () => {
  await poll("all greeks", async () => {
    ({ positions } = await called("get_positions", { account: "all" }));
    analysis = await called("analyze_portfolio", { account: "all" });
    return positions.every((row) => row.position_delta !== null) && analysis.greeks.beta_weighted_delta !== null;
  }, { within: 60_000 });
});

const sign = (row) => (row.quantity_direction === "Short" ? -1 : 1);
/** The positions that a strategy is made of. */
const legsOf = (strategy) => strategy.legs.map((leg) => positions.find((row) => row.account === strategy.account && leg.endsWith(` ${row.description}`)));
const flags = (strategy) => analysis.attention.find((one) => one.account === strategy.account && one.legs.join() === strategy.legs.join())?.reasons.map(({ code }) => code) ?? [];
const SOLD = ["covered call", "short put", "short call", "put credit spread", "call credit spread", "iron condor", "iron butterfly", "short strangle", "short straddle"];

test("1: strategies", () => {
  const held = new Map(positions.map((row) => [`${row.account} ${row.description}`, 0]));
  for (const strategy of analysis.strategies) {
    for (const leg of strategy.legs) {
      const [quantity, ...description] = leg.split(" ");
      const key = `${strategy.account} ${description.join(" ")}`;
      held.set(key, held.get(key) + Number(quantity));
    }
  }
  for (const row of positions) near(held.get(`${row.account} ${row.description}`), sign(row) * row.quantity, row.symbol, 1e-6);
  const of = (underlying) => analysis.strategies.filter((row) => row.underlying === underlying && row.account === "••••0001").map(({ strategy }) => strategy);
  assert.deepEqual(of("AAPL").sort(), ["covered call", "shares"]);
  assert.deepEqual(of("QQQ"), ["short strangle"]);
  assert.ok(of("SPY").length > 0 && of("SPY").every((name) => name === "put credit spread"), String(of("SPY")));
  assert.deepEqual(of("TSLA").filter((name) => name === "shares"), ["shares"]);
  assert.deepEqual(analysis.strategies.filter(({ underlying }) => underlying === "KO").map(({ strategy, quantity }) => [strategy, quantity]), [["covered call", 4]]);
});

test("2: marks", () => {
  for (const strategy of analysis.strategies) {
    const legs = legsOf(strategy);
    const options = legs.filter((row) => row.option_type);
    const what = `${strategy.underlying} ${strategy.strategy}`;
    const got = flags(strategy);
    const expects = (code, expected) => assert.equal(got.includes(code), expected, `${what}: ${code} in ${got}`);
    expects("tested", options.some((row) => row.is_tested));
    const dte = options.length ? Math.min(...options.map((row) => row.dte)) : Infinity;
    expects("expiring", dte <= 7);
    expects("days_21", dte > 7 && dte <= 21 && SOLD.includes(strategy.strategy));
    if (!SOLD.includes(strategy.strategy)) {
      assert.equal(strategy.percent_of_max_profit, null, what);
      expects("profit_target", false);
      continue;
    }
    // A strategy has all of an option, since none is in two of them here.
    const units = (row) => -sign(row) * row.quantity * row.multiplier;
    const credit = sum(options.map((row) => units(row) * row.average_open_price));
    const earned = (100 * (credit - sum(options.map((row) => units(row) * row.mark_price)))) / credit;
    near(strategy.percent_of_max_profit, earned, what, 0.02);
    near(strategy.credit, credit, what);
    if (Math.abs(earned - 50) > 0.02) expects("profit_target", earned > 50);
    if (Math.abs(earned + 200) > 0.05) expects("loss_limit", earned < -200);
  }
  const codes = analysis.attention.flatMap(({ reasons }) => reasons.map(({ code }) => code));
  for (const code of ["tested", "expiring", "profit_target"]) assert.ok(codes.includes(code), `nothing is ${code}`);
  for (const { reasons, urgency } of analysis.attention) {
    assert.ok(reasons.length > 0 && reasons.every(({ fact }) => /\d/.test(fact) && fact.endsWith(".")), JSON.stringify(reasons));
    assert.equal(urgency, reasons[0].urgency);
  }
  const order = analysis.attention.map(({ urgency }) => ["high", "medium", "low"].indexOf(urgency));
  assert.deepEqual(order, order.toSorted());
  const tested = analysis.attention.find(({ reasons }) => reasons.some(({ code }) => code === "tested"));
  const [leg] = legsOf(tested).filter((row) => row.is_tested);
  assert.match(tested.reasons.find(({ code }) => code === "tested").fact, new RegExp(`^The strike ${leg.strike} is .* in the money at `));
});

test("3: figures by hand", async () => {
  const symbols = [...new Set(positions.map((row) => row.underlying_symbol))];
  const [{ metrics }, { quotes: [spy] }, { balances, total_net_liquidating_value: worth }] = await Promise.all([called("get_market_metrics", { symbols }), called("get_quote", { symbol: "SPY" }), called("get_balances", { account: "all" })]);
  const beta = (symbol) => (symbol === "SPY" ? 1 : metrics.find((row) => row.symbol === symbol)?.beta ?? null);
  let delta = 0;
  for (const row of analysis.underlyings) {
    const own = positions.filter((position) => position.underlying_symbol === row.symbol);
    near(row.unrealized_pnl, sum(own.map((position) => position.unrealized_pnl)), row.symbol);
    near(row.day_pnl, sum(own.map((position) => position.day_pnl)), row.symbol);
    near(row.market_value, sum(own.map((position) => position.mark)), row.symbol);
    if (beta(row.symbol) === null) {
      assert.equal(row.beta_weighted_delta, null, row.symbol);
      continue;
    }
    const weighted = (sum(own.map((position) => position.position_delta)) * beta(row.symbol) * own[0].underlying_price) / spy.mark;
    near(row.beta_weighted_delta, weighted, `${row.symbol}: delta in SPY`, 0.05);
    delta += weighted;
  }
  const { greeks } = analysis;
  near(greeks.spy_price, spy.mark, "SPY");
  near(greeks.beta_weighted_delta, delta, "beta-weighted delta", 0.2);
  near(greeks.beta_weighted_delta_percent, (100 * delta) / worth, "of net liq", 0.001);
  near(greeks.theta, sum(positions.map((row) => row.position_theta)), "theta", 0.5);
  near(greeks.theta_percent, (100 * greeks.theta) / worth, "theta in percent", 0.0002);
  near(greeks.vega, sum(positions.map((row) => row.position_vega)), "vega", 0.5);
  near(analysis.worth.net_liquidating_value, worth, "net liq");
  near(analysis.worth.used_buying_power_percent, (100 * sum(balances.map((row) => row.used_derivative_buying_power))) / worth, "buying power", 0.02);
  near(analysis.worth.unrealized_pnl, sum(analysis.strategies.map((row) => row.unrealized_pnl)), "profit", 0.2);
  assert.ok(analysis.worth.vix > 5 && [25, 30, 35, 40, 50].includes(analysis.worth.usual_buying_power_percent));
  near(sum(analysis.sectors.map((row) => row.buying_power)), sum(analysis.underlyings.map((row) => row.buying_power)), "sectors", 0.2);
  assert.ok(analysis.sectors.some(({ sector }) => sector === "Technology"), JSON.stringify(analysis.sectors));
  const covered = analysis.strategies.find(({ strategy }) => strategy === "covered call");
  const [call, shares] = [legsOf(covered).find((row) => row.option_type), legsOf(covered).find((row) => !row.option_type)];
  near(covered.max_profit, 100 * covered.quantity * (call.strike - shares.average_open_price + call.average_open_price), "called away", 0.5);
  near(covered.max_loss, -100 * covered.quantity * (shares.average_open_price - call.average_open_price), "worthless", 0.5);
});

test("4: stress", () => {
  const { spot_percent: spots, volatility_points: points, change, worst_percent: worst } = analysis.stress;
  assert.equal(change.length, points.length);
  assert.ok(change.every((row) => row.length === spots.length));
  near(change[points.indexOf(0)][spots.indexOf(0)], 0, "where nothing moves", 0);
  assert.ok(analysis.greeks.vega < 0 && change[points.indexOf(10)][spots.indexOf(0)] < 0, "what is short of volatility loses with it");
  near(worst, (100 * Math.min(...change.flat())) / analysis.worth.net_liquidating_value, "the worst", 0.02);
  // A small move is about what the delta says: 5 % of SPY are so many dollars.
  const expected = analysis.greeks.beta_weighted_delta * analysis.greeks.spy_price * 0.05;
  assert.ok(Math.abs(change[points.indexOf(0)][spots.indexOf(5)]) < 2 * Math.abs(expected) + 1000, `${change[points.indexOf(0)]} ${expected}`);
});

test("5: rolls", async () => {
  const rolled = analysis.attention.filter(({ rolls = [] }) => rolls.length > 0);
  assert.ok(rolled.length > 0, "nothing can be rolled for a credit");
  let checked = 0;
  for (const one of rolled) {
    const legs = legsOf(one).filter((row) => row.option_type);
    for (const roll of one.rolls) {
      assert.ok(roll.net_credit > 0 && legs.every((row) => roll.expiration > row.expiration), JSON.stringify(roll));
      if (legs.length > 1) {
        assert.deepEqual(roll.strikes.toSorted(), legs.map((row) => row.strike).toSorted());
        continue;
      }
      const [leg] = legs;
      assert.ok(leg.option_type === "P" ? roll.strikes[0] <= leg.strike : roll.strikes[0] >= leg.strike, JSON.stringify(roll));
      const side = leg.option_type === "P" ? "put" : "call";
      const chain = await called("get_option_chain", { symbol: one.underlying, expiration: roll.expiration, strikes: 0, side });
      // Large answers come as columns.
      const [expiration] = chain.expirations;
      const quotes = expiration.strikes?.find(({ strike }) => strike === roll.strikes[0])?.[side];
      if (!quotes) continue;
      near(roll.net_credit, (quotes.bid + quotes.ask) / 2 - leg.mark_price, `${one.underlying} ${roll.expiration}`, 0.011);
      near(roll.break_even, leg.option_type === "P" ? roll.strikes[0] - leg.average_open_price - roll.net_credit : roll.strikes[0] + leg.average_open_price + roll.net_credit, "break-even", 0.02);
      checked += 1;
    }
  }
  assert.ok(checked > 0, "no roll was compared with the chain");
  const without = await called("analyze_portfolio", { account: "all", rolls: false });
  assert.ok(without.attention.every(({ rolls = [] }) => rolls.length === 0));
});

test("6: the text", () => {
  const { text, attention, disclaimer } = analysis;
  assert.ok(Buffer.byteLength(text) <= 4_000, `${text.length}`);
  assert.equal(text.split(disclaimer).length, 2);
  assert.match(text, /^Portfolio of ••••0001 and ••••0002, from TastyTrade, /);
  assert.match(text, /\[HIGH\]/);
  assert.ok(text.includes(attention[0].reasons[0].fact));
  assert.match(text, /If SPY moved at once/);
  assert.doesNotMatch(text, /\b(NaN|undefined|null|inf)\b/);
  assert.match(analysis.summary.headline, /strategies reached a mark/);
  assert.ok(analysis.summary.case_for.length > 0 && analysis.summary.case_against.length > 0 && analysis.summary.would_change.length > 0);
});

const resource = async (uri, from = mcp) => JSON.parse((await from.request("resources/read", { uri })).body.result.contents[0].text);

test("7: it is kept, and whoever listens is told", async () => {
  const made = modern("subscriptions/listen", { notifications: { resourceSubscriptions: ["history://analyses", "history://analyses/portfolio"] } });
  const stream = await open(`${stack.url}/mcp`, { token, message: made.message, headers: made.headers });
  await stream.event("the acknowledgement", () => true);
  const { analysis_id: id, summary, text: _, ...found } = await called("analyze_portfolio", { account: "0002", rolls: false });
  for (const uri of ["history://analyses", "history://analyses/portfolio"]) await stream.event(uri, ({ data }) => data?.method === "notifications/resources/updated" && data.params.uri === uri);
  stream.close();
  const { analyses: [newest] } = await resource("history://analyses");
  assert.deepEqual([newest.id, newest.kind, newest.symbol, newest.headline], [id, "analyze_portfolio", null, summary.headline]);
  const { analyses: [full] } = await resource("history://analyses/portfolio");
  assert.deepEqual(full.result, { analysis_id: id, summary, ...found });
  assert.ok(!JSON.stringify(await resource("history://analyses", theirs)).includes(id), "nothing of it is another user's");
});

test("8: which account, and the scopes", async () => {
  const { accounts, underlyings } = await called("analyze_portfolio", { account: "••••0002", rolls: false });
  assert.deepEqual(accounts, ["••••0002"]);
  assert.deepEqual(underlyings.map(({ symbol }) => symbol).sort(), ["IWM", "KO", "MSFT"]);
  const refused = await theirs.call("analyze_portfolio", { account: "5WX10001" });
  assert.equal(refused.structuredContent.error.reason, "account_not_found");
  for (const scopes of [["market:read", "account:read"], ["market:read", "analysis:run"]]) {
    const { token: limited } = await login(stack, { scopes });
    const { status, headers } = await client(stack, limited).request("tools/call", { name: "analyze_portfolio", arguments: {} });
    assert.equal(status, 403, String(scopes));
    assert.match(headers.get("www-authenticate"), /insufficient_scope.*analysis:run/);
  }
});

test("9: TastyTrade does not answer", async () => {
  for (const path of ["/accounts/*/positions", "/accounts/*/balances", "/accounts/*/balances/*"]) await sim.fault({ path, fault: "500", times: null });
  const late = await called("analyze_portfolio", { account: "0002", rolls: false });
  assert.equal(late.worth.source, "last_sync");
  assert.match(late.text, /NOT LIVE/);
  assert.ok(late.notes.some((note) => note.includes("is not live but as of the last sync")), JSON.stringify(late.notes));
  assert.ok(late.missing.some((line) => line.includes("the position is not live")), JSON.stringify(late.missing));
  assert.equal(late.strategies.length, 3);
  await sim.clear();
  await sim.fault({ path: "/market-metrics", fault: "500", times: null });
  await sim.fault({ path: "/market-data/by-type", fault: "500", times: null });
  const blind = await called("analyze_portfolio", { account: "0002", rolls: false });
  assert.equal(blind.greeks.beta_weighted_delta, null);
  assert.ok(blind.missing.some((line) => line.startsWith("beta-weighted delta")), JSON.stringify(blind.missing));
});
