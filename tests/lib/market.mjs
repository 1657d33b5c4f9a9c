// Where the simulator's market stands, and what the quote cache knows.
import { kv } from "./explorer.mjs";

/** The fields of a quote, in their order. */
export const QUOTE_FIELDS = ["symbol", "bid", "ask", "last", "mid", "mark", "change", "change_percent", "volume", "open", "high", "low", "close", "prev_close", "iv_rank", "iv_percentile", "iv_30_day", "hv_30_day", "beta", "market_cap", "earnings_date", "metrics_as_of", "source", "updated_at", "as_of"];

const DAY = 86_400_000;

/** Moves the market on to the next session and into the middle of it, from where its time runs on. */
export async function openMarket(sim) {
  const today = new Date().toISOString().slice(0, 10);
  for (let days = 1; days < 12; days += 1) {
    await sim.clock({ now: new Date(Date.parse(`${today}T18:00:00Z`) + days * DAY).toISOString() });
    if ((await sim.state()).market === "Open") return;
  }
  throw new Error("no open session within twelve days");
}

/** Makes the cache forget quotes and metrics, all of them unless some are named: the next call goes to TastyTrade. */
export async function forgetQuotes(stack, ...symbols) {
  const keys = symbols.length ? symbols.flatMap((symbol) => [`quote:${symbol}`, `metrics:${symbol}`]) : (await kv.keys(stack)).filter((key) => /^(quote|metrics):/.test(key));
  await Promise.all(keys.map((key) => kv.delete(stack, key)));
}

/** Makes the cache forget what options were quoted at, and the prices of their underlyings: after the clock was moved those are of another day. */
export async function forgetChains(stack) {
  const keys = (await kv.keys(stack)).filter((key) => /^chain:.*:(live|price)$/.test(key));
  await Promise.all(keys.map((key) => kv.delete(stack, key)));
}
