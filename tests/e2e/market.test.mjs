// The market tools. Cases:
//  1. the group market lists them, with hints; names and forms of arguments are forgiven on their way to analysis
//  2. get_market_hours: open, a half day, a weekend, futures
//  3. get_market_metrics: percents, the term structure, symbols without metrics, agreement with get_quote
//  4. search_symbols: by ticker, by name, the limit, nothing found
//  5. get_watchlists: own with entries, public by name and size, one by name, a name that there is not
//  6. get_price_history: bars that agree with themselves and with the quote, every interval, ranges, the bound of 500
//  7. get_price_history of an index, an option, a future, a product of futures and a coin
//  8. bars of the same range come from the cache; those of delayed data are marked and never kept
//  9. get_quote of every kind of instrument, in the spellings that people use
// 10. arguments that mean nothing: VALIDATION_ERROR that names the argument, and nothing is called
// 11. TastyTrade fails or is silent: TASTYTRADE_ERROR within the deadline; what is half there says so
// 12. a token without market:read: 403 for each of them; own watchlists need account:read as well
// 13. texts show times on the user's clock, structured content in UTC
// 14. a report of earnings: the price jumps in the pre-market and volatility falls, in every tool alike; a dividend
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { kv } from "../lib/explorer.mjs";
import { login } from "../lib/login.mjs";
import { forgetQuotes, openMarket } from "../lib/market.mjs";
import { client, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const TOOLS = ["get_price_history", "get_market_metrics", "search_symbols", "get_market_hours", "get_watchlists"];
const MINIMAL = { get_price_history: { symbol: "AAPL" }, get_market_metrics: { symbols: ["AAPL"] }, search_symbols: { query: "AAPL" }, get_market_hours: {}, get_watchlists: { kind: "public" } };
const UPSTREAM = /^\/(market|symbols|watchlists|public|instruments|dxlink|api-quote)/;

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
const { token } = await login(stack);
const mcp = client(stack, token);

const forgetCandles = async () => Promise.all((await kv.keys(stack)).filter((key) => key.startsWith("candles:")).map((key) => kv.delete(stack, key)));

/** The third Friday of the month that many months ahead: a day on which options expire. */
function monthly(months) {
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
  const day = 1 + ((5 - first.getUTCDay() + 7) % 7) + 14;
  return new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), day)).toISOString().slice(2, 10).replaceAll("-", "");
}

/** An option of AAPL near the money, as TastyTrade spells it, and its parts. */
async function option() {
  const { quotes: [{ last }] } = await mcp.ok("get_quote", { symbol: "AAPL" });
  const [date, strike] = [monthly(2), Math.round(last / 10) * 10];
  return { date, strike, occ: `AAPL  ${date}P${String(strike * 1000).padStart(8, "0")}` };
}

beforeEach(async () => {
  await Promise.all([sim.clear(), forgetQuotes(stack), forgetCandles()]);
});

test("1: the group and forgiving arguments", async () => {
  const { body } = await client(stack, token, { path: "/mcp?tools=market" }).request("tools/list");
  const listed = Object.fromEntries(body.result.tools.map((tool) => [tool.name, tool]));
  for (const name of TOOLS) {
    assert.ok(listed[name], name);
    assert.deepEqual(listed[name].annotations, { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }, name);
  }
  const forgiven = await mcp.ok("get_price_history", { symbol: "aapl", days: "30", extendedHours: "true", end: null });
  assert.deepEqual([forgiven.symbol, forgiven.extended_hours], ["AAPL", true]);
  const { metrics } = await mcp.ok("get_market_metrics", { symbols: "aapl, spy", termStructure: "false" });
  assert.deepEqual(metrics.map(({ symbol, term_structure: terms }) => [symbol, terms.length]), [["AAPL", 0], ["SPY", 0]]);
});

