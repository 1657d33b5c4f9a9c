// The official TypeScript client of the stateless era (@modelcontextprotocol/client), unmodified.
//
//  1. Pinned to 2026-07-28 and knowing the URL alone: 401, discovery, registration, login; `iss` of the callback is
//     checked by the library.
//  2. `server/discover` yields the server, its instructions and capabilities; nothing sends `initialize`.
//  3. tools/list with ttlMs and cacheScope.
//  4. get_quote: structured content with every field, under the headers of the era.
//  5. Errors of tools: a malformed symbol names the argument, an unknown one is NOT_FOUND; an unknown tool is -32602.
//  6. resources/list, templates, and the documents behind knowledge://; an unknown address is -32602.
//  7. An access token that no longer holds is refreshed unnoticed, and the refresh token is rotated.
//  8. The mode that falls back (`auto`) reaches the modern era and does not fall back, also when its first request is the
//     one that is refused for want of a token.
//  9. Where something on the way does not let `server/discover` through, that mode falls back to `initialize` and works.
// 10. Without negotiation (the library's default) it is a client of the initialize era.
// 11. Prompts are filled in, and their arguments completed.
// 12. Structured content is what the output schema says, of results and of errors.
// 13. Progress of get_quote.
// 14. A subscription hears of a sync of the user's positions, and of nothing that it did not ask for.
//
// Against the server with something of everything (tests/conformance/fixture):
// 15. Every kind of content; errors; an argument that is repeated in a header.
// 16. Progress, and log messages for a call that asks for them.
// 17. Lists page by page.
// 18. Resources and templates.
// 19. Prompts and completions.
// 20. Elicitation, sampling and roots, asked for by the result; several at once, and several rounds; a made-up state is refused.
// 21. A client that cannot be asked: what needs sampling is refused with what is missing.
// 22. A call that is given up; what this era has done away with.
// 23. Changes of the lists of tools and prompts, to who asked for them.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Client, ResourceNotFoundError, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { Browser } from "../lib/browser.mjs";
import { syncNow } from "../lib/dashboard.mjs";
import { poll } from "../lib/poll.mjs";
import { useStack } from "../lib/stack.mjs";
import * as fixture from "./fixture.mjs";
import { checkKnowledge, checkPrompts, checkQuote, checkQuoteProgress, checkSchema, checkToolError, checkTools, logIn, recorder, Store } from "./support.mjs";

const CALLBACK = "http://127.0.0.1:49153/callback";
const MODERN = "2026-07-28";

const stack = await useStack();
const browser = new Browser();
let client;
const store = new Store(CALLBACK);
const record = recorder();
const transport = (authProvider = store, fetch = record.fetch) => new StreamableHTTPClientTransport(new URL(`${stack.url}/mcp`), { authProvider, fetch });
const newClient = (mode, options = {}) => new Client({ name: "ttai-suite-modern", version: "1" }, { versionNegotiation: { mode }, ...options });
const methodsOf = (seen) => seen.filter(({ path, body }) => path === "/mcp" && body).map(({ body }) => JSON.parse(body).method);

const everything = await fixture.useFixture();
const { asked, elicit, sample, roots } = fixture.answering();
const toEverything = () => new StreamableHTTPClientTransport(new URL(`${everything.url}/mcp`));
const able = newClient({ pin: MODERN }, { capabilities: fixture.ABLE });
const call = (name, args = {}, options) => able.callTool({ name, arguments: args }, options);
const logged = [];
const changed = [];

able.setRequestHandler("elicitation/create", elicit);
able.setRequestHandler("sampling/createMessage", sample);
able.setRequestHandler("roots/list", roots);
able.setNotificationHandler("notifications/message", ({ params }) => void logged.push(params));
able.setNotificationHandler("notifications/tools/list_changed", () => void changed.push("tools"));
able.setNotificationHandler("notifications/prompts/list_changed", () => void changed.push("prompts"));
await able.connect(toEverything());
after(() => Promise.all([client?.close(), able.close()]));

test("1. from the URL alone through the login", async () => {
  const first = transport();
  await assert.rejects(newClient({ pin: MODERN }).connect(first), UnauthorizedError);
  record.find("the refused discover", ({ path, status }) => path === "/mcp" && status === 401);
  record.find("the registration", ({ path, status }) => path === "/oauth/register" && status === 201);
  const back = await logIn(store.opened, "trader", browser);
  assert.equal(back.searchParams.get("state"), store.expectedState);
  await first.finishAuth(back.searchParams);
  assert.ok(store.kept.access_token && store.kept.refresh_token);
});

