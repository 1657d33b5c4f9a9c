// What a client hears while it waits, and lists in pages. Cases, in both eras and with the official clients:
//  1. get_quote tells of its steps to who asks for progress: the cache, TastyTrade, done; values only ever increase
//  2. nobody else gets a stream: not without a token, not where only JSON is read, not in a batch
//  3. a tool's error comes at the end of the stream
//  4. get_workflow_status with `wait_seconds` answers when the job has ended, and tells of its stages
//  5. it answers with the job as it is when the time is over, which may be a number in text
//  6. without it the answer comes at once; a wait that is too long, negative or no number is an error that names it
//  7. somebody else's job is not waited for
//  8. a client that gives up a wait hears no more of it, and its next call is answered
//  9. lists come in pages whose cursors lead through all of it once
// 10. a cursor that is changed, made up, or another list's is -32602
// 11. over HTTP+SSE progress comes on the stream of the session
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { before, test } from "node:test";
import { Client as Modern, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as Legacy } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { syncNow } from "../lib/dashboard.mjs";
import { ended } from "../lib/explorer.mjs";
import { login } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { client, legacy, modern, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { open } from "../lib/sse.mjs";
import { useStack } from "../lib/stack.mjs";

const PAGE = 2;
const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: "0", MCP_PAGE_SIZE: String(PAGE) } });
const sim = simulator(stack);
const { token, browser } = await login(stack);
const url = new URL(`${stack.url}/mcp`);
const requestInit = { headers: { authorization: `Bearer ${token}` } };
const info = { name: "ttai-suite-progress", version: "1" };
const mcp = client(stack, token);

const clients = {
  async legacy() {
    const connected = new Legacy(info);
    await connected.connect(new LegacyTransport(url, { requestInit }));
    return connected;
  },
  async modern() {
    const connected = new Modern(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    await connected.connect(new ModernTransport(url, { requestInit }));
    return connected;
  },
};

/** Calls a tool with an official client of this era: `{result, told}`. */
async function call(era, name, args, options = {}) {
  const connected = await clients[era]();
  const told = [];
  try {
    const request = { name, arguments: args };
    const all = { onprogress: (progress) => told.push(progress), ...options };
    const result = await (era === "legacy" ? connected.callTool(request, undefined, all) : connected.callTool(request, all));
    return { result, told };
  } finally {
    await connected.close();
  }
}

function increases(told) {
  told.forEach(({ progress }, at) => assert.ok(at === 0 || progress > told[at - 1].progress, JSON.stringify(told)));
}

/** Starts a sync: its id. */
async function start() {
  const { status, body } = await syncNow(stack, browser);
  assert.equal(status, 202, JSON.stringify(body));
  return body.workflow_id;
}

// The first login's own sync is over, so that each test has a job of its own.
before(async () => void (await ended(stack, await start())));

for (const era of ["legacy", "modern"]) {
  test(`1: the steps of get_quote, ${era}`, async () => {
    await forgetQuotes(stack, "SPY", "AAPL");
    await mcp.ok("get_quote", { symbol: "SPY" });
    const { result, told } = await call(era, "get_quote", { symbols: ["SPY", "AAPL"] });
    assert.deepEqual(result.structuredContent.quotes.map(({ symbol }) => symbol), ["SPY", "AAPL"]);
    assert.deepEqual(told.map(({ progress, total, message }) => [progress, total, message]), [
      [1, 3, "1 of 2 quotes were in the cache"],
      [2, 3, "Asking TastyTrade for 1 of 2"],
      [3, 3, "Done"],
    ]);
    const cached = await call(era, "get_quote", { symbols: ["SPY", "AAPL"] });
    assert.deepEqual(cached.told.map(({ message }) => message), ["2 of 2 quotes were in the cache", "Done"]);
    assert.equal(cached.result.structuredContent.quotes[0].source, "cache");
    increases(told);
  });
}

/** The answer to one POST of this era: its type, and what is in it. */
async function raw(make, args, { meta, accept } = {}) {
  const { message, headers } = make("tools/call", { name: "get_quote", arguments: args });
  message.params._meta = { ...message.params._meta, ...meta };
  return post(url, message, { token, headers: { ...headers, ...(accept ? { accept } : {}) } });
}

test("2: who gets no stream", async () => {
  for (const make of [legacy, modern]) {
    for (const options of [{}, { meta: { progressToken: "p" }, accept: "application/json" }, { meta: { progressToken: {} } }, { meta: { progressToken: null } }]) {
      const { headers, body } = await raw(make, { symbol: "SPY" }, options);
      assert.match(headers.get("content-type"), /^application\/json/, JSON.stringify(options));
      assert.equal(body.result.structuredContent.quotes[0].symbol, "SPY");
    }
    const streamed = await raw(make, { symbol: "SPY" }, { meta: { progressToken: "p" } });
    assert.equal(streamed.headers.get("content-type"), "text/event-stream");
    assert.match(streamed.body, /"progressToken":"p"/);
  }
  const batch = ["a", "b"].map((id) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "get_quote", arguments: { symbol: "SPY" }, _meta: { progressToken: id } } }));
  const { body } = await post(url, batch, { token, headers: { "mcp-protocol-version": "2025-03-26" } });
  assert.deepEqual(body.map(({ id, method }) => [id, method]), [["a", undefined], ["b", undefined]]);
});

