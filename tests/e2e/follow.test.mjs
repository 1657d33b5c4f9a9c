// Following the user's accounts: TastyTrade's account streamer, held while somebody looks at the portfolio. Cases:
//  1. where nobody follows there is no socket: after logins, calls, a page that follows syncs alone, a subscription to nothing
//  2. an order that is filled reaches the official client's subscription, a legacy session's stream and the dashboard's channel
//     over one socket; account numbers are masked; positions that are read then are the new ones; what was told is no other
//     user's
//  3. the socket is closed when the last one has left, and not before
//  4. a socket that breaks, and one that is refused for its token: opened again, with another token, and all counts as changed
//  5. a streamer that is out of order is in no call's way, and is asked again after growing pauses
//  6. a user who disconnects is followed no longer, and is again after the next login
//  7. a page whose browser has logged out is told nothing more and is closed
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { connect } from "../lib/live.mjs";
import { login } from "../lib/login.mjs";
import { openMarket } from "../lib/market.mjs";
import { client, LEGACY, legacy, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { csrfOf, send } from "../lib/settings-pages.mjs";
import { simulator } from "../lib/sim.mjs";
import { ownPort, runtimes } from "../lib/sockets.mjs";
import { open } from "../lib/sse.mjs";
import { useStack } from "../lib/stack.mjs";

const POSITIONS = "portfolio://positions";
const BALANCES = "portfolio://balances";
const UPDATED = "notifications/resources/updated";
const STREAMER = "/streamer";
const INCOME = "5WX10001";
const MASKED = "••••0001";
/** For what goes through sockets, objects and timers. */
const patient = { within: 30_000 };

// A stack of its own: sockets are closed, tokens expire, a user disconnects.
const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: "0" } });
const sim = simulator(stack);
await openMarket(sim);
const { token, browser } = await login(stack);
const second = await login(stack, { user: "second" });
const mcp = client(stack, token);
// A client that only goes is missed at the runtime's own socket by the next keep-alive, and behind wrangler's proxy later.
const { host } = new URL(stack.url);
const direct = `http://127.0.0.1:${await ownPort(await runtimes(stack), stack.url, "/.well-known/oauth-protected-resource", ({ resource }) => resource.startsWith(stack.url))}/mcp`;
const tab = (by) => connect(stack, { cookie: by.cookieHeader(stack.url) });

const streamers = async () => (await sim.state()).sockets[STREAMER] ?? 0;
/** How many sockets were opened since a mark that `count()` gave. */
const count = async () => (await sim.state()).requests[STREAMER] ?? 0;
const opened = async (mark) => (await count()) - mark;
const sockets = (count, options = patient) => poll(`${count} sockets of the account streamer`, async () => (await streamers()) === count, options);
/** The account streamer counts as following once it has told of something. */
async function following(page) {
  const from = page.messages.length;
  await poll("news over the account streamer", async () => {
    await sim.announce(INCOME, "AccountBalance");
    return poll("the news", () => page.messages.slice(from).find(({ channel }) => channel === "portfolio"), { within: 1_500 }).catch(() => null);
  }, patient);
}

