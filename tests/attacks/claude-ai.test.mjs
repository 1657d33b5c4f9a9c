// What Claude.ai does when somebody pastes the server's address, as its requests were seen: the opening POST without a token,
// both resource documents, the authorization server's, a registration or a metadata document, the browser's way over the
// consent page, the exchange from the backend, and MCP as Claude-User, which opens with server/discover and initializes too.
// Replayed at /mcp and at /, with the advertised addresses and with those that Claude builds by itself.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { document, documentServer } from "../lib/cimd.mjs";
import { ALL_SCOPES, atTastyTrade, form, pkce } from "../lib/login.mjs";
import { MODERN, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { decoded } from "./support.mjs";

// claude.ai is played by a server on this machine, for the document that Claude names instead of registering.
const documents = await documentServer(["claude.ai"]);
const stack = await useStack({ vars: documents.vars });
await simulator(stack).clear();

const CALLBACK = "https://claude.ai/api/mcp/auth_callback";
const BACKEND = { "user-agent": "python-httpx/0.28.1", accept: "*/*" };
const CLAUDE = { "user-agent": "Claude-User", accept: "application/json, text/event-stream" };

async function json(url, headers = BACKEND) {
  const response = await fetch(url, { headers, redirect: "manual" });
  assert.equal(response.status, 200, url);
  assert.match(response.headers.get("content-type"), /^application\/json/, url);
  return response.json();
}

/** The documents that Claude reads, in the order in which it reads them. */
async function discover(endpoint) {
  const opening = await post(endpoint, { jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "Anthropic", version: "1.0.0" } } }, { headers: BACKEND });
  assert.equal(opening.status, 401);
  const challenge = opening.headers.get("www-authenticate");
  const named = /resource_metadata="([^"]+)"/.exec(challenge)[1];
  const suffixed = await json(`${stack.url}/.well-known/oauth-protected-resource/mcp`);
  const root = await json(`${stack.url}/.well-known/oauth-protected-resource`);
  const resource = await json(named);
  assert.deepEqual(resource, endpoint.endsWith("/mcp") ? suffixed : root, "the challenge names the document of its own address");
  assert.equal(new URL(resource.resource).href, new URL(endpoint).href);
  const issuer = resource.authorization_servers[0];
  assert.equal(issuer, stack.url);
  const server = await json(`${issuer}/.well-known/oauth-authorization-server`);
  assert.equal(server.issuer, issuer);
  assert.deepEqual(server, await json(`${issuer}/.well-known/oauth-authorization-server/mcp`));
  assert.equal(server.client_id_metadata_document_supported, true);
  for (const method of ["none", "client_secret_post"]) assert.ok(server.token_endpoint_auth_methods_supported.includes(method));
  // It looks for OpenID Connect as well; there is none, and that is said in JSON.
  const oidc = await fetch(`${issuer}/.well-known/openid-configuration`, { headers: BACKEND });
  assert.equal(oidc.status, 404);
  assert.match(oidc.headers.get("content-type"), /^application\/json/);
  await oidc.body?.cancel();
  return { resource, server, scope: /scope="([^"]+)"/.exec(challenge)[1] };
}

/** The backend introduces itself: `{client_id, client_secret}`. */
async function registered(address, method) {
  const response = await fetch(address, {
    method: "POST", redirect: "manual", headers: { ...BACKEND, "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Claude", redirect_uris: [CALLBACK], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], token_endpoint_auth_method: method, scope: "claudeai", client_uri: "https://claude.ai", logo_uri: "https://claude.ai/favicon.ico" }),
  });
  const body = await response.json();
  assert.equal(response.status, 201, JSON.stringify(body));
  assert.deepEqual(body.redirect_uris, [CALLBACK]);
  assert.equal(body.token_endpoint_auth_method, method);
  assert.equal(typeof body.client_secret === "string", method !== "none");
  return body;
}

/** The person's browser, from the consent page to Claude's callback: the parameters of that. */
async function browse(address, client, { resource, scope, challenge }) {
  const state = randomBytes(24).toString("base64url");
  const url = new URL(address);
  const parameters = { response_type: "code", client_id: client.client_id, redirect_uri: CALLBACK, code_challenge: challenge, code_challenge_method: "S256", state, scope, ...(resource ? { resource } : {}) };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const browser = new Browser();
  const page = await browser.open(url);
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /claude\.ai/);
  assert.ok(page.headers.get("content-security-policy").includes("https://claude.ai"), "the form may lead to the callback");
  const back = await atTastyTrade(browser, await browser.submit(page, {}, { press: "decision=login" }), "trader", { until: CALLBACK });
  const { arrived } = back;
  assert.equal(`${arrived.origin}${arrived.pathname}`, CALLBACK);
  assert.equal(arrived.searchParams.get("state"), state);
  assert.equal(arrived.searchParams.get("iss"), stack.url);
  return arrived.searchParams.get("code");
}