test("3: a tool's error at the end of a stream", async () => {
  for (const era of ["legacy", "modern"]) {
    const { result, told } = await call(era, "get_quote", { symbol: "ZZZZ" });
    assert.equal(result.isError, true);
    assert.equal(result.structuredContent.error.code, "NOT_FOUND");
    assert.deepEqual(told.map(({ progress }) => progress), [1, 2]);
  }
});

for (const era of ["legacy", "modern"]) {
  test(`4: a wait for the end of a job, ${era}`, async () => {
    await sim.fault({ path: "/customers/*", fault: "hang", times: 1, seconds: 3 });
    const id = await start();
    const { result, told } = await call(era, "get_workflow_status", { workflow_id: id, wait_seconds: 20 });
    assert.equal(result.structuredContent.status, "complete", JSON.stringify(result));
    assert.match(result.content[0].text, /^sync_account is complete since /);
    assert.ok(told.length >= 2, JSON.stringify(told));
    assert.equal(told.at(-1).message, "Complete");
    assert.ok(told.some(({ message }) => message === "Reading your accounts"), JSON.stringify(told));
    assert.ok(told.every(({ message }, at) => at === 0 || message !== told[at - 1].message), "only what changed is told");
    increases(told);
  });
}

test("5: the time is over first", async () => {
  await sim.fault({ path: "/customers/*", fault: "hang", times: 1, seconds: 5 });
  const id = await start();
  const began = Date.now();
  const result = await mcp.call("get_workflow_status", { workflow_id: id, waitSeconds: "1" });
  assert.ok(Date.now() - began >= 900, `after ${Date.now() - began} ms`);
  assert.ok(["queued", "running"].includes(result.structuredContent.status), JSON.stringify(result));
  assert.match(result.content[0].text, /Ask again with `wait_seconds` 20/);
  assert.equal((await mcp.ok("get_workflow_status", { workflow_id: id, wait_seconds: 20 })).status, "complete");
});

test("6: no wait, and none that there is", async () => {
  await sim.fault({ path: "/customers/*", fault: "hang", times: 1, seconds: 3 });
  const id = await start();
  const { status } = await mcp.ok("get_workflow_status", { workflow_id: id });
  assert.ok(["queued", "running"].includes(status), `at once, not when it is ${status}`);
  for (const wait of [21, -1, "soon", 2.5, [1], "1e9"]) {
    const error = await mcp.error("get_workflow_status", { workflow_id: id, wait_seconds: wait });
    assert.equal(error.reason, "invalid_arguments", JSON.stringify(wait));
    assert.equal(error.details.argument, "wait_seconds", JSON.stringify(wait));
  }
  await ended(stack, id);
  for (const wait of [0, 20, "20", null]) assert.equal((await mcp.ok("get_workflow_status", { workflow_id: id, wait_seconds: wait })).status, "complete");
});

test("7: somebody else's job", async () => {
  await sim.fault({ path: "/customers/*", fault: "hang", times: 1, seconds: 5 });
  const id = await start();
  const { token: other } = await login(stack, { user: "second" });
  const refused = [];
  for (const wanted of [id, "never-was"]) refused.push(await client(stack, other).error("get_workflow_status", { workflow_id: wanted, wait_seconds: 20 }));
  assert.deepEqual(refused[0], refused[1]);
  assert.equal(refused[0].code, "NOT_FOUND");
  await sim.clear();
  await ended(stack, id);
});

