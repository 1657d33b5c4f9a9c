// A client that goes away ends what was done for it: mcp-server, the service binding, analysis, the user's Upstream object
// and the request to TastyTrade. TastyTrade's place is taken by a proxy in this process in front of the simulator, which sees
// how its requests end; the simulator's own journal says the same.
//
// What can be shown here, and what cannot: workerd tells of a caller that went away when the connection is reset; a
// connection that is only closed counts as half open, and is noticed when something is written to it, which a JSON answer
// does at its end alone. wrangler's proxy in front of workerd passes neither on. So these tests connect to workerd's own
// socket and reset the connection. workerd itself closes what it aborts and does not reset it; so the proxy here turns what is
// closed before its answer into a reset, and talks to the simulator's own socket: only in this way does the simulator, which
// runs in workerd too, hear of it. On Cloudflare the edge tells the worker; that is not shown here.
//
//  1. A JSON answer is under way: the requests at TastyTrade are aborted within 2 s of the disconnect.
//  2. The user's object is unharmed: the next call is answered, and has its own requests.
//  3. A client that waits is answered, however late, and nothing of its is aborted.
//  4. A streamed answer is under way, its client has heard of the progress: the same within 2 s.
//  5. The client of a stream that waits hears to the end.
//  6. Two calls share their requests: one that goes away takes nothing from the other.
//  7. Both go away: the requests are aborted.
import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { forgetQuotes } from "../lib/market.mjs";
import { login } from "../lib/login.mjs";
import { client, modern } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { ownPort, runtimes } from "../lib/sockets.mjs";
import { useStack } from "../lib/stack.mjs";

const LIMIT = 2_000;
const MARKET = /market-data|market-metrics/;

const seen = [];
let simPort;
const proxy = createServer((request, response) => {
  const entry = { path: request.url, aborted: null, done: false };
  seen.push(entry);
  const options = { host: "127.0.0.1", port: simPort, path: request.url, method: request.method, headers: request.headers, agent: false };
  const onward = httpRequest(options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  response.on("close", () => {
    if (response.writableFinished) return (entry.done = true);
    entry.aborted = Date.now();
    return onward.socket?.resetAndDestroy();
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
});
await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
after(() => {
  proxy.close();
  proxy.closeAllConnections();
});

const stack = await useStack({ vars: { TT_API_URL: `http://127.0.0.1:${proxy.address().port}` } });
const pids = await runtimes(stack);
simPort = await ownPort(pids, stack.simUrl, "/sim/state", ({ mints }) => Boolean(mints));
const port = await ownPort(pids, stack.url, "/.well-known/oauth-protected-resource", ({ resource }) => resource.startsWith(stack.url));
const sim = simulator(stack);
const { token } = await login(stack);

/** Calls get_quote over a connection of its own, which the caller may break off: `{socket, text()}`. */
function call(symbol, meta = {}) {
  const { message, headers } = modern("tools/call", { name: "get_quote", arguments: { symbol } });
  Object.assign(message.params._meta, meta);
  const body = JSON.stringify(message);
  const all = { host: new URL(stack.url).host, "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${token}`, "content-length": Buffer.byteLength(body), ...headers };
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk)).on("error", () => {});
  socket.write(`POST /mcp HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
  return { socket, text: () => text };
}

const hang = (seconds) => sim.fault({ path: "/market-*", fault: "hang", times: null, seconds });
const under = () => seen.filter(({ path }) => MARKET.test(path));

/** Waits until both requests hang at the simulator. */
async function underWay(mark) {
  await poll("the requests at TastyTrade", async () => under().length >= 2 && (await sim.since(mark, MARKET)).length >= 2);
}

/** Breaks the connection off; both witnesses see the requests end in time, and none is made again. */
async function breakOff(socket, mark) {
  const gone = Date.now();
  socket.resetAndDestroy();
  await poll("their end", () => under().every(({ aborted }) => aborted), { within: LIMIT });
  for (const { aborted } of under()) assert.ok(aborted - gone < LIMIT, `${aborted - gone} ms`);
  const noted = await poll("the simulator's note", async () => {
    const asked = await sim.since(mark, MARKET);
    return asked.every(({ abandoned }) => abandoned) && asked;
  });
  for (const { abandoned, status } of noted) {
    assert.equal(status, null, "it was never answered");
    assert.ok(Date.parse(abandoned) - gone < LIMIT, `${Date.parse(abandoned) - gone} ms by the simulator`);
  }
  assert.equal(under().length, 2, "none was made again");
}

before(async () => {
  // The sync of the first login is over, so that what comes now is the tests' alone.
  const mcp = client(stack, token);
  await poll("the first sync", async () => JSON.parse((await mcp.request("resources/read", { uri: "portfolio://balances" })).body.result.contents[0].text).accounts.length > 0);
});

async function begin(seconds) {
  await Promise.all([sim.clear(), forgetQuotes(stack)]);
  if (seconds) await hang(seconds);
  seen.length = 0;
  return sim.mark();
}

test("1: the requests at TastyTrade are aborted", async () => {
  const mark = await begin(9);
  const { socket } = call("AAPL");
  await underWay(mark);
  await breakOff(socket, mark);
});

test("2: the next call is answered", async () => {
  await begin();
  const { quotes } = await client(stack, token).ok("get_quote", { symbol: "AAPL" });
  assert.equal(quotes[0].symbol, "AAPL");
  assert.ok(under().length > 0 && under().every(({ aborted }) => !aborted));
});

test("3: who waits is answered", async () => {
  await begin(2);
  const { quotes } = await client(stack, token).ok("get_quote", { symbol: "SPY" });
  assert.equal(quotes[0].symbol, "SPY");
  assert.ok(seen.some(({ path, done }) => MARKET.test(path) && done) && seen.every(({ aborted }) => !aborted), JSON.stringify(seen));
});

test("4: a streamed answer that is broken off", async () => {
  const mark = await begin(9);
  const { socket, text } = call("AAPL", { progressToken: "p" });
  await underWay(mark);
  await poll("the progress", () => text().includes("Asking TastyTrade"));
  assert.match(text(), /^HTTP\/1\.1 200[\s\S]*text\/event-stream/);
  await breakOff(socket, mark);
});

test("5: a streamed answer that is waited for", async () => {
  await begin(2);
  const { socket, text } = call("SPY", { progressToken: 7 });
  await poll("the answer", () => text().includes('"structuredContent"'));
  socket.destroy();
  assert.ok(under().length > 0 && seen.every(({ aborted }) => !aborted), JSON.stringify(seen));
});

test("6: one of two that share their requests goes away", async () => {
  const mark = await begin(4);
  const [leaving, staying] = [call("AAPL"), call("AAPL")];
  await underWay(mark);
  leaving.socket.resetAndDestroy();
  await poll("the answer", () => staying.text().includes('"structuredContent"'));
  staying.socket.destroy();
  assert.match(staying.text(), /"symbol":"AAPL"/);
  assert.equal(under().length, 2, JSON.stringify(seen));
  assert.ok(under().every(({ aborted }) => !aborted), JSON.stringify(seen));
});

test("7: both that share their requests go away", async () => {
  const mark = await begin(9);
  const [first, second] = [call("AAPL"), call("AAPL")];
  await underWay(mark);
  first.socket.resetAndDestroy();
  await breakOff(second.socket, mark);
});
