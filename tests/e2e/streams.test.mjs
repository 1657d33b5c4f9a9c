// Streams that are held: legacy sessions, the transport of 2024-11-05, subscriptions. Cases:
//  1. a session is minted only for a client that can be asked back, and is never required
//  2. a session is its user's alone, ends with DELETE, and answers 404 then
//  3. GET on a session tells of what was subscribed to, and of nothing else
//  4. /sse: the endpoint event, answers on the stream, calls, subscriptions; it ends with the stream
//  5. /sse and /messages: without a token, with a foreign session, with none
//  6. subscriptions/listen: acknowledged first, tagged, told of a sync, of nobody else's; keep-alives
//  7. subscriptions/listen: what is refused
//  8. foreign pages
import assert from "node:assert/strict";
import { test } from "node:test";
import { syncNow } from "../lib/dashboard.mjs";
import { ended } from "../lib/explorer.mjs";
import { login } from "../lib/login.mjs";
import { LEGACY, legacy, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { open } from "../lib/sse.mjs";
import { useStack } from "../lib/stack.mjs";

const POSITIONS = "portfolio://positions";
const BALANCES = "portfolio://balances";
const UPDATED = "notifications/resources/updated";

const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: "0" } });
const { token, browser } = await login(stack);
const second = await login(stack, { user: "second" });
const mcp = `${stack.url}/mcp`;

/** Syncs the user's accounts to the end. */
async function sync(by = browser) {
  const { body } = await syncNow(stack, by);
  await ended(stack, body.workflow_id);
}

// The first logins' own syncs are over before anybody looks on.
await sync();
await sync(second.browser);

/** A request of a legacy client: its answer. */
function send(method, params, { session, by = token } = {}) {
  const { message, headers } = legacy(method, params);
  return post(mcp, message, { token: by, headers: { ...headers, ...(session ? { "mcp-session-id": session } : {}) } });
}

const initialize = (capabilities, by) => send("initialize", { protocolVersion: LEGACY, capabilities, clientInfo: { name: "t", version: "1" } }, { by });

async function session(by) {
  const { headers } = await initialize({ elicitation: {} }, by);
  const id = headers.get("mcp-session-id");
  assert.match(id, /^[\x21-\x7e]{20,}$/);
  return id;
}

const isUpdate = (uri) => ({ data }) => data?.method === UPDATED && data.params.uri === uri;

test("1: who gets a session", async () => {
  for (const [capabilities, minted] of [[{}, false], [{ experimental: {} }, false], [{ elicitation: {} }, true], [{ sampling: {} }, true], [{ roots: { listChanged: true } }, true]]) {
    const { status, headers, body } = await initialize(capabilities);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(headers.get("mcp-session-id") !== null, minted, JSON.stringify(capabilities));
    assert.equal(body.result.capabilities.resources.subscribe === true, minted, "it is told of changes only where there is a session");
  }
  const call = { name: "get_quote", arguments: { symbol: "SPY" } };
  for (const named of [undefined, "unknown", await session()]) {
    const { status, body } = await send("tools/call", call, { session: named });
    assert.equal(status, 200);
    assert.equal(body.result.structuredContent.quotes[0].symbol, "SPY");
    assert.equal((await send("tools/list", {}, { session: named })).status, 200);
    assert.equal((await send("ping", {}, { session: named })).status, 200);
  }
});

test("2: whose a session is, and its end", async () => {
  const id = await session();
  const subscribe = (options) => send("resources/subscribe", { uri: POSITIONS }, options);
  assert.deepEqual((await subscribe({ session: id })).body.result, {});
  assert.equal((await subscribe({ session: id, by: second.token })).status, 404);
  assert.equal((await subscribe({ session: "unknown" })).status, 404);
  assert.equal((await open(mcp, { token: second.token, headers: { "mcp-session-id": id } })).status, 404);
  const end = (by) => open(mcp, { method: "DELETE", token: by, headers: { "mcp-session-id": id } });
  assert.equal((await end(second.token)).status, 404);
  assert.equal((await end(token)).status, 204);
  assert.equal((await end(token)).status, 404);
  assert.equal((await subscribe({ session: id })).status, 404);
  for (const method of ["GET", "DELETE"]) {
    const { status, headers } = await open(mcp, { method, token });
    assert.equal(status, 405, `${method} without a session`);
    assert.equal(headers.get("allow"), "POST, OPTIONS");
  }
  assert.equal((await open(mcp, { headers: { "mcp-session-id": id } })).status, 401);
});

test("3: the stream of a session", async () => {
  const id = await session();
  const stream = await open(mcp, { token, headers: { "mcp-session-id": id } });
  assert.equal(stream.status, 200);
  for (const uri of [POSITIONS, BALANCES]) await send("resources/subscribe", { uri }, { session: id });
  await send("resources/unsubscribe", { uri: BALANCES }, { session: id });
  assert.equal((await send("resources/subscribe", { uri: "knowledge://trading/risk" }, { session: id })).body.error.code, -32002);
  await sync();
  await stream.event("the update", isUpdate(POSITIONS));
  assert.ok(!stream.events.some(isUpdate(BALANCES)));
  assert.ok(stream.events.every(({ data }) => data.params._meta === undefined), "a legacy client gets no tags");
  await open(mcp, { method: "DELETE", token, headers: { "mcp-session-id": id } });
  await stream.ended();
});

