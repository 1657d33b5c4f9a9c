// The public SDKs, unmodified, call every REST endpoint that they know of the simulator: what they accept, TastyTrade's own
// servers would have said. Each feature of `python/rest.py` and `javascript/rest.mjs` is a test. Covers customer, accounts,
// balances, positions, transactions, net liq, margin, orders (tried, placed, replaced, cancelled, filled, refused, complex),
// instruments, chains, market data, metrics, sessions, search, watchlists; and what no SDK asks for:
//  1. a token without the scope trade reads, and neither tries nor places orders
//  2. an order that rests is filled when the price comes to it, and the books follow
//  3. lists of orders need a start from version 20261012 on
//
// `TTAI_PYTHON` is a Python with `python/requirements.txt` installed; `npm test` makes one.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { capture } from "../../scripts/lib/exec.mjs";
import { NODE, ROOT } from "../../scripts/lib/paths.mjs";
import { openMarket } from "../lib/market.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);

before(async () => {
  await sim.clear();
  await openMarket(sim);
});

const FEATURES = {
  python: ["customer and session", "accounts", "balances and positions agree", "balance snapshots", "transactions add up to the cash", "net liq history", "margin requirements", "order history", "orders tried placed and filled", "orders that are refused", "a spread tried", "complex orders", "equities and coins", "option chains", "futures and their options", "market data", "market metrics", "dividends and earnings", "sessions and holidays", "search", "watchlists"],
  javascript: ["customer and accounts", "balances and positions", "transactions", "net liq and margin", "orders", "complex orders", "instruments", "chains", "metrics", "search", "watchlists"],
};

const COMMANDS = {
  python: [process.env.TTAI_PYTHON ?? "python3", join(ROOT, "tests/sdk/python/rest.py")],
  javascript: [NODE, join(ROOT, "tests/sdk/javascript/rest.mjs")],
};

for (const [language, [program, script]] of Object.entries(COMMANDS)) {
  test(`the SDK for ${language}`, async (context) => {
    // Every answer and every figure is of one moment.
    const { now } = await sim.state();
    await sim.clock({ now, frozen: true });
    const { client_secret: secret, refresh_token: refresh } = await sim.grant("trader");
    const { code, out, err } = await capture(program, [script, stack.simUrl, secret, refresh], { timeout: 300_000 });
    const lines = out.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    for (const feature of FEATURES[language]) {
      await context.test(feature, () => {
        const line = lines.find((one) => one.feature === feature);
        assert.ok(line, `nothing was said of it; status ${code}\n${err.slice(-3000)}`);
        assert.ok(line.ok, line.error);
      });
    }
    assert.deepEqual(lines.map(({ feature }) => feature), FEATURES[language], "no feature goes untested");
  });
}

const AGENT = { "user-agent": "tests/1.0", "content-type": "application/json" };

async function token(user, scopes) {
  const { client_secret: client, refresh_token: refresh } = await sim.grant(user, scopes);
  const body = JSON.stringify({ grant_type: "refresh_token", client_secret: client, refresh_token: refresh });
  const response = await fetch(`${stack.simUrl}/oauth/token`, { method: "POST", headers: AGENT, body });
  return (await response.json()).access_token;
}

function caller(access) {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${stack.simUrl}${path}`, { method, headers: { ...AGENT, ...headers, authorization: `Bearer ${access}` }, body: body && JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
}

const limit = (symbol, action, quantity, price, effect) => ({
  "order-type": "Limit", "time-in-force": "Day", price, "price-effect": effect,
  legs: [{ "instrument-type": "Equity", symbol, quantity, action }],
});

test("1: without the scope trade", async () => {
  const call = caller(await token("saver", ["read"]));
  assert.equal((await call("GET", "/accounts/5WX50001/orders/live")).status, 200);
  for (const path of ["orders", "orders/dry-run", "complex-orders", "complex-orders/dry-run"]) {
    const { status, body } = await call("POST", `/accounts/5WX50001/${path}`, limit("XOM", "Sell to Close", 1, "900", "Credit"));
    assert.equal(status, 403, path);
    assert.equal(body.error.code, "insufficient_scopes");
  }
});

test("2: the price comes to an order", async () => {
  const call = caller(await token("saver", ["read", "trade"]));
  const quote = async () => Number((await call("GET", "/market-data/Equity/CVX")).body.data.last);
  const books = async () => ({
    shares: (await call("GET", "/accounts/5WX50001/positions?symbol=CVX")).body.data.items.map(({ quantity }) => Number(quantity)),
    cash: Number((await call("GET", "/accounts/5WX50001/balances/USD")).body.data["cash-balance"]),
  });
  const price = await quote();
  const before = await books();
  const { body, status } = await call("POST", "/accounts/5WX50001/orders", limit("CVX", "Buy to Open", 2, (price * 0.9).toFixed(2), "Debit"));
  assert.equal(status, 201, JSON.stringify(body));
  const path = `/accounts/5WX50001/orders/${body.data.order.id}`;
  assert.equal((await call("GET", path)).body.data.status, "Live");
  assert.deepEqual(await books(), before);
  await sim.price("CVX", (price * 0.85).toFixed(2));
  const { body: filled } = await call("GET", path);
  assert.equal(filled.data.status, "Filled", JSON.stringify(filled));
  const paid = Number(filled.data.legs[0].fills[0]["fill-price"]);
  assert.ok(paid <= price * 0.9 && paid > price * 0.8, `${paid} ${price}`);
  const after = await books();
  assert.deepEqual(after.shares, [(before.shares[0] ?? 0) + 2]);
  assert.ok(Math.abs(before.cash - after.cash - 2 * paid) < 0.01, `${before.cash} ${after.cash} ${paid}`);
  await call("POST", "/accounts/5WX50001/orders", { ...limit("CVX", "Sell to Close", 2, "1.00", "Credit") });
  assert.deepEqual((await books()).shares, []);
  await sim.price("CVX", null);
});

test("3: lists of orders need a start", async () => {
  const call = caller(await token("saver", ["read"]));
  const list = (query, version) => call("GET", `/accounts/5WX50001/orders${query}`, undefined, version ? { "accept-version": version } : {});
  assert.equal((await list("", undefined)).status, 200);
  assert.equal((await list("", "20260427")).status, 200);
  assert.equal((await list("", "20261012")).status, 400);
  assert.equal((await list("?start-date=2026-01-01", "20261012")).status, 200);
  assert.equal((await list("?start-date=2026-13-01", "20261012")).status, 400);
});