test("2: market hours", async () => {
  await openMarket(sim);
  const result = await mcp.call("get_market_hours");
  const hours = result.structuredContent;
  assert.deepEqual([hours.market, hours.state, hours.source, hours.notes], ["equities", "open", "rest", undefined]);
  assert.equal(hours.sessions.length, 2);
  for (const session of hours.sessions) {
    const moments = [session.extended_open_at, session.open_at, session.close_at, session.extended_close_at].map(Date.parse);
    assert.deepEqual(moments.toSorted((a, b) => a - b), moments);
    assert.equal(typeof session.is_half_day, "boolean");
  }
  assert.ok(Date.parse(hours.next_open_at) > Date.parse(hours.as_of) && Date.parse(hours.next_close_at) > Date.parse(hours.as_of));
  assert.ok(hours.holidays.length >= 5 && hours.holidays.length <= 10 && hours.half_days.length >= 1);
  assert.match(result.content[0].text, /US equities and options: OPEN as of .* ET\. Closes .* 16:00 ET/);
  await sim.clock({ now: "2027-11-26T16:00:00Z" });
  const half = await mcp.call("get_market_hours", { market: "equities" });
  const [friday] = half.structuredContent.sessions;
  assert.deepEqual([friday.date, friday.is_half_day, friday.close_at], ["2027-11-26", true, "2027-11-26T18:00:00Z"]);
  assert.match(half.content[0].text, /Fri 26 Nov 2027: 09:30 to 13:00 ET .*HALF DAY/);
  await sim.clock({ now: "2027-11-27T16:00:00Z" });
  assert.equal((await mcp.ok("get_market_hours")).state, "closed");
  const futures = await mcp.ok("get_market_hours", { market: "cme" });
  assert.deepEqual([futures.market, futures.state], ["cme", "closed"]);
  await sim.clock({});
});

test("3: metrics", async () => {
  await openMarket(sim);
  const result = await mcp.call("get_market_metrics", { symbols: ["NVDA", "SPX", "ZZZZ", "/ES"] });
  const { metrics, missing } = result.structuredContent;
  assert.deepEqual(missing, ["ZZZZ", "/ES"]);
  const [nvda, spx] = metrics;
  assert.deepEqual([nvda.symbol, spx.symbol], ["NVDA", "SPX"]);
  for (const percent of ["iv_rank", "iv_rank_tw", "iv_percentile"]) assert.ok(nvda[percent] >= 0 && nvda[percent] <= 100, percent);
  for (const percent of ["iv_index", "iv_30_day", "hv_30_day", "hv_60_day", "hv_90_day"]) assert.ok(nvda[percent] > 2 && nvda[percent] < 300, `${percent} is in percent: ${nvda[percent]}`);
  assert.ok(Math.abs(nvda.correlation_spy_3_month) <= 1 && nvda.beta > 0 && nvda.liquidity_rating >= 1);
  assert.match(nvda.earnings_date, /^\d{4}-\d\d-\d\d$/);
  assert.equal(spx.market_cap, null);
  const days = nvda.term_structure.map(({ dte }) => dte);
  assert.ok(days.length > 5 && days[0] >= 0 && days.every((day, index) => index === 0 || day >= days[index - 1]), days.join(" "));
  for (const { iv, expiration } of nvda.term_structure) assert.ok(iv > 2 && iv < 300 && /^\d{4}-\d\d-\d\d$/.test(expiration));
  for (const part of ["NVDA IV ", "IV rank ", "IV by expiration: ", "ZZZZ: TastyTrade has no metrics", "as of "]) assert.ok(result.content[0].text.includes(part), result.content[0].text);
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "NVDA" });
  assert.ok(Math.abs(quote.iv_rank - nvda.iv_rank) < 5 && quote.earnings_date === nvda.earnings_date);
  const { metrics: many } = await mcp.ok("get_market_metrics", { symbols: ["AAPL", "MSFT", "NVDA", "SPY", "QQQ", "IWM"] });
  assert.deepEqual(many.map(({ term_structure: terms }) => terms.length), [0, 0, 0, 0, 0, 0]);
  assert.equal((await mcp.error("get_market_metrics", { symbols: ["ZZZZ"] })).code, "NOT_FOUND");
  assert.equal((await mcp.error("get_market_metrics", { symbols: ["/ESZ6"] })).code, "NOT_FOUND");
  await sim.clock({});
});

test("4: search", async () => {
  const result = await mcp.call("search_symbols", { query: "aap" });
  const { results: [apple], omitted, source } = result.structuredContent;
  assert.deepEqual([apple.symbol, apple.has_options, omitted, source], ["AAPL", true, 0, "rest"]);
  assert.match(result.content[0].text, /^AAPL \| Apple.* \| options$/m);
  const { results } = await mcp.ok("search_symbols", { query: "APPLE" });
  assert.equal(results[0].symbol, "AAPL");
  const one = await mcp.ok("search_symbols", { query: "A", limit: "1" });
  assert.ok(one.results.length === 1 && one.omitted > 0);
  assert.ok((await mcp.ok("search_symbols", { query: "/ES" })).results.every(({ symbol }) => symbol.startsWith("/ES")));
  const none = await mcp.call("search_symbols", { query: "QQQQQQ" });
  assert.deepEqual(none.structuredContent.results, []);
  assert.match(none.content[0].text, /knows no symbol that begins with "QQQQQQ"/);
});