/** Opens the transport of 2024-11-05: the stream, and a way to send. */
async function httpSse(by = token) {
  const stream = await open(`${stack.url}/sse`, { token: by });
  assert.equal(stream.status, 200);
  const { data: endpoint } = await stream.event("the endpoint", ({ type }) => type === "endpoint");
  assert.equal(stream.events[0].type, "endpoint", "the first event");
  const url = new URL(endpoint, stack.url).href;
  return {
    stream,
    url,
    async request(method, params = {}) {
      const { message } = legacy(method, params);
      const { status, body } = await post(url, message, { token: by });
      assert.deepEqual([status, body], [202, ""]);
      return (await stream.event(`the answer to ${method}`, ({ data }) => data.id === message.id)).data;
    },
  };
}

test("4: the transport of 2024-11-05", async () => {
  const client = await httpSse();
  const { result } = await client.request("initialize", { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "t", version: "1" } });
  assert.equal(result.protocolVersion, "2024-11-05");
  assert.equal((await post(client.url, { jsonrpc: "2.0", method: "notifications/initialized" }, { token })).status, 202);
  assert.deepEqual((await client.request("ping")).result, {});
  assert.ok((await client.request("tools/list")).result.tools.length > 1);
  const called = await client.request("tools/call", { name: "get_quote", arguments: { symbol: "AAPL" } });
  assert.match(called.result.content[0].text, /^AAPL last/);
  assert.equal((await client.request("tools/call", { name: "no_such_tool" })).error.code, -32602);
  assert.deepEqual((await client.request("resources/subscribe", { uri: POSITIONS })).result, {});
  await sync();
  await client.stream.event("the update", isUpdate(POSITIONS));
  assert.equal((await post(client.url, "no JSON", { token })).status, 400);
  client.stream.close();
  const { message } = legacy("ping");
  let status = 202;
  for (const until = Date.now() + 10_000; status === 202 && Date.now() < until; ) ({ status } = await post(client.url, message, { token }));
  assert.equal(status, 404, "the session ends with its stream");
});

test("5: who is refused on the transport of 2024-11-05", async () => {
  assert.equal((await open(`${stack.url}/sse`)).status, 401);
  const client = await httpSse();
  const { message } = legacy("ping");
  assert.equal((await post(client.url, message)).status, 401);
  assert.equal((await post(client.url, message, { token: second.token })).status, 404);
  for (const query of ["", "?sessionId=", "?sessionId=unknown"]) assert.equal((await post(`${stack.url}/messages${query}`, message, { token })).status, 404, query);
  const other = await httpSse(second.token);
  await other.request("initialize", { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "t", version: "1" } });
  assert.equal(client.stream.events.length, 1, "nothing of another user's");
  client.stream.close();
  other.stream.close();
});

/** Subscribes over 2026-07-28. */
function listen(notifications, { by = token, headers = {} } = {}) {
  const made = modern("subscriptions/listen", { notifications });
  return open(mcp, { token: by, message: made.message, headers: { ...made.headers, ...headers } }).then((stream) => ({ stream, id: made.message.id }));
}

test("6: subscriptions", async () => {
  const { stream, id } = await listen({ resourceSubscriptions: [POSITIONS, "knowledge://trading/risk", "file:///etc/passwd"], toolsListChanged: true });
  const tag = { "io.modelcontextprotocol/subscriptionId": id };
  await stream.event("the acknowledgement", () => true);
  const [first] = stream.events;
  assert.equal(first.data.method, "notifications/subscriptions/acknowledged");
  assert.deepEqual(first.data.params, { _meta: tag, notifications: { resourceSubscriptions: [POSITIONS] } });
  const foreign = await listen({ resourceSubscriptions: [POSITIONS] }, { by: second.token });
  await sync();
  assert.deepEqual((await stream.event("the update", isUpdate(POSITIONS))).data.params, { _meta: tag, uri: POSITIONS });
  assert.ok(!stream.events.some(isUpdate(BALANCES)));
  assert.equal(foreign.stream.events.length, 1, "nothing of another user's sync");
  assert.equal(stream.headers.get("x-accel-buffering"), "no");
  await sync(second.browser);
  await foreign.stream.event("the update", isUpdate(POSITIONS));
  await poll("a keep-alive", () => stream.comments > 0, { within: 20_000 });
  stream.close();
  foreign.stream.close();
});

test("7: subscriptions that are refused", async () => {
  const made = modern("subscriptions/listen", { notifications: { resourceSubscriptions: [POSITIONS] } });
  const json = await post(mcp, made.message, { token, headers: { ...made.headers, accept: "application/json" } });
  assert.equal(json.body.error?.code !== undefined, true, JSON.stringify(json.body));
  for (const notifications of [undefined, [], { resourceSubscriptions: "x" }, { resourceSubscriptions: Array.from({ length: 101 }, (_, at) => `portfolio://${at}`) }]) {
    const { stream } = await listen(notifications);
    assert.equal(stream.body?.error.code, -32602, JSON.stringify(notifications));
  }
  assert.equal((await listen({ resourceSubscriptions: [POSITIONS] }, { by: undefined, headers: { authorization: "Bearer x" } })).stream.status, 401);
});

test("8: foreign pages", async () => {
  for (const [path, method] of [["/sse", "GET"], ["/messages?sessionId=x", "POST"], ["/mcp", "GET"]]) {
    const response = await fetch(`${stack.url}${path}`, { method, headers: { origin: "https://evil.example", authorization: `Bearer ${token}` } });
    assert.equal(response.status, 403, `${method} ${path}`);
    await response.body?.cancel();
  }
});
