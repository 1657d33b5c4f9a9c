// How what is held ends: sessions, questions and subscriptions, whose long waits are made short by variables. The fixture is
// the server, since the product asks nobody back; transport, sessions and protocol core are the product's own.
//
//  1. A session that nobody has used for its time: 404 with words, for calls, its stream and its end; `initialize` begins anew.
//  2. A message keeps a session alive.
//  3. A question that nobody answers: it is taken back, and the call ends with a tool error that says so.
//  4. An answer in time is heard, one that is too late has no effect.
//  5. A subscription that reached its end: `notifications/cancelled`, then the request's result, then the stream closes.
//  6. A client of the initialize era hears of changes of the lists on its stream, subscribed to resources or not.
//  7. Of a call that its client cancels nothing comes any more.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { build, FIXTURE } from "../../scripts/lib/build.mjs";
import { setup } from "../../scripts/lib/setup.mjs";
import { LEGACY, legacy, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { open } from "../lib/sse.mjs";
import { startFixture } from "./suite.mjs";

const IDLE = 3;
const QUESTION = 2;
const LISTEN = 2;

await build([FIXTURE], async () => (await setup()).env);
const short = await startFixture({ MCP_IDLE_SECONDS: String(IDLE), MCP_QUESTION_SECONDS: String(QUESTION), MCP_LISTEN_SECONDS: String(LISTEN) });
const usual = await startFixture();
after(() => Promise.all([short.stop(), usual.stop()]));

const mcp = (server) => `${server.url}/mcp`;
const send = (server, method, params, session) => {
  const { message, headers } = legacy(method, params);
  return post(mcp(server), message, { headers: { ...headers, ...(session ? { "mcp-session-id": session } : {}) } });
};

/** A session of a client that can be asked. */
async function begin(server) {
  const { headers } = await send(server, "initialize", { protocolVersion: LEGACY, capabilities: { elicitation: {} }, clientInfo: { name: "t", version: "1" } });
  const id = headers.get("mcp-session-id");
  assert.ok(id, "no session");
  return id;
}

const pause = (ms) => new Promise((next) => setTimeout(next, ms));
const hold = (server, session, method = "GET") => open(mcp(server), { method, headers: { "mcp-session-id": session } });

test("1: a session that nobody uses", async () => {
  const id = await begin(short);
  const stream = await hold(short, id);
  assert.equal(stream.status, 200);
  await stream.ended({ within: 60_000 });
  for (const [method, params] of [["tools/call", { name: "test_simple_text" }], ["resources/subscribe", { uri: "test://watched-resource" }], ["logging/setLevel", { level: "info" }]]) {
    const { status, body } = await send(short, method, params, id);
    assert.equal(status, 404, method);
    assert.deepEqual(body.error, { code: -32600, message: "There is no such session. Begin with `initialize`." }, method);
  }
  for (const method of ["GET", "DELETE"]) {
    const { status, body } = await hold(short, id, method);
    assert.equal(status, 404, method);
    assert.match(body.error.message, /Begin with `initialize`/);
  }
  assert.notEqual(await begin(short), id);
});

test("2: a message keeps it alive", async () => {
  const id = await begin(short);
  for (let waited = 0; waited <= IDLE * 1.5; waited += 1) {
    const { status, body } = await send(short, "resources/subscribe", { uri: "test://watched-resource" }, id);
    assert.equal(status, 200, `after ${waited} s: ${JSON.stringify(body)}`);
    await pause(1_000);
  }
});

/** Calls a tool that asks, over a stream: `{stream, id, question}`. */
async function ask(server, session) {
  const { message, headers } = legacy("tools/call", { name: "test_elicitation", arguments: { message: "Who?" } });
  const stream = await open(mcp(server), { message, headers: { ...headers, "mcp-session-id": session } });
  const { data: question } = await stream.event("the question", ({ data }) => data?.method === "elicitation/create");
  return { stream, id: message.id, question };
}

const answer = (server, session, question) => post(mcp(server), { jsonrpc: "2.0", id: question.id, result: { action: "accept", content: { username: "ann", email: "a@b.c" } } }, { headers: { "mcp-protocol-version": LEGACY, "mcp-session-id": session } });

test("3: a question that nobody answers", async () => {
  const session = await begin(short);
  const { stream, id, question } = await ask(short, session);
  const { data } = await stream.event("the end of the call", ({ data: message }) => message?.id === id && message.result);
  assert.equal(data.result.isError, true);
  assert.equal(data.result.content[0].text, "Nobody answered the question in time.");
  assert.equal(data.result.structuredContent.error.reason, "invalid_request");
  const taken = stream.events.find(({ data: message }) => message?.method === "notifications/cancelled");
  assert.equal(taken?.data.params.requestId, question.id, "the question is taken back");
  await stream.ended();
});

test("4: answers in time and too late", async () => {
  const session = await begin(short);
  const late = await ask(short, session);
  await late.stream.ended();
  assert.equal((await answer(short, session, late.question)).status, 202);
  const { stream, id, question } = await ask(short, session);
  assert.notEqual(question.id, late.question.id);
  assert.equal((await answer(short, session, question)).status, 202);
  const { data } = await stream.event("the end of the call", ({ data: message }) => message?.id === id && message.result);
  assert.match(data.result.content[0].text, /action=accept.*ann/);
});

test("5: a subscription that reached its end", async () => {
  const { message, headers } = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const stream = await open(mcp(short), { message, headers });
  await stream.ended();
  const tag = { "io.modelcontextprotocol/subscriptionId": message.id };
  const [acknowledged, cancelled, result, ...more] = stream.events.map(({ data }) => data);
  assert.equal(acknowledged.method, "notifications/subscriptions/acknowledged");
  assert.equal(cancelled.method, "notifications/cancelled");
  assert.deepEqual(cancelled.params, { _meta: tag, requestId: message.id, reason: "A subscription ends after a while. Subscribe again." });
  assert.equal(result.id, message.id);
  assert.equal(result.result.resultType, "complete");
  assert.equal(result.result._meta["io.modelcontextprotocol/subscriptionId"], message.id);
  assert.deepEqual(more, []);
});

test("6: changes of the lists on the stream of a session", async () => {
  const session = await begin(usual);
  const stream = await hold(usual, session);
  // The stream begins to look when it is open; a change before that is nobody's.
  await poll("the change", async () => {
    await send(usual, "tools/call", { name: "test_trigger_tool_change" });
    return stream.events.find(({ data }) => data?.method === "notifications/tools/list_changed");
  }, { every: 200 });
  await hold(usual, session, "DELETE");
  await stream.ended();
});

test("7: a call that is cancelled", async () => {
  const session = await begin(usual);
  const { stream, id } = await ask(usual, session);
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id, reason: "not needed" } };
  assert.equal((await post(mcp(usual), cancel, { headers: { "mcp-protocol-version": LEGACY, "mcp-session-id": session } })).status, 202);
  await stream.ended();
  assert.ok(!stream.events.some(({ data }) => data?.id === id), JSON.stringify(stream.events));
});
