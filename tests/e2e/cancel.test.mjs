// A client that goes away ends what was done for it: mcp-server, the service binding, analysis, the user's Upstream object
// and the request to TastyTrade. TastyTrade's place is taken by a proxy in this process in front of the simulator, which sees
// how its requests end.
//
// What can be shown here, and what cannot: workerd tells of a caller that went away when the connection is reset; a
// connection that is only closed counts as half open, and is noticed when something is written to it, which a JSON answer
// does at its end alone. wrangler's proxy in front of workerd passes neither on. So these tests connect to workerd's own
// socket and reset the connection. On Cloudflare the edge tells the worker; that is not shown here.
//
//  1. A JSON answer is under way: the requests at TastyTrade are aborted within 2 s of the disconnect.
//  2. The user's object is unharmed: the next call is answered, and has its own requests.
//  3. A client that waits is answered, however late, and nothing of its is aborted.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { forgetQuotes } from "../lib/market.mjs";
import { login } from "../lib/login.mjs";
import { client, modern } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { useStack } from "../lib/stack.mjs";

const LIMIT = 2_000;
const MARKET = /market-data|market-metrics/;

const seen = [];
let delay = 0;
let simUrl;
const proxy = createServer((request, response) => {
  const entry = { path: request.url, aborted: null, done: false };
  seen.push(entry);
  response.on("close", () => (response.writableFinished ? (entry.done = true) : (entry.aborted = Date.now())));
  const pass = () => {
    const target = new URL(request.url, simUrl);
    const onward = httpRequest(target, { method: request.method, headers: { ...request.headers, host: target.host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  };
  if (delay && MARKET.test(request.url)) setTimeout(pass, delay);
  else pass();
});
await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
after(() => {
  proxy.close();
  proxy.closeAllConnections();
});

const stack = await useStack({ vars: { TT_API_URL: `http://127.0.0.1:${proxy.address().port}` } });
simUrl = stack.simUrl;
const { token } = await login(stack);
let port;

/** The ports on which a process listens, by the tables of the kernel. */
function listening(pid) {
  const inodes = new Set();
  for (const file of readdirSync(`/proc/${pid}/fd`)) {
    try {
      inodes.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${file}`))?.[1]);
    } catch {
      // Closed in the meantime.
    }
  }
  const rows = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[3] === "0A" && inodes.has(row[9])).map((row) => Number.parseInt(row[1].split(":")[1], 16));
}

/** Whether mcp-server answers at this port by itself. */
async function isServer(candidate) {
  if (String(candidate) === new URL(stack.url).port) return false;
  try {
    const response = await fetch(`http://127.0.0.1:${candidate}/.well-known/oauth-protected-resource`, { headers: { host: new URL(stack.url).host }, signal: AbortSignal.timeout(2_000) });
    return response.ok && (await response.json()).resource?.startsWith(stack.url);
  } catch {
    return false;
  }
}

/** Calls get_quote over a connection of its own, which the caller may break off. */
function call(symbol) {
  const { message, headers } = modern("tools/call", { name: "get_quote", arguments: { symbol } });
  const body = JSON.stringify(message);
  const all = { host: new URL(stack.url).host, "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${token}`, "content-length": Buffer.byteLength(body), ...headers };
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`POST /mcp HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
  return socket;
}

before(async () => {
  const servers = (await stack.pids()).filter(({ command }) => command.includes("workerd") && command.includes(" serve "));
  for (const candidate of servers.flatMap(({ pid }) => listening(pid))) if (!port && (await isServer(candidate))) port = candidate;
  assert.ok(port, "the runtime's own socket was not found");
  // The sync of the first login is over, so that what comes now is the tests' alone.
  const mcp = client(stack, token);
  await poll("the first sync", async () => JSON.parse((await mcp.request("resources/read", { uri: "portfolio://balances" })).body.result.contents[0].text).accounts.length > 0);
});

test("1: the requests at TastyTrade are aborted", async () => {
  delay = 9_000;
  await forgetQuotes(stack);
  seen.length = 0;
  const socket = call("AAPL");
  const under = () => seen.filter(({ path }) => MARKET.test(path));
  await poll("the requests at TastyTrade", () => under().length >= 2 && under());
  const gone = Date.now();
  socket.resetAndDestroy();
  await poll("their end", () => under().every(({ aborted }) => aborted), { within: LIMIT });
  for (const { aborted } of under()) assert.ok(aborted - gone < LIMIT, `${aborted - gone} ms`);
  assert.equal(under().length, 2, "none was made again");
});

test("2: the next call is answered", async () => {
  delay = 0;
  seen.length = 0;
  const { quotes } = await client(stack, token).ok("get_quote", { symbol: "AAPL" });
  assert.equal(quotes[0].symbol, "AAPL");
  assert.ok(seen.filter(({ path }) => MARKET.test(path)).every(({ aborted }) => !aborted));
});

test("3: who waits is answered", async () => {
  delay = 1_500;
  await forgetQuotes(stack);
  seen.length = 0;
  const { quotes } = await client(stack, token).ok("get_quote", { symbol: "SPY" });
  assert.equal(quotes[0].symbol, "SPY");
  assert.ok(seen.some(({ path, done }) => MARKET.test(path) && done) && seen.every(({ aborted }) => !aborted), JSON.stringify(seen));
});