for (const era of ["legacy", "modern"]) {
  test(`8: a wait that is given up, ${era}`, async () => {
    await sim.fault({ path: "/customers/*", fault: "hang", times: 1, seconds: 5 });
    const id = await start();
    const giving = new AbortController();
    const told = [];
    const hear = (progress) => {
      told.push(progress);
      giving.abort("not needed any more");
    };
    await assert.rejects(call(era, "get_workflow_status", { workflow_id: id, wait_seconds: 20 }, { signal: giving.signal, onprogress: hear }), /not needed|abort/i);
    assert.equal(told.length, 1);
    assert.equal((await mcp.ok("get_workflow_status", { workflow_id: id, wait_seconds: 20 })).status, "complete");
  });
}

const LISTS = { "tools/list": "tools", "resources/list": "resources", "resources/templates/list": "resourceTemplates", "prompts/list": "prompts" };
const list = (era, method, cursor, path = "/mcp") => client(stack, token, { era, path }).request(method, cursor === undefined ? {} : { cursor });

test("9: pages", async () => {
  for (const era of ["legacy", "modern"]) {
    for (const [method, key] of Object.entries(LISTS)) {
      const names = [];
      let pages = 0;
      for (let cursor; pages === 0 || cursor; pages += 1) {
        const { body } = await list(era, method, cursor);
        const items = body.result[key];
        assert.ok(items.length <= PAGE && items.length > 0, `${method}: ${items.length}`);
        names.push(...items.map(({ name }) => name));
        cursor = body.result.nextCursor;
      }
      assert.equal(new Set(names).size, names.length, `${method}: ${names}`);
      assert.equal(pages, Math.ceil(names.length / PAGE), method);
    }
    const { body } = await list(era, "resources/list");
    assert.ok(body.result.nextCursor, "the test has a list of two pages");
    assert.deepEqual((await list(era, "resources/list", "")).body.result.resources, body.result.resources, "an empty cursor is the beginning");
  }
  // The official clients go through all pages by themselves or page by page.
  const connected = await clients.legacy();
  const first = await connected.listResources();
  const second = await connected.listResources({ cursor: first.nextCursor });
  assert.equal(first.resources.length, PAGE);
  assert.ok(second.resources.length > 0 && !first.resources.some(({ uri }) => second.resources.some((other) => other.uri === uri)));
  await connected.close();
});

test("10: cursors that do not hold", async () => {
  const { nextCursor } = (await list("modern", "resources/list")).body.result;
  const [position, signature] = nextCursor.split(".");
  const bytes = Buffer.from(signature, "base64url");
  const other = Buffer.from(bytes);
  other[other.length - 1] ^= 1;
  // One that is made up with a key of the maker's own, under the id of ours.
  const made = Buffer.concat([bytes.subarray(0, 8), createHmac("sha256", "a key").update("resources/list 0").digest()]);
  const cursors = [
    `${Buffer.from("0").toString("base64url")}.${signature}`,
    `${position}.${other.toString("base64url")}`,
    `${position}.${made.toString("base64url")}`,
    `${position}.`,
    position,
    `${nextCursor}A`,
    "4",
    "x".repeat(5000),
  ];
  for (const era of ["legacy", "modern"]) {
    for (const cursor of cursors) {
      const { status, body } = await list(era, "resources/list", cursor);
      assert.deepEqual([status, body.error?.code], [200, -32602], `${era} ${cursor.slice(0, 60)}: ${JSON.stringify(body)}`);
    }
    for (const method of Object.keys(LISTS).filter((name) => name !== "resources/list")) {
      assert.equal((await list(era, method, nextCursor)).body.error?.code, -32602, `${method} takes a cursor of resources/list`);
    }
    for (const cursor of [5, {}, ["x"]]) assert.equal((await list(era, "resources/list", cursor)).body.error?.code, -32602, JSON.stringify(cursor));
  }
  assert.equal((await list("modern", "resources/list", nextCursor)).status, 200, "the cursor itself still holds");
});

test("11: the transport of 2024-11-05 tells of progress on its stream", async () => {
  const stream = await open(`${stack.url}/sse`, { token });
  const { data: endpoint } = await stream.event("the endpoint", ({ type }) => type === "endpoint");
  const send = (message) => post(new URL(endpoint, stack.url), message, { token });
  await send(legacy("initialize", { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: info }).message);
  const { message } = legacy("tools/call", { name: "get_quote", arguments: { symbol: "SPY" }, _meta: { progressToken: 9 } });
  assert.equal((await send(message)).status, 202);
  await stream.event("the answer", ({ data }) => data?.id === message.id);
  const told = stream.events.filter(({ data }) => data?.method === "notifications/progress").map(({ data }) => data.params);
  assert.ok(told.length >= 2 && told.every(({ progressToken }) => progressToken === 9), JSON.stringify(told));
  increases(told);
  stream.close();
});
