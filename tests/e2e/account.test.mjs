// The tools of the user's account: what they say is what the simulator's ledger says, and nobody else's. Cases:
//  1. accounts: masked, what may be done in them, the default first; nothing of the person
//  2. balances are the ledger's; together they are summed
//  3. positions: value and cash make the net liquidating value, profit is value less what was paid, every kind of position
//     that the simulator has, grouped by underlying and expiration
//  4. greeks: live ones per unit and per position; computed ones where the stream is silent; none where none are asked for
//  5. transactions make up the positions and the cash; pages are the whole, over one account and over two
//  6. orders: what works, what was filled, by days and stages
//  7. the history ends at what the account is worth
//  8. what cannot be served is named: days, limits, stages, types, symbols
//  9. somebody else's account is as good as none, and TastyTrade is not asked
// 10. TastyTrade does not answer: the rows of the last sync with notes that say so, also of one account of two
// 11. the login is gone: reconnect_required from the tools, rows of the last sync from the resources
// 12. without account:read 403; the URL's toolset narrows the list
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
// The market stands still, so that two answers can be compared.
await sim.clock({ now: new Date().toISOString(), frozen: true });

const [INCOME, RETIREMENT, SECOND] = ["5WX10001", "5WX10002", "5WX20001"];
const TOOLS = ["get_accounts", "get_balances", "get_positions", "get_transactions", "get_orders", "get_net_liq_history"];
const { token } = await login(stack);
const mcp = client(stack, token);
const theirs = client(stack, (await login(stack, { user: "second" })).token);

const synced = (user) => poll(`the first sync of ${user}`, async () => (await d1(stack, "SELECT 1 FROM users WHERE id = ?1 AND synced_at IS NOT NULL", [user])).length > 0);
before(() => Promise.all([synced(EXTERNAL_IDS.trader), synced(EXTERNAL_IDS.second)]));
beforeEach(() => sim.clear());

