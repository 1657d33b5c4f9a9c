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
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { useStack } from "../lib/stack.mjs";
import { checkKnowledge, checkQuote, checkToolError, checkTools, logIn, recorder, Store } from "./support.mjs";

const CALLBACK = "http://127.0.0.1:49152/callback";

const stack = await useStack();
let client;
const store = new Store(CALLBACK);
const record = recorder();
const transport = () => new StreamableHTTPClientTransport(new URL(`${stack.url}/mcp`), { authProvider: store, fetch: record.fetch });
const newClient = () => new Client({ name: "ttai-suite-legacy", version: "1" });

after(() => client?.close());

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

  const back = await logIn(store.opened);
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
