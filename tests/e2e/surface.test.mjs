// The HTTP surface, without logging in. Cases:
//  1. HEAD on any path: 200, the protocol's version, no body
//  2. GET and DELETE on the MCP endpoint: 405 with Allow; GET / for a browser: the landing page
//  3. what is not there: 404 in the HTTP form of errors
//  4. /health: every binding of both workers
//  5. /debug/analysis: the other worker, through the service binding
//  6. POST without a token, or with a bad one: 401, where the resource document lies, all scopes
//  7. both protected-resource documents and the authorization server's
//  8. /authorize, /token, /register, /revoke are the same as under /oauth, and no POST is redirected
//  9. CORS: headers on a 401, a preflight, and nothing on pages
// 10. a foreign Origin on the endpoint: 403
// 11. a body over 1 MiB: 413; with and without a declared length
// 12. /ws without Upgrade: 426
// 13. the analysis worker cannot be reached from outside
// 14. what every answer carries
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { ALL_SCOPES, authorizeUrl, form, pkce, register, REDIRECT } from "../lib/login.mjs";
import { assertHttpError, modern, MODERN, post } from "../lib/mcp.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const at = (path) => `${stack.url}${path}`;

test("1: HEAD on any path", async () => {
  for (const path of ["/", "/mcp", "/health", "/nowhere", "/oauth/authorize", "/.well-known/oauth-protected-resource/mcp"]) {
    const response = await fetch(at(path), { method: "HEAD", redirect: "manual" });
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("mcp-protocol-version"), MODERN, path);
    assert.equal(await response.text(), "", path);
  }
});

test("2: GET and DELETE on the endpoint, and the landing page", async () => {
  for (const [method, path] of [["GET", "/mcp"], ["DELETE", "/mcp"], ["GET", "/"], ["DELETE", "/"], ["PUT", "/mcp"]]) {
    const response = await fetch(at(path), { method, headers: { accept: "text/event-stream" } });
    assert.equal(response.status, 405, `${method} ${path}`);
    assert.match(response.headers.get("allow"), /POST/, `${method} ${path}`);
    await response.body?.cancel();
  }
  const landing = await fetch(at("/"), { headers: { accept: "text/html,application/xhtml+xml" } });
  assert.equal(landing.status, 200);
  assert.match(landing.headers.get("content-type"), /^text\/html/);
  const html = await landing.text();
  assert.ok(html.includes(`${stack.url}/mcp`), "the page shows the address to paste");
  assert.match(landing.headers.get("content-security-policy") ?? "", /default-src/);
});

test("3: what is not there", async () => {
  for (const [method, path] of [["GET", "/nowhere"], ["POST", "/nowhere"], ["GET", "/mcp/x"], ["GET", "/assets/none.css"], ["GET", "/oauth/nothing"], ["GET", "/.well-known/none"]]) {
    const response = await fetch(at(path), { method });
    assert.equal(response.status, 404, `${method} ${path}`);
    assertHttpError(await response.json(), "NOT_FOUND", "not_found");
  }
});

test("4: /health", async () => {
  const response = await fetch(at("/health"));
  assert.equal(response.status, 200);
  const body = await response.json();
  assert.equal(body.status, "healthy");
  assert.equal(body.name, "ttai-mcp-server");
  assert.match(body.version, /^\d+\.\d+\.\d+/);
  for (const binding of ["DB", "KV", "R2", "ANALYSIS", "QUEUE", "WORKFLOWS", "USER_HUB"]) assert.equal(body.bindings[binding], "ok", binding);
  for (const binding of ["DB", "QUEUE", "WORKFLOWS", "UPSTREAM", "USER_HUB"]) assert.equal(body.analysis.bindings[binding], "ok", `analysis ${binding}`);
});

test("5: /debug/analysis", async () => {
  const response = await fetch(at("/debug/analysis"));
  assert.equal(response.status, 200);
  assert.equal((await response.json()).bindings.DB, "ok");
});

test("6: without a token, and with a bad one", async () => {
  for (const [path, document] of [["/mcp", "/.well-known/oauth-protected-resource/mcp"], ["/", "/.well-known/oauth-protected-resource"]]) {
    for (const [token, isBad] of [[undefined, false], ["", false], ["nonsense", true], ["eyJhbGciOiJub25lIn0.e30.", true]]) {
      const { message, headers } = modern("tools/list");
      const { status, headers: got, body } = await post(at(path), message, { token, headers });
      assert.equal(status, 401, `${path} ${token}`);
      assertHttpError(body, "AUTHENTICATION_ERROR", "invalid_token");
      const challenge = got.get("www-authenticate");
      assert.match(challenge, /^Bearer /);
      assert.ok(challenge.includes(`resource_metadata="${at(document)}"`), challenge);
      assert.ok(challenge.includes(`scope="${ALL_SCOPES.join(" ")}"`), challenge);
      assert.equal(/error=/.test(challenge), isBad, challenge);
      if (isBad) assert.match(challenge, /error="invalid_token"/);
    }
  }
});