test("5: watchlists", async () => {
  const own = await mcp.call("get_watchlists");
  const [wheel] = own.structuredContent.watchlists;
  assert.deepEqual([own.structuredContent.kind, wheel.name, wheel.size, wheel.entries[0]], ["own", "Wheel candidates", 6, { symbol: "AAPL", instrument_type: "Equity" }]);
  assert.match(own.content[0].text, /^Wheel candidates \(6\): AAPL, AMD, /m);
  const all = await mcp.call("get_watchlists", { kind: "public" });
  assert.ok(all.structuredContent.watchlists.every(({ size, entries }) => Number.isInteger(size) && entries.length === 0));
  assert.ok(all.structuredContent.watchlists.some(({ name, size }) => name === "Tom's Watchlist" && size === 8));
  assert.match(all.content[0].text, /Send `name` for the entries/);
  const tom = await mcp.ok("get_watchlists", { kind: "public", name: "Tom's Watchlist" });
  assert.deepEqual(tom.watchlists.map(({ name, entries }) => [name, entries.length]), [["Tom's Watchlist", 8]]);
  for (const args of [{ name: "No such list" }, { kind: "public", name: "Wheel candidates" }]) {
    const error = await mcp.error("get_watchlists", args);
    assert.deepEqual([error.code, error.details.name], ["NOT_FOUND", args.name]);
  }
});

test("6: price history", async () => {
  const result = await mcp.call("get_price_history", { symbol: "AAPL", range: "3mo" });
  const daily = result.structuredContent;
  assert.deepEqual([daily.symbol, daily.interval, daily.extended_hours, daily.source, daily.omitted], ["AAPL", "1d", false, "dxlink", 0]);
  assert.ok(daily.bars > 50 && daily.bars < 70, String(daily.bars));
  for (const column of ["time", "open", "high", "low", "close", "volume"]) assert.equal(daily[column].length, daily.bars, column);
  for (let bar = 0; bar < daily.bars; bar += 1) {
    const [open, high, low, close] = ["open", "high", "low", "close"].map((column) => daily[column][bar]);
    assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close), `bar ${bar}`);
    assert.match(daily.time[bar], /^\d{4}-\d\d-\d\d$/);
    assert.ok(bar === 0 || daily.time[bar] > daily.time[bar - 1]);
    assert.ok(![0, 6].includes(new Date(daily.time[bar]).getUTCDay()), daily.time[bar]);
  }
  assert.equal(daily.highest, Math.max(...daily.high));
  assert.equal(daily.lowest, Math.min(...daily.low));
  assert.ok(Math.abs(daily.change - (daily.close.at(-1) - daily.open[0])) < 1e-6);
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "AAPL" });
  assert.ok(Math.abs(quote.last / daily.close.at(-1) - 1) < 0.02, `${quote.last} and ${daily.close.at(-1)}`);
  const text = result.content[0].text;
  assert.match(text, /^AAPL 1d bars, regular hours: \d+ from \d{4}-\d\d-\d\d to /);
  assert.equal(text.split("\n").filter((line) => /^\d{4}-\d\d-\d\d [\d.]+ /.test(line)).length, 10);
  for (const [interval, range] of [["1m", "1d"], ["5m", "5d"], ["15m", "5d"], ["30m", "1mo"], ["1h", "1mo"], ["4h", "3mo"], ["1wk", "2y"], ["1mo", "5y"]]) {
    const history = await mcp.ok("get_price_history", { symbol: "SPY", interval, range });
    assert.ok(history.bars > 3 && history.bars <= 500, `${interval}: ${history.bars}`);
    assert.equal(history.interval, interval);
    const days = new Set(history.time.map((time) => time.slice(0, 10)));
    if (range === "1d") assert.equal(days.size, 1, "one trading day");
    if (history.omitted > 0) assert.match(history.notes.join(" "), /newest 500/);
  }
  const long = await mcp.ok("get_price_history", { symbol: "SPY", range: "5y" });
  assert.ok(long.bars === 500 && long.omitted > 700, `${long.bars} and ${long.omitted}`);
  const from = daily.time[5];
  const to = daily.time[9];
  const cut = await mcp.ok("get_price_history", { symbol: "AAPL", start: from, end: to });
  assert.deepEqual([cut.time, cut.close], [daily.time.slice(5, 10), daily.close.slice(5, 10)]);
});

