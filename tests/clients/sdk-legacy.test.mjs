// The official TypeScript client of the `initialize` era (@modelcontextprotocol/sdk), unmodified.
//
//  1. It knows the URL alone: 401, discovery, registration, and the browser is sent to the consent page.
//  2. After the login it connects with `initialize` at 2025-11-25; no session is made.
//  3. tools/list; the library then checks every result against its output schema.
//  4. get_quote: structured content with every field.
//  5. Errors of tools: a malformed symbol names the argument, an unknown one is NOT_FOUND; an unknown tool is an error.
//  6. resources/list, templates, and the documents behind knowledge://; an unknown address is -32002.
//  7. An access token that no longer holds is refreshed unnoticed, and the refresh token is rotated.
//  8. A refresh token that does not hold sends the user to the browser again instead of failing.
//  9. Prompts are filled in, and their arguments completed.
// 10. Structured content is what the output schema says, of results and of errors.
// 11. Progress of get_quote.
// 12. A client that can be asked gets a session: it subscribes to its positions, and hears of a sync on its GET stream.
//
// Against the server with something of everything (tests/conformance/fixture), within a session:
// 13. Every kind of content; errors.
// 14. Progress, and log messages from the level that was set.
// 15. Lists page by page.
// 16. Resources, templates; subscribing to one and no longer.
// 17. Prompts and completions.
// 18. Elicitation, sampling and roots, asked for in the middle of a call; several at once, and several rounds.
// 19. A client that cannot be asked is told so.
// 20. A call that is given up; ping.
// 21. Changes of the lists of tools and prompts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { LoggingMessageNotificationSchema, PromptListChangedNotificationSchema, ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema, CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Browser } from "../lib/browser.mjs";
import { syncNow } from "../lib/dashboard.mjs";
import { poll } from "../lib/poll.mjs";
import { useStack } from "../lib/stack.mjs";
import * as fixture from "./fixture.mjs";
import { checkKnowledge, checkPrompts, checkQuote, checkQuoteProgress, checkSchema, checkToolError, checkTools, logIn, recorder, Store } from "./support.mjs";

const CALLBACK = "http://127.0.0.1:49152/callback";

const stack = await useStack();
let client;
const store = new Store(CALLBACK);
const record = recorder();
const transport = () => new StreamableHTTPClientTransport(new URL(`${stack.url}/mcp`), { authProvider: store, fetch: record.fetch });
const newClient = (capabilities = {}) => new Client({ name: "ttai-suite-legacy", version: "1" }, { capabilities });
const browser = new Browser();

const everything = await fixture.useFixture();
const { asked, elicit, sample, roots } = fixture.answering();
const able = newClient(fixture.ABLE);
const call = (name, args = {}, options) => able.callTool({ name, arguments: args }, undefined, options);
const logged = [];
const changed = [];
// A person who takes their time: the promise is theirs, and `begun` tells that they were asked.
let hold = { begun: () => {}, answer: Promise.resolve() };

able.setRequestHandler(ElicitRequestSchema, async (request) => {
  hold.begun();
  await hold.answer;
  return elicit(request);
});
able.setRequestHandler(CreateMessageRequestSchema, sample);
able.setRequestHandler(ListRootsRequestSchema, roots);
able.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params));
able.setNotificationHandler(ToolListChangedNotificationSchema, () => void changed.push("tools"));
able.setNotificationHandler(PromptListChangedNotificationSchema, () => void changed.push("prompts"));
await able.connect(new StreamableHTTPClientTransport(new URL(`${everything.url}/mcp`)));
after(() => Promise.all([client?.close(), able.close()]));

test("1. from the URL alone to the consent page", async () => {
  const first = transport();
  await assert.rejects(newClient().connect(first), UnauthorizedError);
  const refused = record.find("the refused initialize", ({ path, status }) => path === "/mcp" && status === 401);
  assert.match(refused.challenge, /resource_metadata="[^"]+\/\.well-known\/oauth-protected-resource\/mcp"/);
  record.find("the resource document", ({ path, status }) => path.startsWith("/.well-known/oauth-protected-resource") && status === 200);
  record.find("the server document", ({ path, status }) => path === "/.well-known/oauth-authorization-server" && status === 200);
  record.find("the registration", ({ method, path, status }) => method === "POST" && path === "/oauth/register" && status === 201);
  assert.equal(store.opened.origin, stack.url);
  assert.equal(store.opened.searchParams.get("resource"), `${stack.url}/mcp`);
  assert.match(store.opened.searchParams.get("scope"), /market:read/);

  const back = await logIn(store.opened, "trader", browser);
  assert.ok(back.href.startsWith(`${CALLBACK}?`), back.href);
  assert.equal(back.searchParams.get("state"), store.expectedState);
  assert.equal(back.searchParams.get("iss"), stack.url);
  await first.finishAuth(back.searchParams.get("code"));
  assert.ok(store.kept.access_token && store.kept.refresh_token);
});

test("2. initialize at 2025-11-25, without a session", async () => {
  client = newClient();
  const connected = transport();
  await client.connect(connected);
  assert.equal(connected.protocolVersion, "2025-11-25");
  assert.equal(connected.sessionId, undefined);
  assert.equal(client.getServerVersion().name, "ttai-mcp-server");
  assert.ok(client.getServerCapabilities().tools && client.getServerCapabilities().resources);
  assert.ok(client.getInstructions().length > 50);
  await client.ping();
});

test("3. tools/list", async () => checkTools((await client.listTools()).tools));

