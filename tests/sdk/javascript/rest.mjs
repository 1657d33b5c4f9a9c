// The REST half of TastyTrade's JavaScript SDK, unmodified, against the simulator. Prints one line of JSON for each feature:
// {"feature": ..., "ok": ..., "error"?: ...}.
//
// Usage: rest.mjs <the simulator's address> <client secret> <refresh token>
import assert from "node:assert/strict";
import TastytradeClient from "@tastytrade/api";

const [simulator, clientSecret, refreshToken] = process.argv.slice(2);

const client = new TastytradeClient({
  baseUrl: simulator,
  accountStreamerUrl: `${simulator.replace(/^http/, "ws")}/streamer`,
  clientSecret,
  refreshToken,
  oauthScopes: ["read", "trade"],
  targetApiVersion: "20251101",
});

const INCOME = "5WX10001";
const IRA = "5WX10002";
const near = (left, right, within) => Math.abs(left - right) < within;
const sum = (values) => values.reduce((total, value) => total + value, 0);

const features = {
  async "customer and accounts"() {
    const me = await client.accountsAndCustomersService.getCustomerResource();
    assert.equal(me["first-name"], "Tess");
    const accounts = await client.accountsAndCustomersService.getCustomerAccounts();
    assert.deepEqual(accounts.map(({ account }) => account["account-number"]), [INCOME, IRA]);
    assert.equal((await client.accountsAndCustomersService.getFullCustomerAccountResource(IRA))["account-type-name"], "Roth IRA");
    assert.equal((await client.accountStatusService.getAccountStatus(INCOME))["options-level"], "No Restrictions");
    assert.match((await client.accountsAndCustomersService.getApiQuoteToken())["dxlink-url"], /^ws:\/\/.+\/dxlink$/);
  },

  async "balances and positions"() {
    for (const number of [INCOME, IRA]) {
      const [balance] = await client.balancesAndPositionsService.getAccountBalanceValues(number);
      const positions = await client.balancesAndPositionsService.getPositionsList(number, { "include-marks": true });
      const marks = positions.map((position) => Number(position.mark) * (position["quantity-direction"] === "Short" ? -1 : 1));
      assert.ok(near(Number(balance["cash-balance"]) + sum(marks), Number(balance["net-liquidating-value"]), 0.005));
    }
    const apple = await client.balancesAndPositionsService.getPositionsList(INCOME, { "underlying-symbol": ["AAPL"] });
    assert.ok(apple.length >= 2 && apple.every((position) => position["underlying-symbol"] === "AAPL"));
    assert.ok((await client.balancesAndPositionsService.getBalanceSnapshots(INCOME, { "time-of-day": "EOD" })).length > 0);
  },

  async transactions() {
    const page = await client.transactionsService.getAccountTransactions(INCOME, { "per-page": 40, "page-offset": 1 });
    assert.equal(page.length, 40);
    const one = await client.transactionsService.getTransaction(INCOME, page[0].id);
    assert.deepEqual(one, page[0]);
    const types = await client.transactionsService.getAccountTransactions(INCOME, { types: ["Money Movement"] });
    assert.ok(types.length > 0 && types.every((one) => one["transaction-type"] === "Money Movement"));
    assert.ok("total-fees" in (await client.transactionsService.getTotalFees(INCOME)));
  },

  async "net liq and margin"() {
    const history = await client.netLiquidatingValueHistoryService.getNetLiquidatingValueHistory(INCOME, { "time-back": "1m" });
    assert.ok(history.length > 15 && history.every((point) => Number(point["total-close"]) > 0));
    assert.ok(Number((await client.netLiquidatingValueHistoryService.getNetLiquidatingValue(INCOME))["net-liq"]) > 0);
    const report = await client.marginRequirementsService.getMarginRequirements(INCOME);
    const total = sum(report.groups.map((group) => Number(group["margin-requirement"])));
    assert.ok(near(total, Number(report["margin-requirement"]), 0.005));
    const effective = await client.riskParametersService.getEffectiveMarginRequirements(INCOME, "AAPL");
    assert.equal(effective["underlying-symbol"], "AAPL");
    assert.ok((await client.riskParametersService.getPositionLimit(INCOME))["equity-order-size"] > 0);
  },

  async orders() {
    const order = {
      "order-type": "Limit", "time-in-force": "Day", price: "1.00", "price-effect": "Debit",
      legs: [{ "instrument-type": "Equity", symbol: "KO", quantity: 3, action: "Buy to Open" }],
    };
    const tried = await client.orderService.postOrderDryRun(IRA, order);
    assert.ok(Number(tried["buying-power-effect"]["change-in-buying-power"]) > 0 && tried["fee-calculation"]["total-fees"], JSON.stringify(tried));
    assert.ok((await client.marginRequirementsService.postMarginRequirements(IRA, { order }))["buying-power-effect"]);
    const { order: placed } = await client.orderService.createOrder(IRA, order);
    assert.equal((await client.orderService.getOrder(IRA, placed.id)).status, "Live");
    assert.ok((await client.orderService.replacementOrderDryRun(IRA, placed.id, { ...order, price: "1.10" })).order);
    const edited = await client.orderService.editOrder(IRA, placed.id, { price: "1.20" });
    assert.deepEqual([edited.price, edited["replaces-order-id"]], ["1.2", placed.id]);
    assert.equal((await client.orderService.postReconfirmOrder(IRA, edited.id)).id, edited.id);
    const replaced = await client.orderService.replaceOrder(IRA, edited.id, { ...order, price: "1.30" });
    assert.equal((await client.orderService.cancelOrder(IRA, replaced.id)).status, "Cancelled");
    const live = await client.orderService.getLiveOrders(IRA);
    assert.ok([placed.id, edited.id, replaced.id].every((id) => live.some((one) => one.id === id)));
    await assert.rejects(client.orderService.cancelOrder(IRA, replaced.id), ({ response }) => response.status === 422);
    await assert.rejects(client.orderService.createOrder(IRA, { ...order, price: undefined }), ({ response }) => response.status === 400 && response.data.error.errors[0].domain === "price");
    const history = await client.orderService.getOrders(INCOME, { "start-date": "2025-01-01", "per-page": 30, status: ["Filled"] });
    assert.ok(history.length === 30 && history.every(({ status }) => status === "Filled"));
    assert.ok((await client.orderService.getCustomerOrders("me", { "account-numbers": [INCOME, IRA], "start-date": "2025-01-01" })).length > 0);
    assert.ok((await client.orderService.getLiveOrdersForCustomer("me")).length > 0);
  },

  async "complex orders"() {
    const leg = { "instrument-type": "Equity", symbol: "MSFT", quantity: 1, action: "Sell to Close" };
    const { "complex-order": complex } = await client.orderService.createComplexOrder(IRA, {
      type: "OCO",
      orders: [
        { "order-type": "Limit", "time-in-force": "GTC", price: "2000", "price-effect": "Credit", legs: [leg] },
        { "order-type": "Stop", "time-in-force": "GTC", "stop-trigger": "1", legs: [leg] },
      ],
    });
    const cancelled = await client.orderService.cancelComplexOrder(IRA, complex.id);
    assert.ok(cancelled.orders.every(({ status }) => status === "Cancelled"), JSON.stringify(cancelled));
  },

  async instruments() {
    const service = client.instrumentsService;
    assert.equal((await service.getSingleEquity("AAPL")).symbol, "AAPL");
    assert.equal((await service.getEquityDefinitions({ symbol: ["SPY", "QQQ"] })).length, 2);
    assert.ok((await service.getActiveEquities({ "per-page": 50 })).length >= 40);
    assert.deepEqual((await service.getCryptocurrencies(["BTC/USD"])).map(({ symbol }) => symbol), ["BTC/USD"]);
    assert.equal((await service.getSingleCryptocurrency("BTC/USD")).symbol, "BTC/USD");
    const [future] = await service.getFutures({ "product-code": ["ES"] });
    assert.equal((await service.getSingleFuture(future.symbol.slice(1)))["streamer-symbol"], future["streamer-symbol"]);
    assert.ok((await service.getFuturesProducts()).length >= 1 && (await service.getSingleFutureProduct("CME", "ES")).code === "ES");
    assert.ok((await service.getFutureOptionsProducts()).length >= 1 && (await service.getSingleFutureOptionProduct("CME", "ES"))["root-symbol"] === "ES");
    assert.deepEqual(await service.getWarrants(), []);
    assert.ok((await service.getQuantityDecimalPrecisions()).length > 0);
  },

  async chains() {
    const service = client.instrumentsService;
    const all = await service.getOptionChain("KO");
    const nested = await service.getNestedOptionChain("KO");
    const compact = await service.getCompactOptionChain("KO");
    const strikes = nested.flatMap(({ expirations }) => expirations.flatMap((expiration) => expiration.strikes));
    assert.equal(strikes.length * 2, all.length);
    assert.equal(sum(compact.map(({ symbols }) => symbols.length)), all.length);
    const { call } = strikes.at(-1);
    assert.equal((await service.getSingleEquityOption(encodeURIComponent(call))).symbol, call);
    assert.deepEqual((await service.getEquityOptions([call])).map(({ symbol }) => symbol), [call]);
    const { futures, "option-chains": options } = await service.getNestedFutureOptionChains("ES");
    assert.ok(futures.length > 1 && options[0].expirations.length > 1);
    const chain = await service.getFutureOptionChain("ES");
    const { symbol } = chain.at(-1);
    assert.equal((await service.getSingleFutureOption(encodeURIComponent(symbol))).symbol, symbol);
    assert.equal((await service.getFutureOptions({ symbol: [symbol] }))[0].symbol, symbol);
  },

  async metrics() {
    const [apple, spy] = await client.marketMetricsService.getMarketMetrics({ symbols: "AAPL,SPY" });
    assert.ok(apple["implied-volatility-index"] > 0 && spy["implied-volatility-index-rank"] <= 1);
    assert.ok((await client.marketMetricsService.getHistoricalDividendData("AAPL")).length > 10);
    assert.ok((await client.marketMetricsService.getHistoricalEarningsData("AAPL", { "start-date": "2025-01-01" })).length > 3);
  },

  async search() {
    assert.equal((await client.symbolSearchService.getSymbolData("TSL"))[0].symbol, "TSLA");
  },

  async watchlists() {
    const service = client.watchlistsService;
    const list = { name: "From JavaScript", "watchlist-entries": [{ symbol: "KO", "instrument-type": "Equity" }] };
    assert.equal((await service.createAccountWatchlist(list)).name, list.name);
    await assert.rejects(service.createAccountWatchlist(list), ({ response }) => response.status === 422);
    await service.replaceWatchlist(encodeURIComponent(list.name), { ...list, "watchlist-entries": [] });
    assert.deepEqual((await service.getSingleWatchlist(encodeURIComponent(list.name)))["watchlist-entries"], []);
    await service.deleteWatchlist(encodeURIComponent(list.name));
    assert.ok((await service.getAllWatchlists()).every(({ name }) => name !== list.name));
    const [first] = await service.getPublicWatchlists();
    assert.equal((await service.getPublicWatchlist(encodeURIComponent(first.name))).name, first.name);
    const [pairs] = await service.getPairsWatchlists();
    assert.ok((await service.getPairsWatchlist(encodeURIComponent(pairs.name)))["pairs-equations"].length > 0);
  },
};

for (const [feature, run] of Object.entries(features)) {
  const line = await run().then(
    () => ({ feature, ok: true }),
    (error) => ({ feature, ok: false, error: `${error?.stack ?? error} ${JSON.stringify(error?.response?.data ?? "")}`.slice(-3000) }),
  );
  console.log(JSON.stringify(line));
}
process.exit(0);