test("2. server/discover", async () => {
  record.seen.length = 0;
  client = newClient({ pin: MODERN });
  await client.connect(transport());
  assert.equal(client.getProtocolEra(), "modern");
  assert.equal(client.getNegotiatedProtocolVersion(), MODERN);
  assert.equal(client.getServerVersion().name, "ttai-mcp-server");
  assert.ok(client.getServerCapabilities().tools && client.getServerCapabilities().resources);
  assert.ok(client.getInstructions().length > 50);
  assert.deepEqual(client.getDiscoverResult().supportedVersions, [MODERN]);
  assert.deepEqual(methodsOf(record.seen), ["server/discover"]);
});

test("3. tools/list", async () => {
  const listed = await client.listTools();
  checkTools(listed.tools);
  assert.ok(listed.ttlMs >= 0 && ["public", "private"].includes(listed.cacheScope), JSON.stringify({ ...listed, tools: undefined }));
});

test("4. get_quote with structured content", async () => {
  record.seen.length = 0;
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  const [{ headers }] = record.seen;
  assert.equal(headers.get("mcp-protocol-version"), MODERN);
  assert.equal(headers.get("mcp-method"), "tools/call");
  assert.equal(headers.get("mcp-name"), "get_quote");
});

test("5. errors of tools", async () => {
  const call = (symbol) => client.callTool({ name: "get_quote", arguments: { symbol } });
  checkToolError(await call("not a symbol!"), "VALIDATION_ERROR", /symbol/);
  checkToolError(await call("ZZZZQ"), "NOT_FOUND", /ZZZZQ/);
  await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), { code: -32602 });
});

test("6. resources", async () => {
  await checkKnowledge(client);
  await assert.rejects(client.readResource({ uri: "knowledge://options/nothing" }), (error) => error instanceof ResourceNotFoundError || error.code === -32602);
});

test("7. an access token that no longer holds is refreshed", async () => {
  const before = store.kept;
  store.kept = { ...before, access_token: "expired" };
  record.seen.length = 0;
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "NVDA" } }), "NVDA");
  const refresh = record.find("the refresh", ({ path, body }) => path === "/oauth/token" && body.includes("grant_type=refresh_token"));
  assert.equal(refresh.status, 200);
  assert.notEqual(store.kept.refresh_token, before.refresh_token);
});