test("7: the well-known documents", async () => {
  const get = async (path) => {
    const response = await fetch(at(path));
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get("content-type"), /^application\/json/);
    return response.json();
  };
  const mcp = await get("/.well-known/oauth-protected-resource/mcp");
  assert.equal(mcp.resource, at("/mcp"));
  assert.deepEqual(mcp.authorization_servers, [stack.url]);
  assert.deepEqual(mcp.scopes_supported, ALL_SCOPES);
  assert.deepEqual(mcp.bearer_methods_supported, ["header"]);
  assert.equal((await get("/.well-known/oauth-protected-resource")).resource, stack.url);
  const server = await get("/.well-known/oauth-authorization-server");
  assert.equal(server.issuer, stack.url);
  for (const name of ["authorize", "token", "register", "revoke"]) {
    const field = { authorize: "authorization_endpoint", token: "token_endpoint", register: "registration_endpoint", revoke: "revocation_endpoint" }[name];
    assert.equal(server[field], at(`/oauth/${name}`));
  }
  assert.deepEqual(server.code_challenge_methods_supported, ["S256"]);
  assert.deepEqual(server.response_types_supported, ["code"]);
  assert.deepEqual(server.grant_types_supported, ["authorization_code", "refresh_token"]);
  assert.ok(server.token_endpoint_auth_methods_supported.includes("none"));
  assert.equal(server.authorization_response_iss_parameter_supported, true);
});

test("8: the aliases", async () => {
  const registered = await register(stack, { client_name: "Alias" }, "/register");
  const { challenge } = pkce();
  for (const path of ["/authorize", "/oauth/authorize"]) {
    const response = await fetch(authorizeUrl(stack, { clientId: registered.client_id, challenge, path }), { redirect: "manual" });
    assert.equal(response.status, 200, path);
    assert.match(await response.text(), /Alias/, path);
  }
  for (const path of ["/token", "/oauth/token"]) {
    const { status, body } = await form(at(path), { grant_type: "password", client_id: registered.client_id });
    assert.equal(status, 400, path);
    assert.equal(body.error, "unsupported_grant_type", path);
  }
  for (const path of ["/revoke", "/oauth/revoke"]) {
    assert.equal((await form(at(path), { token: "ttai_none", client_id: registered.client_id })).status, 200, path);
  }
});

test("9: CORS", async () => {
  const origin = "https://claude.ai";
  const refused = await post(at("/mcp"), modern("tools/list").message, { headers: { origin } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("access-control-allow-origin"), origin);
  assert.match(refused.headers.get("access-control-expose-headers"), /www-authenticate/i);
  for (const path of ["/mcp", "/oauth/token", "/register", "/.well-known/oauth-authorization-server"]) {
    const preflight = await fetch(at(path), { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type,mcp-method" } });
    assert.equal(preflight.status, 204, path);
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin, path);
    for (const header of ["authorization", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name"]) {
      assert.ok(preflight.headers.get("access-control-allow-headers").toLowerCase().split(/\s*,\s*/).includes(header), `${path} ${header}`);
    }
  }
  const document = await fetch(at("/.well-known/oauth-protected-resource/mcp"), { headers: { origin } });
  assert.equal(document.headers.get("access-control-allow-origin"), origin);
  const page = await fetch(at("/dashboard"), { headers: { origin: "https://evil.example", accept: "text/html" }, redirect: "manual" });
  assert.equal(page.headers.get("access-control-allow-origin"), null);
});

test("10: a foreign Origin on the endpoint", async () => {
  for (const origin of ["https://evil.example", "null", "https://claude.ai.evil.example"]) {
    for (const path of ["/mcp", "/"]) {
      const { status, body } = await post(at(path), modern("tools/list").message, { headers: { origin } });
      assert.equal(status, 403, `${origin} ${path}`);
      assertHttpError(body, "AUTHORIZATION_ERROR", "forbidden");
    }
  }
  const local = await post(at("/mcp"), modern("tools/list").message, { headers: { origin: "http://localhost:6274" } });
  assert.equal(local.status, 401, "the Inspector's page may call");
});

test("11: a body over 1 MiB", async () => {
  const body = " ".repeat(1024 * 1024 + 1);
  const declared = await post(at("/mcp"), body);
  assert.equal(declared.status, 413);
  assertHttpError(declared.body, "VALIDATION_ERROR", "payload_too_large");
  const status = await new Promise((done, fail) => {
    const sent = request(at("/mcp"), { method: "POST", headers: { "content-type": "application/json", "transfer-encoding": "chunked" } }, (response) => {
      response.resume();
      done(response.statusCode);
    });
    sent.on("error", fail);
    sent.end(body);
  });
  assert.equal(status, 413);
  assert.equal((await post(at("/mcp"), " ".repeat(1024 * 1024))).status, 401, "exactly 1 MiB is read");
});

test("12: /ws without Upgrade", async () => {
  const response = await fetch(at("/ws"));
  assert.equal(response.status, 426);
  assertHttpError(await response.json(), "VALIDATION_ERROR");
});

test("13: the analysis worker cannot be reached from outside", async () => {
  const call = { request_id: "x", principal: null, call: "health" };
  const answers = await Promise.all([
    fetch(at("/call"), { method: "POST", body: JSON.stringify(call) }),
    fetch(at("/call"), { method: "POST", body: JSON.stringify(call), headers: { host: "ttai-analysis" } }),
    fetch(at("/analysis/call"), { method: "POST", body: JSON.stringify(call) }),
  ]);
  for (const response of answers) {
    assert.equal(response.status, 404);
    assertHttpError(await response.json(), "NOT_FOUND");
  }
});

test("14: what every answer carries", async () => {
  for (const path of ["/", "/health", "/nowhere", "/.well-known/oauth-authorization-server"]) {
    const response = await fetch(at(path), { headers: { accept: "text/html" } });
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
    assert.match(response.headers.get("strict-transport-security"), /max-age=\d+/, path);
    await response.body?.cancel();
  }
  const unknown = await fetch(authorizeUrl(stack, { clientId: "ttai_unknown", challenge: pkce().challenge }), { redirect: "manual" });
  assert.equal(unknown.status, 400, "an unknown app is told on our page");
  assert.equal(unknown.headers.get("location"), null);
  assert.ok(!(await unknown.text()).includes(REDIRECT), "nothing is sent, or linked, to an address that nobody registered");
});