test("4. get_quote with structured content", async () => {
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  const two = await client.callTool({ name: "get_quote", arguments: { symbols: ["spy", "NVDA"] } });
  assert.deepEqual(two.structuredContent.quotes.map(({ symbol }) => symbol), ["SPY", "NVDA"]);
});

test("5. errors of tools", async () => {
  const call = (symbol) => client.callTool({ name: "get_quote", arguments: { symbol } });
  checkToolError(await call("not a symbol!"), "VALIDATION_ERROR", /symbol/);
  checkToolError(await call(""), "VALIDATION_ERROR", /symbol/);
  checkToolError(await call("ZZZZQ"), "NOT_FOUND", /ZZZZQ/);
  await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), { code: -32602 });
});

test("6. resources", async () => {
  await checkKnowledge(client);
  await assert.rejects(client.readResource({ uri: "knowledge://options/nothing" }), { code: -32002 });
});

test("7. an access token that no longer holds is refreshed", async () => {
  const before = store.kept;
  store.kept = { ...before, access_token: "expired" };
  record.seen.length = 0;
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  const refresh = record.find("the refresh", ({ path, body }) => path === "/oauth/token" && body.includes("grant_type=refresh_token"));
  assert.equal(refresh.status, 200);
  assert.notEqual(store.kept.refresh_token, before.refresh_token);
  assert.match(store.kept.access_token, /^eyJ/);
});

test("8. a refresh token that does not hold leads to the browser", async () => {
  const kept = store.kept;
  store.kept = { ...kept, access_token: "expired", refresh_token: "gone" };
  store.opened = null;
  store.invalidateCredentials = (scope) => scope === "tokens" && (store.kept = undefined);
  await assert.rejects(client.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), UnauthorizedError);
  assert.equal(store.opened?.origin, stack.url);
  store.kept = kept;
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
});

test("9. prompts and completions", () => checkPrompts(client));

test("10. structured content by the output schema", async () => {
  const { tools } = await client.listTools();
  for (const args of [{ symbol: "AAPL" }, { symbols: ["SPX", "ZZZZQ"] }, { symbol: "not a symbol!" }]) checkSchema(tools, "get_quote", await client.callTool({ name: "get_quote", arguments: args }));
  const { body } = await syncNow(stack, browser);
  const job = await client.callTool({ name: "get_workflow_status", arguments: { workflow_id: body.workflow_id } });
  assert.ok(!job.isError, JSON.stringify(job));
  checkSchema(tools, "get_workflow_status", job);
});

test("11. progress", () => checkQuoteProgress(stack, (name, args, options) => client.callTool({ name, arguments: args }, undefined, options)));

test("12. a session hears of new positions", async () => {
  const POSITIONS = "portfolio://positions";
  const asked = newClient({ elicitation: {} });
  const connected = transport();
  const updated = [];
  asked.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  await asked.connect(connected);
  assert.ok(connected.sessionId, "no session");
  assert.equal(asked.getServerCapabilities().resources.subscribe, true);
  await poll("the GET stream", () => record.seen.some(({ method, path, status }) => method === "GET" && path === "/mcp" && status === 200));
  await asked.subscribeResource({ uri: POSITIONS });
  await syncNow(stack, browser);
  // The sync keeps its distance to the one before.
  await poll("the update", () => updated.includes(POSITIONS), { within: 60_000 });
  await asked.unsubscribeResource({ uri: POSITIONS });
  checkQuote(await asked.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  await connected.terminateSession();
  await asked.close();
});

test("13. contents and errors", () => fixture.checkContents(call));

test("14. progress and log messages", async () => {
  await fixture.checkProgress(call);
  await able.setLoggingLevel("info");
  logged.length = 0;
  await call("test_tool_with_logging");
  assert.deepEqual(logged.map(({ level, data }) => [level, data]), ["Tool execution started", "Tool processing data", "Tool execution completed"].map((data) => ["info", data]));
  await able.setLoggingLevel("error");
  logged.length = 0;
  await call("test_tool_with_logging");
  assert.deepEqual(logged, []);
});

test("15. pages", () => fixture.checkPages((cursor) => able.listTools(cursor ? { cursor } : {})));

test("16. resources", async () => {
  await fixture.checkResources(able, -32002);
  await able.subscribeResource({ uri: "test://watched-resource" });
  await able.unsubscribeResource({ uri: "test://watched-resource" });
  await assert.rejects(able.subscribeResource({ uri: "test://nothing" }), { code: -32002 });
});

test("17. prompts and completions of every kind", () => fixture.checkPrompts(able));

test("18. questions back to the client", () => fixture.checkQuestions(able, call, asked));

test("19. a client that cannot be asked", async () => {
  const silent = newClient();
  await silent.connect(new StreamableHTTPClientTransport(new URL(`${everything.url}/mcp`)));
  const result = await silent.callTool({ name: "test_elicitation", arguments: { message: "Who?" } });
  assert.equal(result.isError, true);
  assert.match(result.content[0].text, /this client offers no way to/);
  await silent.close();
});

test("20. a call that is given up, and ping", async () => {
  let answer;
  const waits = new Promise((begun) => (hold = { begun, answer: new Promise((done) => (answer = done)) }));
  await fixture.checkCancellation(call, waits);
  answer();
  assert.deepEqual(await able.ping(), {});
});

test("21. changes of the lists", async () => {
  for (const list of ["tools", "prompts"]) {
    const tool = `test_trigger_${list.slice(0, -1)}_change`;
    await poll(`a change of the ${list}`, async () => {
      await call(tool);
      return changed.includes(list);
    }, { every: 200 });
  }
});
