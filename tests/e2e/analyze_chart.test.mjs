// analyze_chart. Cases:
//  1. it is listed in its group, with hints; without analysis:run it is refused
//  2. stocks, a fund, an index, a future and a coin: figures that agree with the bars and with themselves; compact text
//  3. the readings are those of the bars: averages, volume-weighted price and change, computed here by hand
//  4. daily while the market is open, intraday while it is closed, weekly
//  5. a short history: reasons instead of signals
//  6. the answer is kept among the user's analyses, and nobody else's
//  7. metrics that fail leave the chart, and say what is missing
//  8. its chart_context is taken by analyze_options
//  9. a symbol without bars, arguments that mean nothing, TastyTrade that fails
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { d1, kv } from "../lib/explorer.mjs";
import { login } from "../lib/login.mjs";
import { forgetQuotes, openMarket } from "../lib/market.mjs";
import { client, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const TOOL = "analyze_chart";
const DAY = 86_400_000;

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
const { token } = await login(stack);
const mcp = client(stack, token);

const forgetCandles = async () => Promise.all((await kv.keys(stack)).filter((key) => key.startsWith("candles:")).map((key) => kv.delete(stack, key)));
const reading = (chart, name) => chart.readings.find((each) => each.name === name);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const near = (got, expected, within, what) => assert.ok(Math.abs(got - expected) <= within, `${what}: ${got} is not ${expected}`);

/** What has to hold of every chart. */
function sound(chart, text) {
  assert.ok(chart.price > 0 && chart.bars > 0 && chart.from <= chart.to);
  for (const level of chart.supports) assert.ok(level.price <= chart.price && level.distance_percent <= 0 && level.distance_atr <= 0, JSON.stringify(level));
  for (const level of chart.resistances) assert.ok(level.price > chart.price && level.distance_percent >= 0, JSON.stringify(level));
  for (const side of [chart.supports, chart.resistances]) {
    const distances = side.map((level) => Math.abs(level.distance_percent));
    assert.deepEqual(distances.toSorted((a, b) => a - b), distances, "nearest first");
    for (const { touches, strength, last_touch: last, sources } of side) {
      assert.ok(touches >= 0 && strength >= 0 && strength <= 100 && sources.includes("turns"));
      assert.ok(last >= chart.from && last <= chart.to, last);
    }
  }
  for (const each of chart.readings) assert.ok(each.value !== null || /no signal/.test(each.says), JSON.stringify(each));
  const { chart_context: context } = chart;
  assert.deepEqual(context.supports, chart.supports.map(({ price }) => price));
  assert.deepEqual(context.resistances, chart.resistances.map(({ price }) => price));
  assert.deepEqual([context.trend, context.regime, context.as_of], [chart.trend.direction, chart.regime.kind, chart.as_of]);
  assert.ok(chart.summary.headline.startsWith(chart.symbol));
  for (const line of [chart.summary.headline, ...chart.summary.case_for, ...chart.summary.case_against, ...chart.summary.would_change]) {
    assert.doesNotMatch(line, /\b(you should|must|recommend)\b|^(sell|buy|wait|hold)\b/i);
    assert.ok(text.includes(line), line);
  }
  assert.ok(text.includes(chart.disclaimer) && text.includes(chart.analysis_id) && text.includes("as of "));
  assert.ok(text.length < 3200, `${text.length} characters`);
  assert.doesNotMatch(text, /NaN|inf\b|undefined|null/);
}

/** Stands the market still at the Sunday before today, and says when that is. */
async function closeMarket() {
  const now = new Date();
  const sunday = Date.parse(`${now.toISOString().slice(0, 10)}T17:00:00Z`) - (now.getUTCDay() || 7) * DAY;
  await sim.clock({ now: new Date(sunday).toISOString() });
  return sunday;
}

async function analyze(args) {
  const result = await mcp.call(TOOL, args);
  assert.ok(!result.isError, JSON.stringify(result).slice(0, 500));
  sound(result.structuredContent, result.content[0].text);
  return { chart: result.structuredContent, text: result.content[0].text };
}

beforeEach(async () => {
  await Promise.all([sim.clear(), sim.clock({}), forgetQuotes(stack), forgetCandles()]);
});

test("1: the group, the hints and the scope", async () => {
  const { body } = await client(stack, token, { path: "/mcp?tools=analysis" }).request("tools/list");
  const listed = body.result.tools.find(({ name }) => name === TOOL);
  assert.deepEqual(listed.annotations, { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true });
  assert.deepEqual(listed.inputSchema.required, ["symbol"]);
  const narrow = await login(stack, { scopes: ["market:read", "account:read"] });
  const { message, headers } = modern("tools/call", { name: TOOL, arguments: { symbol: "AAPL" } });
  const refused = await post(`${stack.url}/mcp`, message, { token: narrow.token, headers });
  assert.equal(refused.status, 403);
  assert.match(refused.headers.get("www-authenticate"), /scope="analysis:run"/);
});

test("2: stocks, a fund, an index, a future and a coin", async () => {
  for (const symbol of ["AAPL", "NVDA", "SPY"]) {
    const { chart, text } = await analyze({ symbol });
    assert.deepEqual([chart.symbol, chart.timeframe, chart.interval, chart.bars], [symbol, "daily", "1d", 400]);
    assert.ok(["up", "down", "sideways"].includes(chart.trend.direction) && chart.trend.evidence.length === 4);
    assert.ok(["squeeze", "trending", "ranging", "mixed"].includes(chart.regime.kind));
    assert.ok(chart.regime.atr_percentile >= 0 && chart.regime.atr_percentile <= 100);
    assert.ok(chart.supports.length + chart.resistances.length > 0);
    assert.ok(chart.readings.every((each) => each.value !== null && each.warmup_ok), JSON.stringify(chart.readings));
    const [rsi, k] = ["rsi_14", "stochastic_k_14_3_3"].map((name) => reading(chart, name).value);
    assert.ok(rsi > 0 && rsi < 100 && k >= 0 && k <= 100);
    for (const kind of ["close_to_close_20", "parkinson_20", "yang_zhang_20", "iv_index", "iv_rank"]) assert.ok(chart.volatility[kind] > 0, `${symbol} ${kind}`);
    const { value_area_low: low, point_of_control: control, value_area_high: high } = chart.volume_profile;
    assert.ok(low < control && control < high);
    assert.deepEqual(chart.missing, []);
    for (const part of ["Readings: RSI ", "Support: ", "Resistance: ", "Volume of the last 126 bars: most at ", "IV rank "]) assert.ok(text.includes(part), text);
  }
  const { metrics: [known] } = await mcp.ok("get_market_metrics", { symbols: ["NVDA"] });
  const { chart: nvda } = await analyze({ symbol: "nvda" });
  assert.equal(nvda.events.earnings_date, known.earnings_date);
  near(nvda.volatility.iv_30_day, known.iv_30_day, 1, "IV30");
  const { chart: index } = await analyze({ symbol: "SPX" });
  assert.match(index.volume_profile.reason, /volume/);
  assert.match(reading(index, "mfi_14").says, /no signal: no volume/);
  const { chart: future } = await analyze({ symbol: "/ES" });
  assert.match(future.symbol, /^\/ES[HMUZ]\d$/);
  assert.match(future.notes.join(" "), /active month/);
  assert.match(future.missing.join(" "), /implied volatility/);
  const { chart: coin } = await analyze({ symbol: "BTC/USD" });
  assert.ok(coin.price > 100 && coin.trend.direction);
});

test("3: the readings are those of the bars", async () => {
  await closeMarket();
  const { chart } = await analyze({ symbol: "MSFT" });
  const bars = await mcp.ok("get_price_history", { symbol: "MSFT", range: "2y" });
  const { close, high, low, volume, time } = bars;
  assert.equal(chart.to, time.at(-1));
  near(chart.price, close.at(-1), 0.01, "price");
  near(chart.change, close.at(-1) - close.at(-2), 0.01, "change");
  near(chart.change_percent, (close.at(-1) / close.at(-2) - 1) * 100, 0.02, "percent");
  for (const n of [20, 50, 200]) near(reading(chart, `sma_${n}`).value, mean(close.slice(-n)), 0.02, `sma_${n}`);
  const month = time.at(-1).slice(0, 7);
  let [traded, total] = [0, 0];
  for (let bar = 0; bar < time.length; bar += 1) {
    if (!time[bar].startsWith(month)) continue;
    traded += ((high[bar] + low[bar] + close[bar]) / 3) * volume[bar];
    total += volume[bar];
  }
  near(reading(chart, "vwap_month").value, traded / total, 0.02, "vwap");
  const returns = close.slice(-21).map((price, bar, all) => (bar === 0 ? null : Math.log(price / all[bar - 1]))).slice(1);
  const deviation = Math.sqrt(returns.reduce((sum, each) => sum + (each - mean(returns)) ** 2, 0) / 19);
  near(chart.volatility.close_to_close_20, 100 * deviation * Math.sqrt(252), 0.05, "realised volatility");
  const ranges = close.slice(1).map((_, bar) => Math.max(high[bar + 1], close[bar]) - Math.min(low[bar + 1], close[bar]));
  const wilder = ranges.slice(14).reduce((average, range) => (13 * average + range) / 14, mean(ranges.slice(0, 14)));
  near(reading(chart, "atr_14").value, wilder, 0.02, "ATR");
  near(reading(chart, "atr_percent_14").value, (100 * wilder) / close.at(-1), 0.02, "ATR in percent");
});

test("4: open, closed, and every timeframe", async () => {
  await openMarket(sim);
  const { chart: open, text } = await analyze({ symbol: "SPY", timeframe: "daily" });
  assert.equal(open.is_forming, true);
  assert.match(text, /still forms/);
  assert.ok(open.candle_patterns.every(({ time }) => time < open.to));
  const { chart: weekly } = await analyze({ symbol: "SPY", timeframe: "weekly" });
  assert.deepEqual([weekly.interval, weekly.timeframe, weekly.bars], ["1wk", "weekly", 260]);
  assert.ok(reading(weekly, "vwap_20").value > 0);
  const sunday = await closeMarket();
  await forgetCandles();
  const { chart: closed } = await analyze({ symbol: "SPY", timeframe: "intraday" });
  assert.deepEqual([closed.interval, closed.is_forming, closed.bars > 60], ["15m", false, true]);
  assert.ok(Date.parse(closed.to) < sunday - DAY / 2, closed.to);
  assert.ok(reading(closed, "vwap_session").value > 0 && closed.trend.direction);
});

test("5: a short history", async () => {
  // The market stands where the oldest bars that are asked for have only begun.
  await sim.clock({ now: new Date(Date.now() - 560 * DAY).toISOString() });
  const { chart, text } = await analyze({ symbol: "AMD" });
  assert.ok(chart.bars > 15 && chart.bars < 60, `${chart.bars}`);
  assert.deepEqual([chart.trend.direction, chart.regime.kind, chart.chart_context.trend], [null, null, null]);
  assert.match(chart.trend.reason, /^\d+ bars, it takes 60$/);
  assert.match(reading(chart, "sma_50").says, /no signal: \d+ bars, it takes 50/);
  assert.equal(reading(chart, "rsi_14").warmup_ok, false);
  assert.deepEqual([chart.supports, chart.resistances], [[], []]);
  assert.match(chart.missing.join(" "), /supports and resistances/);
  assert.match(text, /no trend can be told.*\n[^]*Not settled, for want of bars: /);
});

test("6: the answer is kept", async () => {
  const { chart } = await analyze({ symbol: "TSLA" });
  const kept = await d1(stack, "SELECT kind, symbol, body FROM analyses WHERE id = ?", [chart.analysis_id]);
  assert.deepEqual(kept.map(({ kind, symbol }) => [kind, symbol]), [[TOOL, "TSLA"]]);
  assert.deepEqual(JSON.parse(kept[0].body), chart);
  const { chart: again } = await analyze({ symbol: "TSLA" });
  assert.notEqual(again.analysis_id, chart.analysis_id);
});

test("7: without metrics", async () => {
  await sim.fault({ path: "/market-metrics*", fault: "500", times: null });
  const { chart } = await analyze({ symbol: "QQQ" });
  assert.ok(chart.trend.direction && chart.volatility.yang_zhang_20 > 0);
  assert.deepEqual([chart.volatility.iv_rank, chart.events.earnings_date], [null, null]);
  assert.match(chart.missing.join(" "), /implied volatility and events: /);
});

test("8: analyze_options takes the chart_context", async () => {
  await openMarket(sim);
  const { chart } = await analyze({ symbol: "AAPL" });
  const found = await mcp.ok("analyze_options", { symbol: "AAPL", strategy: "csp", chart_context: chart.chart_context });
  assert.equal(found.symbol, "AAPL");
});

test("9: what cannot be analysed", async () => {
  assert.equal((await mcp.error(TOOL, { symbol: "ZZZZQ" })).code, "NOT_FOUND");
  for (const [args, argument] of [
    [{}, "symbol"],
    [{ symbol: "?" }, "symbol"],
    [{ symbol: "AAPL", timeframe: "hourly" }, "timeframe"],
    [{ symbol: "AAPL", bars: 5 }, "bars"],
  ]) {
    const error = await mcp.error(TOOL, args);
    assert.deepEqual([error.code, error.details.argument], ["VALIDATION_ERROR", argument], JSON.stringify(args));
  }
  await sim.closeSockets();
  await poll("no socket is open", async () => ((await sim.state()).sockets["/dxlink"] ?? 0) === 0);
  await sim.fault({ path: "/dxlink*", fault: "500", times: null });
  const error = await mcp.error(TOOL, { symbol: "AAPL" });
  assert.deepEqual([error.code, error.retryable], ["TASTYTRADE_ERROR", true]);
});