/** TastyTrade's API as the user's own programs see it: `{status, data}`. */
async function rest(method, path, body) {
  rest.token ??= (async () => {
    const { client_secret: secret, refresh_token: refresh } = await sim.grant("trader");
    const answer = await fetch(`${stack.simUrl}/oauth/token`, { method: "POST", headers: { "content-type": "application/json", "user-agent": "ttai-tests/1" }, body: JSON.stringify({ grant_type: "refresh_token", client_secret: secret, refresh_token: refresh }) });
    return (await answer.json()).access_token;
  })();
  const answer = await fetch(`${stack.simUrl}${path}`, { method, headers: { authorization: `Bearer ${await rest.token}`, "content-type": "application/json", "user-agent": "ttai-tests/1" }, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text).data : null;
}

const near = (got, expected, what, tolerance = 0.011) => assert.ok(Math.abs(got - expected) <= tolerance, `${what}: ${got} is not ${expected}`);
const sum = (list) => list.reduce((total, value) => total + value, 0);
const masked = (number) => `••••${number.slice(-4)}`;
const texts = ({ content }) => content.map(({ text }) => text).join("\n");
/** No whole number of an account, and nothing of the person. */
function discreet(result, what) {
  assert.doesNotMatch(JSON.stringify(result), /5WX\d|Simulation Way|1980-01-02|xxxxx0000|\+1312|@example\.com|Tess/, what);
}

async function called(name, args) {
  const result = await mcp.call(name, args);
  assert.ok(!result.isError, JSON.stringify(result));
  discreet(result, name);
  const size = texts(result).length;
  assert.ok(size > 20 && size < 10_000, `${name}: ${size} characters`);
  return { ...result.structuredContent, text: texts(result) };
}

test("1: accounts", async () => {
  const { accounts, source, as_of: asOf, text } = await called("get_accounts");
  assert.deepEqual(accounts.map(({ account, nickname, margin_or_cash: margin, options_level: level }) => [account, nickname, margin, level]), [
    ["••••0001", "Options income", "Margin", "No Restrictions"],
    ["••••0002", "Retirement", "Margin", "Defined Risk"],
  ]);
  assert.equal(source, "rest");
  assert.ok(Date.parse(asOf) > 0);
  for (const account of accounts) {
    assert.equal(account.authority, "owner");
    assert.equal(account.day_trade_count, 0);
    assert.equal(account.is_in_margin_call, false);
  }
  assert.match(text, /••••0002, Retirement, Roth IRA.*no naked calls/);
  await sim.fault({ path: "/accounts/*/trading-status", fault: "500", times: null });
  const less = await called("get_accounts");
  assert.equal(less.accounts.length, 2);
  assert.equal(less.accounts[0].margin_calculation, null);
  assert.match(less.notes[0], /What may be done in ••••000[12] is not known/);
});

test("2: balances", async () => {
  const { balances, total_net_liquidating_value: total, source } = await called("get_balances");
  assert.equal(source, "rest");
  assert.deepEqual(balances.map(({ account }) => account), [masked(INCOME), masked(RETIREMENT)]);
  for (const [at, number] of [INCOME, RETIREMENT].entries()) {
    const wire = await rest("GET", `/accounts/${number}/balances/USD`);
    const row = balances[at];
    for (const name of ["cash_balance", "net_liquidating_value", "equity_buying_power", "derivative_buying_power", "day_trading_buying_power", "maintenance_excess", "maintenance_requirement", "used_derivative_buying_power", "pending_cash", "cash_available_to_withdraw"]) {
      near(row[name], Number(wire[name.replaceAll("_", "-")]), `${number} ${name}`, 0);
    }
    near(row.used_buying_power_percent, (100 * row.used_derivative_buying_power) / row.net_liquidating_value, "used");
  }
  near(total, sum(balances.map(({ net_liquidating_value: worth }) => worth)), "the total", 0.0001);
  for (const account of [RETIREMENT, masked(RETIREMENT), "0002"]) {
    assert.deepEqual((await called("get_balances", { account })).balances.map((row) => row.account), [masked(RETIREMENT)], account);
  }
});

test("3: positions", async () => {
  const { positions, groups, totals, missing, source } = await called("get_positions");
  assert.equal(source, "rest");
  assert.deepEqual(missing, []);
  for (const number of [INCOME, RETIREMENT]) {
    const wire = await rest("GET", `/accounts/${number}/positions?include-marks=true`);
    const own = positions.filter(({ account }) => account === masked(number));
    assert.deepEqual(own.map(({ symbol }) => symbol).toSorted(), wire.map?.(({ symbol }) => symbol).toSorted() ?? wire.items.map(({ symbol }) => symbol).toSorted());
    const { balances: [balance] } = await called("get_balances", { account: number });
    near(balance.cash_balance + sum(own.map(({ mark }) => mark)), balance.net_liquidating_value, `${number}: cash and marks`);
  }
  for (const row of positions) {
    const sign = row.quantity_direction === "Short" ? -1 : 1;
    const units = row.quantity * row.multiplier;
    near(row.mark, sign * units * row.mark_price, `${row.symbol}: value`);
    near(row.unrealized_pnl, sign * units * (row.mark_price - row.average_open_price), `${row.symbol}: profit`);
    near(row.day_pnl, sign * units * (row.mark_price - row.close_price) + row.realized_day_gain, `${row.symbol}: of the day`);
    near(row.unrealized_pnl_percent, (100 * row.unrealized_pnl) / (units * row.average_open_price), `${row.symbol}: percent`, 0.02);
    if (row.option_type) {
      assert.match(row.symbol, new RegExp(`${row.expiration.slice(2).replaceAll("-", "")}${row.option_type}${String(row.strike * 1000).padStart(8, "0")}$`));
      assert.equal(row.is_itm, row.option_type === "C" ? row.underlying_price > row.strike : row.underlying_price < row.strike, row.symbol);
      assert.equal(row.is_tested, row.is_itm && sign < 0);
      const today = new Date().toLocaleDateString("en-CA", { timeZone: "America/New_York" });
      assert.equal(row.dte, (Date.parse(row.expiration) - Date.parse(today)) / 86_400_000, row.symbol);
    }
    if (row.option_type && sign < 0) near(row.percent_of_max_profit, 100 * (1 - row.mark_price / row.average_open_price), `${row.symbol}: of the most`, 0.02);
    else assert.equal(row.percent_of_max_profit, null, row.symbol);
  }
  const has = (what, condition) => assert.ok(positions.some(condition), `there is no ${what}`);
  has("stock that won", (row) => !row.option_type && row.unrealized_pnl > 0);
  has("stock that lost", (row) => !row.option_type && row.unrealized_pnl < 0);
  has("short call", (row) => row.option_type === "C" && row.quantity_direction === "Short");
  has("short put", (row) => row.option_type === "P" && row.quantity_direction === "Short");
  has("tested put", (row) => row.is_tested && row.option_type === "P");
  has("long call", (row) => row.option_type === "C" && row.quantity_direction === "Long");
  has("winner", (row) => row.percent_of_max_profit > 30);

  const key = (row) => `${row.account} ${row.underlying_symbol} ${row.expiration}`;
  assert.deepEqual(groups.map(key), [...new Set(positions.map(key))]);
  for (const group of groups) {
    const legs = positions.filter((row) => key(row) === key(group));
    assert.equal(group.legs, legs.length);
    near(group.unrealized_pnl, sum(legs.map((row) => row.unrealized_pnl)), key(group));
    near(group.theta, sum(legs.map((row) => row.position_theta)), key(group), 0.01);
  }
  const spread = groups.find(({ legs, underlying_symbol: symbol }) => legs === 2 && symbol === "SPY");
  near(spread.percent_of_max_profit, (100 * (spread.credit + spread.mark)) / spread.credit, "a spread", 0.02);
  near(totals.unrealized_pnl, sum(positions.map((row) => row.unrealized_pnl)), "all together");
  assert.equal(totals.positions, positions.length);

  for (const underlying of ["aapl", "AAPL"]) {
    const { positions: narrowed } = await called("get_positions", { underlying });
    assert.deepEqual(narrowed.map(({ symbol }) => symbol), positions.filter((row) => row.underlying_symbol === "AAPL").map(({ symbol }) => symbol));
  }
  assert.deepEqual((await called("get_positions", { underlying: "ZZZZ" })).positions, []);
});

test("4: greeks", async () => {
  const { positions } = await called("get_positions", { account: "all" });
  const worth = positions.filter((row) => row.option_type && row.mark_price > 0.02);
  assert.ok(worth.length > 5);
  for (const row of worth) {
    assert.equal(row.greeks_source, "dxlink", row.symbol);
    const sign = row.quantity_direction === "Short" ? -1 : 1;
    assert.ok(row.option_type === "C" ? row.delta > 0 : row.delta < 0, row.symbol);
    assert.ok(row.gamma >= 0 && row.vega >= 0 && row.iv > 1 && row.iv < 300, JSON.stringify(row));
    for (const greek of ["delta", "gamma", "theta", "vega"]) near(row[`position_${greek}`], sign * row.quantity * row.multiplier * row[greek], `${row.symbol} ${greek}`, 0.001);
  }
  for (const row of positions.filter((one) => !one.option_type)) near(row.position_delta, row.quantity, row.symbol, 0);

  const mark = await sim.mark();
  const without = await called("get_positions", { include_greeks: false });
  assert.ok(without.positions.every((row) => row.delta === null && row.greeks_source === null));
  assert.deepEqual(await sim.since(mark, /api-quote-tokens|dxlink/), []);

  // The stream cannot be had: the greeks are computed, say so, and are about the same.
  await sim.fault({ path: "/dxlink", fault: "500", times: null });
  await sim.closeSockets();
  await poll("no socket is open", async () => ((await sim.state()).sockets["/dxlink"] ?? 0) === 0);
  const { positions: others, text } = await called("get_positions", { account: INCOME });
  const computed = others.filter((row) => row.option_type && row.mark_price > 0.2);
  assert.ok(computed.length > 5);
  for (const row of computed) {
    assert.equal(row.greeks_source, "computed", row.symbol);
    const live = worth.find(({ symbol, account }) => symbol === row.symbol && account === row.account);
    near(row.delta, live.delta, `${row.symbol} delta`, 0.12);
  }
  assert.match(text, /COMPUTED/);
});

/** All pages of the transactions since the beginning. */
async function everything(account, limit) {
  const all = [];
  for (let page = 1; ; page += 1) {
    const found = await mcp.ok("get_transactions", { account, start_date: "2025-01-01", limit, page });
    all.push(...found.transactions);
    if (!found.has_more) return { all, total: found.total_items };
    assert.equal(found.transactions.length, limit);
  }
}

test("5: transactions", async () => {
  const accounts = {};
  for (const number of [INCOME, RETIREMENT]) {
    const { all, total } = await everything(number, 200);
    accounts[number] = all;
    assert.equal(all.length, total);
    assert.equal(new Set(all.map(({ id }) => id)).size, total);
    assert.deepEqual(all.map(({ executed_at: at }) => at), all.map(({ executed_at: at }) => at).toSorted().reverse());
    const { balances: [balance] } = await called("get_balances", { account: number });
    near(sum(all.map(({ net_value: net }) => net)), balance.cash_balance, `${number}: the cash`);
    for (const row of all) near(row.net_value, row.value + (row.fees ?? 0), `${row.id}: value and fees`, 0.0001);

    const { positions } = await mcp.ok("get_positions", { account: number, include_greeks: false });
    const held = {};
    for (const { symbol, quantity, action } of all) {
      if (symbol && quantity) held[symbol] = (held[symbol] ?? 0) + (action.startsWith("Buy") ? quantity : -quantity);
    }
    const open = Object.fromEntries(Object.entries(held).filter(([, count]) => count !== 0));
    assert.deepEqual(open, Object.fromEntries(positions.map((row) => [row.symbol, row.quantity_direction === "Short" ? -row.quantity : row.quantity])));
  }
  const { all: both } = await everything("all", 150);
  const newest = both.map(({ executed_at: at, id }) => [at, id]);
  assert.equal(both.length, accounts[INCOME].length + accounts[RETIREMENT].length);
  assert.deepEqual(newest, newest.toSorted(([at, id], [other, second]) => (at === other ? second - id : at < other ? 1 : -1)));

  const trades = await called("get_transactions", { account: "0001", symbol: "spy", type: "Trade", start_date: "2026-01-01", limit: "10" });
  assert.equal(trades.transactions.length, 10);
  assert.ok(trades.transactions.every((row) => row.underlying_symbol === "SPY" && row.transaction_type === "Trade"));
  assert.match(trades.text, /10 of \d+, page 1; the next are on page 2/);
  const [{ symbol }] = trades.transactions;
  const one = await called("get_transactions", { account: "0001", symbol, startDate: "2026-01-01" });
  assert.ok(one.transactions.length > 0 && one.transactions.every((row) => row.symbol === symbol));
  const money = await called("get_transactions", { account: "all", type: "money_movement", start_date: "2025-03-01", end_date: "2025-03-31" });
  assert.ok(money.transactions.some((row) => row.transaction_sub_type === "Deposit" && row.net_value > 0), money.text);
  assert.ok(money.transactions.every((row) => row.transaction_date >= "2025-03-01" && row.transaction_date <= "2025-03-31"));
});

test("6: orders", async () => {
  const filled = await called("get_orders", { account: "0001", status: ["filled"], start_date: "2026-01-01", limit: 100 });
  assert.ok(filled.orders.length > 5 && filled.orders.every((order) => order.status === "Filled" && !order.is_working));
  for (const order of filled.orders) {
    assert.ok(order.legs.length > 0 && order.price >= 0 && ["Credit", "Debit", "None"].includes(order.price_effect), JSON.stringify(order));
    for (const leg of order.legs) assert.ok(leg.filled_quantity === leg.quantity && leg.average_fill_price >= 0, JSON.stringify(leg));
  }
  // An order and its transactions are one story.
  const { transactions } = await mcp.ok("get_transactions", { account: "0001", start_date: "2026-01-01", limit: 200 });
  const [order] = filled.orders;
  const its = transactions.filter((row) => row.order_id === order.id);
  assert.deepEqual(its.map((row) => [row.symbol, row.action, row.quantity, row.price]).toSorted(), order.legs.map((leg) => [leg.symbol, leg.action, leg.quantity, leg.average_fill_price]).toSorted());

  const spy = await called("get_orders", { account: "0001", symbol: "SPY", start_date: "2026-01-01", end_date: "2026-06-30" });
  assert.ok(spy.orders.length > 0 && spy.orders.every((one) => one.underlying_symbol === "SPY" && one.received_at < "2026-07-02"));

  const placed = await rest("POST", `/accounts/${INCOME}/orders`, {
    "order-type": "Limit", "time-in-force": "GTC", price: "1.00", "price-effect": "Debit",
    legs: [{ "instrument-type": "Equity", symbol: "MSFT", quantity: 1, action: "Buy to Open" }],
  });
  const { id } = placed.order;
  try {
    const { orders, text } = await called("get_orders", { status: "working", symbol: "MSFT" });
    assert.deepEqual(orders.map((one) => [one.id, one.account, one.is_working, one.price, one.price_effect, one.legs[0].filled_quantity]), [[id, masked(INCOME), true, 1, "Debit", 0]]);
    assert.match(text, /Limit GTC 1 debit: Buy to Open 1 MSFT/);
    assert.ok((await called("get_orders")).orders.some((one) => one.id === id));
    assert.deepEqual((await called("get_orders", { account: "0002" })).orders.filter((one) => one.id === id), []);
  } finally {
    await rest("DELETE", `/accounts/${INCOME}/orders/${id}`);
  }
  assert.deepEqual((await called("get_orders", { status: "working", symbol: "MSFT" })).orders, []);
  assert.ok((await called("get_orders", { status: "canceled" })).orders.some((one) => one.id === id));
});

test("7: the worth over time", async () => {
  const { balances } = await called("get_balances");
  for (const range of ["1d", "1w", "1m", "3m", "6m", "1y", "all"]) {
    const { series, range: named } = await called("get_net_liq_history", { range });
    assert.equal(named, range);
    assert.equal(series.length, 2);
    for (const [at, one] of series.entries()) {
      assert.equal(one.account, balances[at].account);
      near(one.last, balances[at].net_liquidating_value, `${range}: the end`);
      near(one.change, one.last - one.first, `${range}: the change`);
      const lengths = ["time", "open", "high", "low", "close"].map((name) => one[name].length);
      assert.ok(lengths[0] > 0 && lengths[0] <= 260 && lengths.every((length) => length === lengths[0]), `${range}: ${lengths}`);
      assert.deepEqual(one.time, one.time.toSorted());
      near(one.highest, Math.max(...one.high), `${range}: the most`, 0);
      near(one.lowest, Math.min(...one.low), `${range}: the least`, 0);
      assert.ok(one.max_drawdown >= 0 && one.max_drawdown <= one.highest - one.lowest + 0.01, range);
    }
  }
  assert.equal((await called("get_net_liq_history")).range, "1m");
});

test("8: what cannot be served", async () => {
  for (const [name, args, argument] of [
    ["get_transactions", { start_date: "soon" }, "start_date"],
    ["get_transactions", { start_date: "2026-02-30" }, "start_date"],
    ["get_transactions", { start_date: "2026-11-02", end_date: "2026-11-01" }, "end_date"],
    ["get_transactions", { limit: 0 }, "limit"],
    ["get_transactions", { limit: 201 }, "limit"],
    ["get_transactions", { page: 0 }, "page"],
    ["get_transactions", { page: 1000, limit: 200 }, "page"],
    ["get_transactions", { type: "gift" }, "type"],
    ["get_transactions", { symbol: "no symbol!" }, "symbol"],
    ["get_orders", { end_date: "11/20/2026" }, "end_date"],
    ["get_orders", { status: "done" }, "status"],
    ["get_orders", { symbol: "AAPL  261218C00255000" }, "symbol"],
    ["get_orders", { limit: 101 }, "limit"],
    ["get_positions", { underlying: "\u0007" }, "underlying"],
    ["get_positions", { include_greeks: "perhaps" }, "include_greeks"],
    ["get_net_liq_history", { range: "5y" }, "range"],
    ["get_balances", { account: "x".repeat(300) }, "account"],
  ]) {
    const error = await mcp.error(name, args);
    assert.equal(error.details.argument, argument, `${name} ${JSON.stringify(args)}: ${JSON.stringify(error)}`);
    assert.equal(error.reason, argument === "account" ? "account_not_found" : "invalid_arguments");
    assert.ok(error.message.length < 400, error.message);
  }
});

test("9: somebody else's account", async () => {
  for (const name of TOOLS.filter((tool) => tool !== "get_accounts")) {
    const mark = await sim.mark();
    const [foreign, never] = [await theirs.error(name, { account: INCOME }), await theirs.error(name, { account: "5WX19999" })];
    assert.equal(foreign.reason, "account_not_found", name);
    assert.deepEqual(foreign, never, name);
    assert.deepEqual(await sim.since(mark, /^\/(accounts|customers)/), [], name);
    const own = await theirs.ok(name, { account: SECOND.slice(-4) });
    const text = JSON.stringify(own);
    assert.ok(!text.includes("0002") || !text.includes("Retirement"), name);
    assert.doesNotMatch(text, /5WX\d/, name);
  }
  const { accounts } = await theirs.ok("get_accounts");
  assert.deepEqual(accounts.map(({ nickname, is_default: isDefault }) => [nickname, isDefault]), [["Individual", true]]);
  const { positions } = await theirs.ok("get_positions");
  assert.deepEqual(positions.map(({ symbol }) => symbol), ["IWM", "SPY"]);
});

const resource = async (from, uri) => JSON.parse((await from.request("resources/read", { uri })).body.result.contents[0].text);

test("10: TastyTrade does not answer", async () => {
  const live = await called("get_positions", { include_greeks: false });
  await sim.fault({ path: `/accounts/${RETIREMENT}/*`, fault: "500", times: null });
  const partly = await called("get_positions", { include_greeks: false });
  assert.equal(partly.source, "rest");
  assert.deepEqual(partly.positions.map(({ symbol }) => symbol), live.positions.map(({ symbol }) => symbol));
  assert.match(partly.notes.join(" "), /••••0002 is not live but as of the last sync/);
  assert.match((await called("get_transactions", { limit: 5 })).notes.join(" "), /••••0002 is missing/);

  await sim.fault({ path: "/accounts/*", fault: "502html", times: null });
  for (const name of ["get_positions", "get_balances"]) {
    const { source, notes, text, as_of: asOf } = await called(name);
    assert.equal(source, "last_sync", name);
    assert.match(text, /NOT LIVE, from the last sync/, name);
    assert.ok(notes.length === 2 && Date.parse(asOf) < Date.now(), name);
  }
  for (const name of ["get_transactions", "get_orders", "get_net_liq_history"]) assert.equal((await mcp.error(name)).reason, "upstream_unavailable", name);
  for (const uri of ["portfolio://positions", "portfolio://balances"]) assert.equal((await resource(mcp, uri)).source, "last_sync", uri);
  await sim.fault({ path: "/customers/*", fault: "500", times: null });
  const { accounts, source } = await called("get_accounts");
  assert.deepEqual([accounts.length, source], [2, "last_sync"]);
});

test("11: the login is gone", async () => {
  const saver = client(stack, (await login(stack, { user: "saver" })).token);
  await synced("U0005555555");
  assert.equal((await resource(saver, "portfolio://positions")).source, "rest");
  await sim.revoke("saver");
  for (const name of TOOLS) assert.equal((await saver.error(name)).reason, "reconnect_required", name);
  for (const uri of ["portfolio://positions", "portfolio://balances"]) {
    const { source, notes, positions, accounts } = await resource(saver, uri);
    assert.equal(source, "last_sync", uri);
    assert.ok((positions ?? accounts).length > 0 && notes.some((note) => note.includes("/login")), notes.join(" "));
  }
});

test("12: scopes and toolsets", async () => {
  const { token: limited } = await login(stack, { scopes: ["market:read"] });
  for (const name of TOOLS) {
    const { status, headers } = await client(stack, limited).request("tools/call", { name, arguments: {} });
    assert.equal(status, 403, name);
    assert.match(headers.get("www-authenticate"), /insufficient_scope.*account:read/);
  }
  const { body } = await client(stack, token, { path: "/mcp?tools=account" }).request("tools/list");
  const names = body.result.tools.map(({ name }) => name);
  assert.deepEqual(TOOLS.filter((name) => !names.includes(name)), []);
  assert.ok(!names.includes("get_quote"));
  for (const tool of body.result.tools.filter(({ name }) => TOOLS.includes(name))) {
    assert.equal(tool.annotations.readOnlyHint, true);
    assert.ok(tool.outputSchema && tool.title, tool.name);
  }
});
