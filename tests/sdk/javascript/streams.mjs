// The streaming half of TastyTrade's JavaScript SDK, unmodified, against the simulator: market data over DXLink and the
// account streamer. Prints one line of JSON for each feature: {"feature": ..., "ok": ..., "error"?: ...}. A process of its
// own, since the SDK leaves its market data socket open.
//
// Usage: streams.mjs <the simulator's address> <client secret> <refresh token>
import assert from "node:assert/strict";
import TastytradeClient, { CandleType, MarketDataSubscriptionType } from "@tastytrade/api";

const [simulator, clientSecret, refreshToken] = process.argv.slice(2);
const WITHIN = 20_000;

const client = new TastytradeClient({
  baseUrl: simulator,
  accountStreamerUrl: `${simulator.replace(/^http/, "ws")}/streamer`,
  clientSecret,
  refreshToken,
  oauthScopes: ["read"],
});

/** Waits until `done` says so. */
async function until(what, done) {
  const end = Date.now() + WITHIN;
  while (!done()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${WITHIN} ms`);
    await new Promise((next) => setTimeout(next, 25));
  }
}

async function control(path, body) {
  const init = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${simulator}/sim/${path}`, init);
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

const events = [];
const has = (type, symbol) => events.findLast(({ eventType, eventSymbol }) => eventType === type && eventSymbol === symbol);

const features = {
  async "quotes and more"() {
    await client.quoteStreamer.connect();
    client.quoteStreamer.addEventListener((batch) => events.push(...batch));
    client.quoteStreamer.subscribe(["SPY", "AAPL"]);
    for (const type of ["Quote", "Trade", "Summary", "Profile", "Underlying"]) await until(type, () => has(type, "SPY") && has(type, "AAPL"));
    const { bidPrice, askPrice } = has("Quote", "SPY");
    assert.ok(0 < bidPrice && bidPrice < askPrice, `${bidPrice} ${askPrice}`);
    assert.ok(has("Summary", "AAPL").prevDayClosePrice > 0 && has("Profile", "AAPL").description);
  },

  async greeks() {
    const now = new Date((await control("state")).now);
    const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 2, 15));
    while (day.getUTCDay() !== 5) day.setUTCDate(day.getUTCDate() + 1);
    const strike = Math.round(has("Quote", "AAPL").bidPrice / 10) * 10;
    const symbol = `.AAPL${day.toISOString().slice(2, 10).replaceAll("-", "")}P${strike}`;
    client.quoteStreamer.subscribe([symbol], [MarketDataSubscriptionType.Greeks, MarketDataSubscriptionType.Quote]);
    await until(`greeks of ${symbol}`, () => has("Greeks", symbol) && has("Quote", symbol));
    const { delta, theta, volatility } = has("Greeks", symbol);
    assert.ok(-1 < delta && delta < 0 && theta < 0 && volatility > 0, JSON.stringify(has("Greeks", symbol)));
  },

  async candles() {
    const now = Date.parse((await control("state")).now);
    client.quoteStreamer.subscribeCandles("AAPL", now - 30 * 86_400_000, 1, CandleType.Day);
    const candles = () => events.filter(({ eventType, eventSymbol }) => eventType === "Candle" && eventSymbol === "AAPL{=d}");
    await until("a whole snapshot", () => candles().some(({ eventFlags }) => eventFlags & 0x18));
    const full = candles().filter(({ eventFlags }) => !(eventFlags & 0x02));
    assert.ok(full.length >= 15, `${full.length} candles`);
    for (const { open, high, low, close } of full) assert.ok(low <= open && open <= high && low <= close && close <= high);
  },

  async unsubscribing() {
    client.quoteStreamer.unsubscribe(["SPY"]);
    client.quoteStreamer.disconnect();
  },

  async "account streamer"() {
    const accounts = await client.accountsAndCustomersService.getCustomerAccounts();
    const number = accounts[0].account["account-number"];
    const told = [];
    client.accountStreamer.addMessageObserver((message) => told.push(message));
    await client.accountStreamer.start();
    assert.equal(await client.accountStreamer.subscribeToAccounts([number]), "connect");
    const { "external-id": externalId } = await client.accountsAndCustomersService.getCustomerResource();
    await client.accountStreamer.subscribeToUser(externalId);
    await until("the acknowledgement", () => told.some(({ action, status }) => action === "user-message-subscribe" && status === "ok"));
    for (const kind of ["AccountBalance", "CurrentPosition"]) {
      await control("announce", { account: number, kind });
      await until(kind, () => told.some(({ type, data }) => type === kind && data["account-number"] === number));
    }
    await until("a heartbeat", () => told.some(({ action, status }) => action === "heartbeat" && status === "ok"));
    client.accountStreamer.stop();
  },
};

for (const [feature, run] of Object.entries(features)) {
  const line = await run().then(
    () => ({ feature, ok: true }),
    (error) => ({ feature, ok: false, error: String(error?.stack ?? error).slice(-3000) }),
  );
  console.log(JSON.stringify(line));
}
process.exit(0);