test("6: bars of a symbol that there is not", async () => {
  for (const symbol of ["ZZZZ", "AAPL  270115P00000500"]) {
    const began = performance.now();
    const error = await mcp.error("get_price_history", { symbol });
    assert.deepEqual([error.code, error.reason, error.details.symbols], ["NOT_FOUND", "not_found", [symbol]]);
    assert.match(error.message, /knows no symbol .* search_symbols/);
    // The stream alone would say nothing for eight seconds.
    assert.ok(performance.now() - began < 6_000, `${Math.round(performance.now() - began)} ms`);
  }
});

test("7: price history of other instruments", async () => {
  const { occ, date, strike } = await option();
  for (const [symbol, named] of [["SPX", "SPX"], [`.AAPL${date}P${strike}`, occ], ["BTC/USD", "BTC/USD"]]) {
    const history = await mcp.ok("get_price_history", { symbol, days: 10 });
    assert.equal(history.symbol, named);
    assert.ok(history.bars > 3 && history.close.every((price) => price > 0), `${symbol}: ${history.bars}`);
  }
  const index = await mcp.ok("get_price_history", { symbol: "SPX", days: 10 });
  assert.ok(index.average_volume === null && index.volume.every((volume) => volume === null), "an index has no volume");
  const front = await mcp.ok("get_price_history", { symbol: "/ES", days: 10 });
  assert.match(front.symbol, /^\/ES[HMUZ]\d$/);
  assert.match(front.notes.join(" "), /active month/);
  const contract = await mcp.ok("get_price_history", { symbol: front.symbol, days: 10 });
  assert.deepEqual([contract.symbol, contract.extended_hours], [front.symbol, true]);
  assert.equal((await mcp.error("get_price_history", { symbol: "/QQQZ6" })).code, "NOT_FOUND");
});

test("8: the cache of bars", async () => {
  const first = await mcp.ok("get_price_history", { symbol: "QQQ", range: "1mo" });
  const second = await mcp.ok("get_price_history", { symbol: "QQQ", range: "1mo" });
  assert.deepEqual([first.source, second.source, second.as_of], ["dxlink", "cache", first.as_of]);
  assert.deepEqual(second.close, first.close);
  assert.equal((await mcp.ok("get_price_history", { symbol: "QQQ", range: "1mo", extended_hours: true })).source, "dxlink");
});

test("8: delayed bars", async () => {
  const delayed = client(stack, (await login(stack, { user: "delayed" })).token);
  for (let call = 0; call < 2; call += 1) {
    const { source, notes } = await delayed.ok("get_price_history", { symbol: "IWM", range: "1mo" });
    assert.equal(source, "dxlink");
    assert.match(notes.join(" "), /come late/);
  }
});

test("9: quotes of every kind", async () => {
  await openMarket(sim);
  const { occ, date, strike } = await option();
  for (const spelling of [occ, `AAPL ${date}P${strike}`, `.AAPL${date}P${strike}`, `aapl${date}p${strike}.0`]) {
    const { quotes, missing } = await mcp.ok("get_quote", { symbol: spelling });
    assert.deepEqual([quotes.map(({ symbol }) => symbol), missing], [[occ], []], spelling);
    assert.ok(quotes[0].bid > 0 && quotes[0].ask >= quotes[0].bid, spelling);
    assert.equal(quotes[0].iv_rank, null, "an option has no rank of its own");
  }
  const { quotes, missing, notes } = await mcp.ok("get_quote", { symbols: ["AAPL", "SPX", occ, "/ES", "BTC/USD", "BRK/B", "/QQQZ6"] });
  const symbols = quotes.map(({ symbol }) => symbol);
  const future = symbols.find((symbol) => symbol.startsWith("/ES"));
  assert.match(future, /^\/ES[HMUZ]\d$/);
  assert.match(notes.join(" "), new RegExp(`active month, ${future}`));
  assert.deepEqual(symbols.toSorted(), ["AAPL", "SPX", occ, future, "BTC/USD", "BRK/B"].toSorted());
  assert.deepEqual(missing, ["/QQQZ6"]);
  for (const quote of quotes) assert.ok(quote.last > 0, quote.symbol);
  const long = future.replace(/(\d)$/, (digit) => `2${digit}`);
  assert.deepEqual((await mcp.ok("get_quote", { symbol: long })).quotes.map(({ symbol }) => symbol), [future]);
  await sim.clock({});
});

