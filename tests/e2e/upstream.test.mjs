// The user's `Upstream` object: one access token, made once, whoever asks at the same time. Cases:
//  1. twenty calls at once with an access token that has run out: one mint
//  2. twenty calls at once with an access token that TastyTrade no longer accepts: one mint
//  3. a single 401 is not noticed
//  4. the token is kept: further calls mint nothing
//  5. two users mint for themselves
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { login } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const SYMBOLS = ["SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "AMD"];
/** A token with less than this to live is not used any more. */
const MARGIN_SECONDS = 60;

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
// Quotes of this user are never kept, so that every call goes to TastyTrade.
const USER = "delayed";
const mcp = client(stack, (await login(stack, { user: USER })).token);

beforeEach(() => Promise.all([sim.clear(), forgetQuotes(stack)]));

const quote = () => mcp.ok("get_quote", { symbol: "SPY" });

async function twenty() {
  const before = await sim.mints(USER);
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => mcp.ok("get_quote", { symbol: SYMBOLS[index % SYMBOLS.length] })));
  assert.ok(answers.every(({ quotes }) => quotes[0].source === "rest"));
  return (await sim.mints(USER)) - before;
}

test("1: an access token that has run out", async () => {
  await sim.accessLifetime(MARGIN_SECONDS + 4);
  await sim.expireAccess(USER);
  await quote();
  const before = await sim.mints(USER);
  await quote();
  assert.equal(await sim.mints(USER), before, "it still holds");
  await sim.accessLifetime(900);
  const until = Date.now() + 4_100;
  await poll("the token's time is up", () => Date.now() > until, { every: 100 });
  assert.equal(await twenty(), 1);
});

test("2: an access token that TastyTrade no longer accepts", async () => {
  await quote();
  await sim.expireAccess(USER);
  assert.equal(await twenty(), 1);
});

test("3: a single 401", async () => {
  await quote();
  const before = await sim.mints(USER);
  await sim.fault({ path: "/market-data/*", fault: "401", times: 1 });
  const { quotes } = await quote();
  assert.equal(quotes[0].source, "rest");
  assert.equal(await sim.mints(USER), before + 1);
});

test("4: the token is kept", async () => {
  const before = await sim.mints(USER);
  for (let call = 0; call < 3; call += 1) await quote();
  assert.equal(await sim.mints(USER), before);
});

test("5: each user has an own one", async () => {
  const second = client(stack, (await login(stack, { user: "second" })).token);
  const [first, other] = [await sim.mints(USER), await sim.mints("second")];
  await sim.expireAccess("second");
  await Promise.all([second.ok("get_quote", { symbol: "NVDA" }), quote()]);
  assert.equal(await sim.mints(USER), first);
  assert.equal(await sim.mints("second"), other + 1);
});