/** TastyTrade's API as the user's own programs see it. */
const grant = await sim.grant("trader");
const minted = await fetch(`${stack.simUrl}/oauth/token`, { method: "POST", headers: { "content-type": "application/json", "user-agent": "ttai-tests/1" }, body: JSON.stringify({ grant_type: "refresh_token", ...grant }) });
const { access_token: own } = await minted.json();
async function buy(symbol, quantity) {
  const order = { "order-type": "Market", "time-in-force": "Day", legs: [{ "instrument-type": "Equity", symbol, quantity, action: "Buy to Open" }] };
  const answer = await fetch(`${stack.simUrl}/accounts/${INCOME}/orders`, { method: "POST", headers: { authorization: `Bearer ${own}`, "content-type": "application/json", "user-agent": "ttai-tests/1" }, body: JSON.stringify(order) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).data.order.id;
}

const listen = (notifications, by = token) => {
  const { message, headers } = modern("subscriptions/listen", { notifications });
  return open(direct, { token: by, message, headers: { ...headers, host } });
};

/** The official client of the stateless era, subscribed to a resource; `updates` are what it was told. */
async function subscriber(...uris) {
  const updates = [];
  const official = new Client({ name: "ttai-suite-follow", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  official.setNotificationHandler(UPDATED, ({ params }) => void updates.push(params.uri));
  await official.connect(new StreamableHTTPClientTransport(new URL(direct), { requestInit: { headers: { authorization: `Bearer ${token}`, host } } }));
  const subscription = await official.listen({ resourceSubscriptions: uris });
  after(() => official.close());
  return { updates, leave: () => subscription.close() };
}

/** A client of a legacy session that is subscribed and holds the session's stream. */
async function holder(...uris) {
  const ask = (method, params, headers = {}) => {
    const made = legacy(method, params);
    return post(`${stack.url}/mcp`, made.message, { token, headers: { ...made.headers, ...headers } });
  };
  const { headers } = await ask("initialize", { protocolVersion: LEGACY, capabilities: { elicitation: {} }, clientInfo: { name: "t", version: "1" } });
  const session = { "mcp-session-id": headers.get("mcp-session-id") };
  const stream = await open(`${stack.url}/mcp`, { token, headers: session });
  for (const uri of uris) assert.deepEqual((await ask("resources/subscribe", { uri }, session)).body.result, {});
  return { stream, leave: () => open(`${stack.url}/mcp`, { method: "DELETE", token, headers: session }) };
}

const isUpdate = (uri) => ({ data }) => data?.method === UPDATED && data.params.uri === uri;
const isNews = (kind, fits = () => true) => ({ channel, data }) => channel === "portfolio" && data.kind === kind && fits(data);

test("1: nobody follows", async () => {
  const mark = await count();
  const page = await tab(browser);
  await page.subscribe("sync");
  const nothing = await listen({ toolsListChanged: true, resourceSubscriptions: ["knowledge://trading/risk"] });
  await nothing.event("the acknowledgement", () => true);
  await mcp.ok("get_positions");
  await mcp.ok("get_balances");
  await sim.announce(INCOME, "AccountBalance");
  assert.deepEqual([await opened(mark), await streamers()], [0, 0]);
  nothing.close();
  await page.close();
});

test("2 and 3: an order that is filled, and the end", async () => {
  const mark = await count();
  const [page, theirs] = [await tab(browser), await tab(second.browser)];
  await page.subscribe("sync", "portfolio");
  await theirs.subscribe("portfolio");
  const [official, held] = [await subscriber(POSITIONS), await holder(BALANCES)];
  await following(page);
  await sockets(2);
  assert.equal(await opened(mark), 2, "one for each user, however many follow");

  const before = (await mcp.ok("get_positions", { account: "0001", underlying: "KO" })).positions.filter(({ symbol }) => symbol === "KO");
  const id = await buy("KO", 7);
  const order = await page.message("the order", isNews("order", (news) => news.status === "Filled"), patient);
  assert.deepEqual([order.data.account, String(order.data.id), order.data.underlying_symbol], [MASKED, String(id), "KO"]);
  const position = await page.message("the position", isNews("position", ({ symbol }) => symbol === "KO"), patient);
  const quantity = 7 + (before[0]?.quantity ?? 0);
  assert.deepEqual([position.data.account, position.data.quantity, position.data.quantity_direction], [MASKED, quantity, "Long"]);
  const balance = await page.message("the balance", isNews("balance"), patient);
  assert.equal(balance.data.account, MASKED);
  assert.ok(balance.data.net_liquidating_value > 1_000 && Number.isFinite(balance.data.cash_balance));
  await poll("the official client is told", () => official.updates.includes(POSITIONS), patient);
  await held.stream.event("the session's stream is told", isUpdate(BALANCES), patient);
  assert.deepEqual([...new Set(official.updates)], [POSITIONS], "of what it asked for alone");
  assert.ok(!held.stream.events.some(isUpdate(POSITIONS)));

  const { positions, source } = await mcp.ok("get_positions", { account: "0001", underlying: "KO" });
  assert.deepEqual([source, positions.find(({ symbol }) => symbol === "KO").quantity], ["rest", quantity]);
  const all = JSON.stringify([page.messages, held.stream.events, official.updates]);
  assert.doesNotMatch(all, /5WX\d/, "no whole account number");
  assert.ok(!theirs.messages.some(({ channel }) => channel === "portfolio"), "nothing of another user's");

  await theirs.close();
  await sockets(1);
  await page.close();
  await official.leave();
  assert.equal(await streamers(), 1, "somebody still follows");
  await held.leave();
  await sockets(0);
  assert.equal(await opened(mark), 2);
});

test("4: sockets that break and tokens that are refused", async () => {
  const page = await tab(browser);
  await page.subscribe("portfolio");
  await following(page);
  const held = await holder(POSITIONS, BALANCES);
  const mints = await sim.mints("trader");
  await sim.expireAccess("trader");
  await sim.closeSockets();
  await page.message("that it is connected again", isNews("reconnected"), patient);
  await poll("all counts as changed", () => [POSITIONS, BALANCES].every((uri) => held.stream.events.some(isUpdate(uri))), patient);
  assert.equal(await sim.mints("trader"), mints + 1, "one token, when the one that was held was refused");
  await sockets(1);
  await following(page);
  await held.leave();
  await page.close();
  await sockets(0);
});

test("5: a streamer that is out of order", async () => {
  await sim.fault({ path: STREAMER, fault: "500", times: null });
  const [mark, from] = [await count(), await sim.mark()];
  const page = await tab(browser);
  await page.subscribe("portfolio");
  await poll("attempts", async () => (await opened(mark)) >= 3, { ...patient, every: 200 });
  assert.equal((await mcp.ok("get_balances")).source, "rest");
  const attempts = (await sim.since(from, /^\/streamer$/)).map(({ started }) => Date.parse(started));
  assert.ok(attempts[2] - attempts[1] >= 950 && attempts[1] - attempts[0] >= 450, `pauses: ${attempts}`);
  await sim.clear();
  await following(page);
  await page.close();
  await sockets(0);
});

test("6: a user who disconnects", async () => {
  const page = await tab(browser);
  await page.subscribe("portfolio");
  await following(page);
  const mark = await count();
  const { status } = await send(stack, browser, "/settings/disconnect", { csrf: await csrfOf(stack, browser) });
  assert.equal(status, 303);
  await sockets(0);
  assert.equal(await opened(mark), 0);
  await login(stack, { browser });
  await following(page);
  await page.close();
  await sockets(0);
});

test("7: a page of a session that has ended", async () => {
  const [page, other] = [await tab(browser), await tab((await login(stack)).browser)];
  for (const one of [page, other]) await one.subscribe("portfolio");
  await following(page);
  await following(other);
  const before = page.messages.length;
  assert.equal((await send(stack, browser, "/logout", { csrf: await csrfOf(stack, browser) })).status, 200);
  await following(other);
  await poll("the page is closed", () => page.socket.readyState === 3, patient);
  assert.deepEqual(page.messages.slice(before), []);
  await other.close();
  await sockets(0);
});