test("10: arguments that mean nothing", async () => {
  const mark = await sim.mark();
  for (const [name, args, argument] of [
    ["get_price_history", {}, "symbol"],
    ["get_price_history", { symbol: "?" }, "symbol"],
    ["get_price_history", { symbol: "AAPL", interval: "7m" }, "interval"],
    ["get_price_history", { symbol: "AAPL", days: 0 }, "days"],
    ["get_price_history", { symbol: "AAPL", days: "many" }, "days"],
    ["get_price_history", { symbol: "AAPL", days: 5, range: "1y" }, "range"],
    ["get_price_history", { symbol: "AAPL", start: "soon" }, "start"],
    ["get_price_history", { symbol: "AAPL", start: "2099-01-01" }, "start"],
    ["get_price_history", { symbol: "AAPL", interval: "1m", range: "1y" }, "interval"],
    ["get_market_metrics", { symbols: [] }, "symbols"],
    ["get_market_metrics", { symbols: Array.from({ length: 51 }, (_, index) => `A${index}`) }, "symbols"],
    ["get_market_metrics", { symbols: ["AAPL; DROP"] }, "symbols"],
    ["search_symbols", {}, "query"],
    ["search_symbols", { query: ".." }, "query"],
    ["search_symbols", { query: "a".repeat(101) }, "query"],
    ["search_symbols", { query: "A", limit: 51 }, "limit"],
    ["get_market_hours", { market: "mars" }, "market"],
    ["get_market_hours", { when: "now" }, "when"],
    ["get_watchlists", { kind: "theirs" }, "kind"],
    ["get_watchlists", { name: "../accounts" + "x".repeat(200) }, "name"],
  ]) {
    const error = await mcp.error(name, args);
    const shown = `${name} ${JSON.stringify(args).slice(0, 60)}`;
    assert.deepEqual([error.code, error.retryable], ["VALIDATION_ERROR", false], shown);
    assert.ok(error.details.argument.startsWith(argument), `${shown}: ${error.details.argument}`);
    assert.ok(error.message.includes(argument), `${shown}: ${error.message}`);
  }
  assert.deepEqual(await sim.since(mark, UPSTREAM), [], "nothing was called");
});

test("11: TastyTrade fails", async () => {
  await sim.closeSockets();
  await poll("no socket is open", async () => ((await sim.state()).sockets["/dxlink"] ?? 0) === 0);
  for (const [path, name] of [["/market-metrics*", "get_market_metrics"], ["/symbols*", "search_symbols"], ["/market-time*", "get_market_hours"], ["/public-watchlists*", "get_watchlists"], ["/dxlink*", "get_price_history"]]) {
    await sim.fault({ path, fault: "500", times: null });
    const error = await mcp.error(name, MINIMAL[name]);
    assert.deepEqual([error.code, error.retryable], ["TASTYTRADE_ERROR", true], name);
    await sim.clear();
  }
  await sim.fault({ path: "/market-time/equities/holidays", fault: "502html", times: null });
  const hours = await mcp.ok("get_market_hours");
  assert.deepEqual([hours.holidays, hours.sessions[0].is_half_day], [[], null]);
  assert.match(hours.notes.join(" "), /Holidays and half days are not known/);
});

test("12: a token without market:read", async () => {
  const narrow = await login(stack, { scopes: ["account:read", "analysis:run"] });
  for (const name of TOOLS) {
    const { message, headers } = modern("tools/call", { name, arguments: MINIMAL[name] });
    const refused = await post(`${stack.url}/mcp`, message, { token: narrow.token, headers });
    assert.equal(refused.status, 403, name);
    assert.match(refused.headers.get("www-authenticate"), /scope="market:read"/, name);
  }
  const market = await login(stack, { scopes: ["market:read"] });
  const lists = (args) => client(stack, market.token).request("tools/call", { name: "get_watchlists", arguments: args });
  const own = await lists({});
  assert.equal(own.status, 403, "the user's own lists are the user's data");
  assert.match(own.headers.get("www-authenticate"), /insufficient_scope.*account:read/);
  const open = await lists({ kind: "public" });
  assert.ok(open.body.result.structuredContent.watchlists.length > 0, JSON.stringify(open.body));
});