test("8. auto reaches the modern era, from the refusal too", async () => {
  const fresh = new Store(CALLBACK);
  const { fetch, seen } = recorder();
  const first = transport(fresh, fetch);
  await assert.rejects(newClient("auto").connect(first), UnauthorizedError);
  await first.finishAuth((await logIn(fresh.opened)).searchParams);
  const auto = newClient("auto");
  await auto.connect(transport(fresh, fetch));
  assert.equal(auto.getProtocolEra(), "modern");
  checkQuote(await auto.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  assert.ok(!methodsOf(seen).includes("initialize"), methodsOf(seen).join(", "));
  await auto.close();
});

test("9. auto falls back to initialize", async () => {
  const { fetch, seen } = recorder();
  const gateway = (input, init) => (String(init?.body).includes('"server/discover"') ? new Response("Not Found", { status: 404 }) : fetch(input, init));
  const old = newClient("auto");
  await old.connect(transport(store, gateway));
  assert.equal(old.getProtocolEra(), "legacy");
  assert.equal(old.getNegotiatedProtocolVersion(), "2025-11-25");
  assert.ok(methodsOf(seen).includes("initialize"), methodsOf(seen).join(", "));
  checkTools((await old.listTools()).tools);
  checkQuote(await old.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  await old.close();
});

test("10. without negotiation", async () => {
  const plain = new Client({ name: "ttai-suite-plain", version: "1" });
  await plain.connect(transport());
  assert.equal(plain.getNegotiatedProtocolVersion(), "2025-11-25");
  checkQuote(await plain.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  checkToolError(await plain.callTool({ name: "get_quote", arguments: { symbol: "not a symbol!" } }), "VALIDATION_ERROR", /symbol/);
  await plain.close();
});

test("11. prompts and completions", () => checkPrompts(client));

test("12. structured content by the output schema", async () => {
  const { tools } = await client.listTools();
  for (const args of [{ symbol: "AAPL" }, { symbols: ["SPX", "ZZZZQ"] }, { symbol: "not a symbol!" }]) checkSchema(tools, "get_quote", await client.callTool({ name: "get_quote", arguments: args }));
  const { body } = await syncNow(stack, browser);
  const job = await client.callTool({ name: "get_workflow_status", arguments: { workflow_id: body.workflow_id } });
  assert.ok(!job.isError, JSON.stringify(job));
  checkSchema(tools, "get_workflow_status", job);
});

test("13. progress", () => checkQuoteProgress(stack, (name, args, options) => client.callTool({ name, arguments: args }, options)));

test("14. a subscription hears of new positions", async () => {
  const POSITIONS = "portfolio://positions";
  const updated = [];
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => void updated.push(params.uri));
  const subscription = await client.listen({ resourceSubscriptions: [POSITIONS, "knowledge://trading/risk"], toolsListChanged: true });
  assert.deepEqual(subscription.honoredFilter, { resourceSubscriptions: [POSITIONS] });
  await syncNow(stack, browser);
  // The sync keeps its distance to the one before.
  await poll("the update", () => updated.includes(POSITIONS), { within: 60_000 });
  assert.deepEqual([...new Set(updated)], [POSITIONS]);
  await subscription.close();
  assert.equal(await subscription.closed, "local");
});

test("15. contents and errors", async () => {
  await fixture.checkContents(call);
  await able.listTools();
  assert.equal((await call("test_custom_header", { value: "\u00e4 value" })).content[0].text, "Done.");
});

test("16. progress and log messages", async () => {
  await fixture.checkProgress(call);
  logged.length = 0;
  await call("test_tool_with_logging");
  assert.deepEqual(logged, [], "nobody asked");
  const at = (level) => able.callTool({ name: "test_tool_with_logging", arguments: {}, _meta: { "io.modelcontextprotocol/logLevel": level } });
  await at("info");
  assert.deepEqual(logged.map(({ level, data }) => [level, data]), ["Tool execution started", "Tool processing data", "Tool execution completed"].map((data) => ["info", data]));
  logged.length = 0;
  await at("error");
  assert.deepEqual(logged, []);
});

test("17. pages", () => fixture.checkPages((cursor) => able.request({ method: "tools/list", params: cursor ? { cursor } : {} })));

test("18. resources", () => fixture.checkResources(able, -32602));

test("19. prompts and completions of every kind", () => fixture.checkPrompts(able));

test("20. questions back to the client", async () => {
  await fixture.checkQuestions(able, call, asked);
  await assert.rejects(able.request({ method: "tools/call", params: { name: "test_input_required_result_tampered_state", arguments: {}, requestState: "made up", inputResponses: {} } }), { code: -32602 });
});

test("21. a client that cannot be asked", async () => {
  const silent = newClient({ pin: MODERN });
  await silent.connect(toEverything());
  await assert.rejects(silent.callTool({ name: "test_missing_capability", arguments: {} }), { code: -32021 });
  const result = await silent.callTool({ name: "test_input_required_result_capabilities", arguments: {} });
  assert.equal(result.content[0].text, "This client cannot be asked anything.");
  await silent.close();
});

test("22. a call that is given up, and what this era does not have", async () => {
  const giving = new AbortController();
  const told = [];
  const hear = (progress) => {
    told.push(progress);
    giving.abort("not needed any more");
  };
  await assert.rejects(call("test_tool_with_progress", {}, { signal: giving.signal, onprogress: hear }), /not needed|abort/i);
  assert.equal(told.length, 1);
  assert.equal((await call("test_simple_text")).content.length, 1);
  for (const method of ["ping", "logging/setLevel", "resources/subscribe"]) await assert.rejects(async () => able.request({ method, params: {} }), /not supported/, method);
});

test("23. changes of the lists", async () => {
  const subscription = await able.listen({ toolsListChanged: true, resourcesListChanged: true });
  assert.deepEqual(subscription.honoredFilter, { toolsListChanged: true });
  await call("test_trigger_prompt_change");
  await call("test_trigger_tool_change");
  await poll("the change", () => changed.length > 0);
  assert.deepEqual(changed, ["tools"], "prompts were not asked for");
  await subscription.close();
  const prompts = await able.listen({ promptsListChanged: true });
  await call("test_trigger_prompt_change");
  await poll("the other change", () => changed.includes("prompts"));
  await prompts.close();
});