/** MCP as Claude speaks it once it is let in. */
async function speak(endpoint, token) {
  const send = (message, headers = {}) => post(endpoint, message, { token, headers: { ...CLAUDE, ...headers } });
  const meta = { "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/clientInfo": { name: "Anthropic/ClaudeAI", version: "1.0.0" } };
  const found = await send({ jsonrpc: "2.0", id: 1, method: "server/discover", params: { _meta: meta } }, { "mcp-protocol-version": MODERN, "mcp-method": "server/discover" });
  assert.equal(found.status, 200, JSON.stringify(found.body));
  assert.ok(found.body.result.supportedVersions.includes(MODERN));
  const opened = await send({ jsonrpc: "2.0", id: 2, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "Anthropic/Toolbox", version: "1.0.0" } } });
  assert.equal(opened.status, 200);
  assert.equal(opened.body.result.protocolVersion, "2025-11-25");
  assert.equal(opened.headers.get("mcp-session-id"), null, "Claude does not bring one back");
  const version = { "mcp-protocol-version": "2025-11-25" };
  assert.equal((await send({ jsonrpc: "2.0", method: "notifications/initialized" }, version)).status, 202);
  for (const headers of [version, { "mcp-protocol-version": MODERN }]) {
    const listed = await send({ jsonrpc: "2.0", id: 3, method: "tools/list", params: {} }, headers);
    assert.equal(listed.status, 200, JSON.stringify(listed.body));
    for (const tool of listed.body.result.tools) {
      assert.ok(tool.annotations?.title || tool.title, tool.name);
      assert.equal(typeof tool.annotations.readOnlyHint, "boolean", tool.name);
      assert.ok(tool.name.length <= 64 && /^[a-z_]+$/.test(tool.name), tool.name);
    }
  }
  const called = await send({ jsonrpc: "2.0", id: 4, method: "tools/call", params: { name: "get_quote", arguments: { symbol: "SPY" } } }, version);
  assert.equal(called.body.result.structuredContent.quotes[0].symbol, "SPY", JSON.stringify(called.body));
  // It has been seen to send the negotiated version in the header and a modern body.
  const mixed = await send({ jsonrpc: "2.0", id: 5, method: "tools/call", params: { name: "get_quote", arguments: { symbol: "SPY" }, _meta: meta } }, { ...version, "mcp-method": "tools/call", "mcp-name": "get_quote" });
  assert.equal(mixed.body.result?.structuredContent.quotes[0].symbol, "SPY", JSON.stringify(mixed.body));
  const modern = await send({ jsonrpc: "2.0", id: 6, method: "tools/call", params: { name: "get_quote", arguments: { symbol: "SPY" }, _meta: meta } }, { "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": "get_quote" });
  assert.equal(modern.body.result?.structuredContent.quotes[0].symbol, "SPY", JSON.stringify(modern.body));
}

/** The whole way; the answer of the token endpoint. */
async function connect(endpoint, { built = false, method = "none", withResource = true, client: known } = {}) {
  const { resource, server, scope } = await discover(endpoint);
  const at = (field, path) => (built ? `${stack.url}${path}` : server[field]);
  const client = known ?? (await registered(at("registration_endpoint", "/register"), method));
  const { verifier, challenge } = pkce();
  const audience = withResource ? resource.resource : undefined;
  const code = await browse(at("authorization_endpoint", "/authorize"), client, { resource: audience, scope, challenge });
  const secret = client.client_secret ? { client_secret: client.client_secret } : {};
  const tokens = at("token_endpoint", "/token");
  const issued = await form(tokens, { grant_type: "authorization_code", code, redirect_uri: CALLBACK, client_id: client.client_id, code_verifier: verifier, ...(audience ? { resource: audience } : {}), ...secret }, BACKEND);
  assert.equal(issued.status, 200, JSON.stringify(issued.body));
  assert.equal(issued.body.scope, ALL_SCOPES.join(" "));
  assert.equal(decoded(issued.body.access_token).aud, `${stack.url}/mcp`);
  assert.ok(issued.body.expires_in >= 86_400, "it seldom refreshes on a 401");
  await speak(endpoint, issued.body.access_token);
  const renewed = await form(tokens, { grant_type: "refresh_token", refresh_token: issued.body.refresh_token, client_id: client.client_id, ...secret }, BACKEND);
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
  await speak(endpoint, renewed.body.access_token);
  return client;
}

for (const path of ["/mcp", "/"]) {
  describe(`at ${path}`, () => {
    const endpoint = `${stack.url}${path}`;
    test("with the advertised addresses", () => connect(endpoint));
    test("with the addresses that it builds, and a secret in the form", () => connect(endpoint, { built: true, method: "client_secret_post" }));
    test("with the address of its document as id", () => {
      const id = documents.publish("/oauth/mcp-oauth-client-metadata", document(documents.id("/oauth/mcp-oauth-client-metadata"), { client_name: "Claude", redirect_uris: [CALLBACK] }));
      return connect(endpoint, { client: { client_id: id } });
    });
    test("without a resource", () => connect(endpoint, { withResource: false }));
  });
}

test("an app that the server no longer knows is told so in the way that makes Claude register again", async () => {
  const answer = await form(`${stack.url}/token`, { grant_type: "refresh_token", refresh_token: `ttai_rt_${"A".repeat(43)}`, client_id: "ttai_forgotten" }, BACKEND);
  assert.equal(answer.status, 401);
  assert.equal(answer.body.error, "invalid_client");
});