test("13: times on the user's clock", async () => {
  const zoned = client(stack, (await login(stack, { user: "saver" })).token);
  await openMarket(sim);
  const texts = async () => {
    const calls = [["get_market_hours", {}], ["get_watchlists", {}], ["search_symbols", { query: "KO" }], ["get_market_metrics", { symbols: ["KO"] }], ["get_price_history", { symbol: "KO", interval: "30m", range: "1d" }], ["get_option_chain", { symbol: "KO", strikes: 1 }], ["get_balances", {}], ["get_positions", {}], ["get_accounts", {}], ["get_orders", {}], ["get_transactions", {}], ["get_net_liq_history", {}]];
    const results = await Promise.all(calls.map(([name, args]) => zoned.call(name, args)));
    return results.map((result, index) => ({ name: calls[index][0], text: result.content[0].text, structured: JSON.stringify(result.structuredContent) }));
  };
  for (const { name, text } of await texts()) assert.match(text, /\bET\b/, name);
  await zoned.ok("update_config", { config: { time_zone: "Asia/Kolkata" } });
  try {
    for (const { name, text, structured } of await texts()) {
      assert.match(text, /UTC\+5:30/, `${name}: ${text.slice(0, 300)}`);
      assert.match(structured, /"as_of":"[\dT:.-]+(Z|\+00:00)"/, name);
    }
    const { content: [{ text }], structuredContent: { as_of: asOf } } = await zoned.call("get_watchlists");
    const shown = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Kolkata", hour: "2-digit", minute: "2-digit" }).format(new Date(asOf));
    assert.ok(text.includes(` ${shown} UTC+5:30`), `${text} ${shown}`);
  } finally {
    await zoned.ok("update_config", { config: { time_zone: "America/New_York" } });
    await sim.clock({});
  }
});

test("14: earnings and dividends", async () => {
  // NVDA reports on the fourth Wednesday of November after the bell; KO trades without its dividend on the second Tuesday of
  // December.
  const [eve, morning] = ["2027-11-24T20:59:00Z", "2027-11-26T15:00:00Z"];
  const look = async (now) => {
    await sim.clock({ now });
    await Promise.all([forgetQuotes(stack), forgetCandles()]);
    const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "NVDA" });
    const { metrics: [metrics] } = await mcp.ok("get_market_metrics", { symbols: ["NVDA"] });
    return { quote, metrics, history: await mcp.ok("get_price_history", { symbol: "NVDA", range: "1mo" }) };
  };
  const before = await look(eve);
  const after = await look(morning);
  const jump = Math.abs(Math.log(after.quote.open / after.quote.prev_close));
  assert.ok(jump > 0.02, `the open ${after.quote.open} is far from the last close ${after.quote.prev_close}`);
  const at = (history, back) => ["open", "high", "low", "close"].map((column) => history[column].at(back));
  assert.ok(Math.abs(at(after.history, -1)[0] - after.quote.open) < 0.05, "bars and quotes agree on the open");
  assert.ok(Math.abs(at(after.history, -2)[3] - after.quote.prev_close) < 0.05, "and on the close before");
  assert.ok(after.metrics.iv_30_day < 0.93 * before.metrics.iv_30_day, `${before.metrics.iv_30_day} to ${after.metrics.iv_30_day}`);
  assert.ok(after.metrics.hv_30_day > before.metrics.hv_30_day, "the jump is in the historical volatility");
  const soonest = ({ metrics }) => metrics.term_structure.find(({ expiration }) => expiration >= "2027-12-03").iv;
  assert.ok(soonest(after) < 0.85 * soonest(before), `${soonest(before)} to ${soonest(after)}`);
  assert.equal(before.metrics.earnings_date, "2027-11-24");
  assert.ok(after.metrics.earnings_date > "2028-02-01", after.metrics.earnings_date);
  await sim.clock({ now: "2027-12-14T13:15:01Z" });
  await forgetQuotes(stack);
  const { quotes: [coke] } = await mcp.ok("get_quote", { symbol: "KO" });
  const { metrics: [{ dividend_per_share: dividend, dividend_ex_date: day }] } = await mcp.ok("get_market_metrics", { symbols: ["KO"] });
  assert.equal(day, "2027-12-14");
  assert.ok(Math.abs(coke.prev_close - coke.last - dividend) < 0.04, `${coke.prev_close} less ${dividend} is ${coke.last}`);
  await sim.clock({});
});
