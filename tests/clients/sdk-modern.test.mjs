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
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Client, ResourceNotFoundError, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { useStack } from "../lib/stack.mjs";
import { checkKnowledge, checkQuote, checkToolError, checkTools, logIn, recorder, Store } from "./support.mjs";

const CALLBACK = "http://127.0.0.1:49153/callback";
const MODERN = "2026-07-28";

const stack = await useStack();
let client;
const store = new Store(CALLBACK);
const record = recorder();
const transport = (authProvider = store, fetch = record.fetch) => new StreamableHTTPClientTransport(new URL(`${stack.url}/mcp`), { authProvider, fetch });
const newClient = (mode, options = {}) => new Client({ name: "ttai-suite-modern", version: "1" }, { versionNegotiation: { mode }, ...options });
const methodsOf = (seen) => seen.filter(({ path, body }) => path === "/mcp" && body).map(({ body }) => JSON.parse(body).method);

after(() => client?.close());

test("1. from the URL alone through the login", async () => {
  const first = transport();
  await assert.rejects(newClient({ pin: MODERN }).connect(first), UnauthorizedError);
  record.find("the refused discover", ({ path, status }) => path === "/mcp" && status === 401);
  record.find("the registration", ({ path, status }) => path === "/oauth/register" && status === 201);
  const back = await logIn(store.opened);
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
