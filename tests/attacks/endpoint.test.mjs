// Attacks on the MCP endpoint and its access tokens: D01 to D17. Tokens are forged with the stack's own key, so that only
// what a test changes is wrong about them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { build, FIXTURE } from "../../scripts/lib/build.mjs";
import { setup } from "../../scripts/lib/setup.mjs";
import { startFixture } from "../conformance/suite.mjs";
import { ALL_SCOPES, EXTERNAL_IDS, form } from "../lib/login.mjs";
import { assertHttpError, client, legacy, modern, MODERN, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { connected, jwtSecret, keyId, list, mint, quiet, wire } from "./support.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
const mcp = `${stack.url}/mcp`;
const { token, claims, refreshToken } = await connected(stack);
await quiet(stack);
const now = () => Math.floor(Date.now() / 1000);

/** Fails unless a token is refused with 401 `invalid_token`, at both addresses. */
async function refused(bad, what) {
  for (const path of ["/mcp", "/"]) {
    const { status, headers, body } = await list(stack, bad, { path });
    assert.equal(status, 401, `${what} at ${path}`);
    assertHttpError(body, "AUTHENTICATION_ERROR", "invalid_token");
    const challenge = headers.get("www-authenticate");
    assert.match(challenge, /^Bearer .*error="invalid_token"/, what);
    assert.ok(challenge.includes("resource_metadata=") && challenge.includes(`scope="${ALL_SCOPES.join(" ")}"`), challenge);
  }
}

test("a token that the tests mint themselves is accepted, so that what follows fails for the right reason", async () => {
  assert.equal((await list(stack, mint(stack, { claims }))).status, 200);
});

test("D01 no token: 401 with resource_metadata and scope, and no error", async () => {
  for (const path of ["/mcp", "/"]) {
    for (const authorization of [undefined, "Basic dHJhZGVyOnNpbXVsYXRvcg==", "Bearer"]) {
      const made = modern("tools/list");
      const { status, headers } = await post(`${stack.url}${path}`, made.message, { headers: { ...made.headers, ...(authorization ? { authorization } : {}) } });
      assert.equal(status, 401, `${path} ${authorization}`);
      const challenge = headers.get("www-authenticate");
      assert.match(challenge, /^Bearer /);
      assert.match(challenge, /resource_metadata="[^"]+"/);
      assert.match(challenge, /scope="[^"]+"/);
      assert.doesNotMatch(challenge, /error/, "RFC 6750 3.1: none was presented");
    }
  }
});

test("D02 garbage, or a token that has expired: 401 invalid_token", async () => {
  const [head, body, signature] = token.split(".");
  for (const bad of [
    "x", "..", "...", `${head}.${body}`, `${head}.${body}.`, `${token}.x`, `${token}=`, `${token}!`, `${head}.${body}. ${signature}`, `${head}.${body}=.${signature}`, "null", "A".repeat(5000), refreshToken,
    `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`, `${Buffer.from("{").toString("base64url")}.${body}.${signature}`,
  ]) {
    await refused(bad, bad.slice(0, 60));
  }
  await refused(mint(stack, { claims: { ...claims, iat: now() - 90_000, exp: now() - 3_600 } }), "expired");
  await refused(mint(stack, { claims: { ...claims, sub: `${"U".repeat(4_200)}` } }), "over 4 KB");
});

test("D03 alg none or swapped, unknown or strange kid, jwk, jku, x5u, crit: 401 invalid_token", async () => {
  const secret = jwtSecret(stack);
  const headers = [
    { alg: "none" }, { alg: "None" }, { alg: "HS384" }, { alg: "HS512" }, { alg: "RS256" }, { alg: "ES256" }, { alg: undefined }, { kid: "unknown" }, { kid: "../../etc/passwd" }, { kid: undefined }, { kid: "" },
    { kid: "' OR 1=1 --" }, { kid: `${keyId(secret)}\u0000` }, { kid: 1 }, { jwk: { kty: "oct", k: Buffer.from("attacker").toString("base64url") } }, { jku: "https://evil.example/keys" }, { x5u: "https://evil.example/x" },
    { x5c: ["x"] }, { crit: ["exp"] }, { b64: false }, { zip: "DEF" }, { cty: "JWT" },
  ];
  for (const header of headers) await refused(mint(stack, { header, claims }), JSON.stringify(header));
  for (const digest of ["sha384", "sha512"]) await refused(mint(stack, { header: { alg: digest.replace("sha", "HS") }, claims, digest }), digest);
  const unsigned = mint(stack, { header: { alg: "none" }, claims }).split(".").slice(0, 2).join(".");
  await refused(`${unsigned}.`, "none, without a signature");
  for (const other of ["", "secret", createHash("sha256").update(secret).digest("hex"), keyId(secret), stack.url]) await refused(mint(stack, { claims, secret: other }), `signed with ${other.slice(0, 8)}`);
});

test("D04 wrong aud, iss or typ, no exp, nbf to come, a claim missing or of another type: 401 invalid_token", async () => {
  for (const change of [
    { aud: "https://evil.example/mcp" }, { aud: stack.url }, { aud: [`${stack.url}/mcp`, "https://evil.example"] }, { aud: undefined }, { aud: `${stack.url}/mcp/` }, { iss: "https://evil.example" }, { iss: `${stack.url}/` }, { iss: undefined },
    { exp: undefined }, { exp: "9999999999" }, { exp: null }, { exp: -1 }, { nbf: now() + 600 }, { iat: now() + 600, exp: now() + 90_000 }, { iat: undefined }, { sub: undefined }, { sub: "" }, { sub: 5 }, { sid: undefined }, { jti: undefined }, { client_id: undefined }, { scope: undefined },
    { scope: ALL_SCOPES },
  ]) {
    const all = { ...claims, ...change };
    for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
    await refused(mint(stack, { claims: all }), JSON.stringify(change));
  }
  for (const typ of ["JWT", "at+JWT", "application/at+jwt", "id_token", undefined, ""]) await refused(mint(stack, { header: { typ }, claims }), `typ ${typ}`);
  // A good signature over another user, or another grant: the grant's row says no.
  await refused(mint(stack, { claims: { ...claims, sub: EXTERNAL_IDS.second } }), "another user's name on one's own grant");
  await refused(mint(stack, { claims: { ...claims, sid: "0".repeat(32) } }), "a grant that there is not");
});

test("D05 a token in the query or the body: 401", async () => {
  for (const query of [`access_token=${token}`, `token=${token}`, `authorization=Bearer%20${token}`]) {
    assert.equal((await list(stack, undefined, { path: `/mcp?${query}` })).status, 401, query.slice(0, 20));
  }
  const inBody = await fetch(mcp, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: `access_token=${token}` });
  assert.equal(inBody.status, 401);
  assert.equal((await list(stack, undefined, { headers: { cookie: `access_token=${token}` } })).status, 401, "nor in a cookie");
});

test("D06 a revoked grant under a token that is valid by itself: 401 invalid_token", async () => {
  const made = await connected(stack);
  assert.equal((await list(stack, made.token)).status, 200);
  await form(`${stack.url}/oauth/revoke`, { token: made.refreshToken, client_id: made.clientId });
  await refused(made.token, "revoked");
  assert.equal((await list(stack, token)).status, 200, "another app's is not concerned");
});

test("D07 TastyTrade's own tokens as bearer: 401, and TastyTrade is not asked", async () => {
  const grant = await sim.grant("trader");
  const minted = await form(`${stack.simUrl}/oauth/token`, { grant_type: "refresh_token", refresh_token: grant.refresh_token, client_secret: grant.client_secret }, { "user-agent": "attacker/1.0" });
  assert.equal(minted.status, 200, JSON.stringify(minted.body));
  const mark = await sim.mark();
  for (const theirs of [minted.body.access_token, grant.refresh_token, grant.client_secret]) await refused(theirs, "TastyTrade's");
  assert.deepEqual(await sim.since(mark), []);
});

test("D08 a missing scope: 403 insufficient_scope with all that is needed, and where the document lies", async () => {
  const narrow = await connected(stack, { scopes: ["alerts:write"] });
  const mark = await sim.mark();
  for (const [path, document] of [["/mcp", "/.well-known/oauth-protected-resource/mcp"], ["/", "/.well-known/oauth-protected-resource"]]) {
    const { status, headers, body } = await client(stack, narrow.token, { path }).request("tools/call", { name: "get_quote", arguments: { symbol: "SPY" } });
    assert.equal(status, 403);
    assertHttpError(body, "AUTHORIZATION_ERROR", "insufficient_scope");
    const challenge = headers.get("www-authenticate");
    assert.match(challenge, /error="insufficient_scope"/);
    assert.match(challenge, /scope="market:read"/);
    assert.ok(challenge.includes(`resource_metadata="${stack.url}${document}"`), challenge);
  }
  // A batch of the oldest revision needs the scopes of all its members.
  const batch = [["tools/call", { name: "get_quote", arguments: { symbol: "SPY" } }], ["resources/read", { uri: "portfolio://positions" }]].map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params }));
  const { status, headers } = await post(mcp, batch, { token: narrow.token, headers: { "mcp-protocol-version": "2025-03-26" } });
  assert.equal(status, 403);
  assert.match(headers.get("www-authenticate"), /scope="market:read account:read"/);
  // What a token says that its user never allowed does not count for more than it says.
  assert.equal((await client(stack, mint(stack, { claims: { ...claims, scope: "admin root" } })).request("tools/call", { name: "get_quote", arguments: { symbol: "SPY" } })).status, 403);
  assert.deepEqual(await sim.since(mark), []);
});

test("D09 a foreign Origin: 403; none: served; a foreign Host: refused", async () => {
  for (const origin of ["https://evil.example", "null", "http://localhost.evil.example", "https://claude.ai.evil.example", "https://claude.ai:8443", "http://claude.ai", "file://", "https://evil.example, https://claude.ai", ""]) {
    if (origin === "") continue;
    for (const path of ["/mcp", "/"]) {
      const { status, body, headers } = await list(stack, token, { path, headers: { origin } });
      assert.equal(status, 403, `${origin} ${path}`);
      assertHttpError(body, "AUTHORIZATION_ERROR", "forbidden");
      assert.equal(headers.get("access-control-allow-origin"), null);
    }
  }
  assert.equal((await list(stack, token)).status, 200);
  for (const origin of ["https://claude.ai", "https://claude.com", stack.url]) assert.equal((await list(stack, token, { headers: { origin } })).status, 200, origin);
  const made = modern("tools/list");
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "192.168.1.7:8787"]) {
    const { status } = await wire(stack, "/mcp", { method: "POST", headers: { ...made.headers, host, "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${token}` }, body: JSON.stringify(made.message) });
    assert.ok(status >= 400 && status < 500, `${host}: ${status}`);
  }
});

test("D10 GET and DELETE: 405 with Allow; Mcp-Session-Id and Last-Event-ID mean nothing to a modern request", async () => {
  for (const method of ["GET", "DELETE", "PUT", "PATCH"]) {
    for (const path of ["/mcp", "/"]) {
      const response = await fetch(`${stack.url}${path}`, { method, headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" } });
      await response.body?.cancel();
      assert.equal(response.status, 405, `${method} ${path}`);
      assert.match(response.headers.get("allow"), /POST/);
    }
  }
  // Sessions exist for clients of the `initialize` era that can be asked back; a made-up one opens nothing.
  for (const method of ["GET", "DELETE"]) {
    const response = await fetch(mcp, { method, headers: { authorization: `Bearer ${token}`, accept: "text/event-stream", "mcp-session-id": "0".repeat(64), "mcp-protocol-version": "2025-11-25" } });
    await response.body?.cancel();
    assert.ok([404, 405].includes(response.status), `${method}: ${response.status}`);
  }
  for (const headers of [{ "mcp-session-id": "made-up" }, { "last-event-id": "7" }, { "mcp-session-id": "../../x", "last-event-id": "-1" }]) {
    const { status, headers: got } = await list(stack, token, { headers });
    assert.equal(status, 200, JSON.stringify(headers));
    assert.equal(got.get("mcp-session-id"), null);
  }
});

/** A modern call of get_quote whose headers are changed; null leaves one out. */
function quote(change, { name = "get_quote", meta = {} } = {}) {
  const made = modern("tools/call", { name, arguments: { symbol: "SPY" } });
  Object.assign(made.message.params._meta, meta);
  const headers = { ...made.headers, ...change };
  for (const key of Object.keys(headers)) if (headers[key] === null) delete headers[key];
  return post(mcp, made.message, { token, headers });
}
const sentinel = (text) => `=?base64?${Buffer.from(text).toString("base64")}?=`;

test("D11 headers and body that disagree, or a header that is missing: 400 -32020", async () => {
  for (const change of [
    { "mcp-protocol-version": "2027-01-01" }, { "mcp-protocol-version": "1900-01-01" }, { "mcp-protocol-version": null }, { "mcp-method": "tools/list" }, { "mcp-method": null }, { "mcp-method": "TOOLS/CALL" }, { "mcp-name": "get_workflow_status" },
    { "mcp-name": null }, { "mcp-name": "" }, { "mcp-name": sentinel("get_workflow_status") }, { "mcp-name": "=?base64?%%%?=" }, { "mcp-name": "=?base64?Z2V0X3F1b3Rl=?=" },
  ]) {
    const { status, body } = await quote(change);
    assert.equal(status, 400, `${JSON.stringify(change)}: ${JSON.stringify(body)}`);
    assert.equal(body.error.code, -32020, JSON.stringify(change));
  }
  // One pair is let through on purpose: hosted clients send the version that `initialize` negotiated beside a modern body.
  assert.equal((await quote({ "mcp-protocol-version": "2025-11-25" })).status, 200);
  for (const same of [sentinel("get_quote"), " get_quote "]) assert.equal((await quote({ "mcp-name": same })).status, 200, same);
});

test("D12 a version that is not served: 400 -32022 with those that are", async () => {
  for (const version of ["1900-01-01", "2027-01-01", "x", "DRAFT-2026-v1"]) {
    const { status, body } = await quote({ "mcp-protocol-version": version }, { meta: { "io.modelcontextprotocol/protocolVersion": version } });
    assert.equal(status, 400, version);
    assert.equal(body.error.code, -32022, version);
    assert.equal(body.error.data.requested, version);
    assert.deepEqual(body.error.data.supported, [MODERN]);
  }
});

test("D13 no _meta, unknown method, no JSON, a batch, over 1 MB, 10,000 levels deep: 400, 404, 413, and no crash", async () => {
  const send = (message, headers = {}) => post(mcp, message, { token, headers: { "mcp-protocol-version": MODERN, "mcp-method": "tools/list", ...headers } });
  const coded = async (answer, status, code, what) => {
    const got = await answer;
    assert.equal(got.status, status, `${what}: ${JSON.stringify(got.body).slice(0, 300)}`);
    assert.equal(got.body.error?.code, code, `${what}: ${JSON.stringify(got.body).slice(0, 300)}`);
  };
  await coded(send({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }), 400, -32602, "no _meta");
  await coded(send({ jsonrpc: "2.0", id: 1, method: "tools/list" }), 400, -32602, "no params");
  const unknown = modern("tools/destroy");
  await coded(post(mcp, unknown.message, { token, headers: unknown.headers }), 404, -32601, "unknown method");
  for (const text of ["{", "", "nonsense", "{\"jsonrpc\":\"2.0\",}", "\u0000", "{\"jsonrpc\":\"2.0\"", "NaN"]) await coded(send(text), 400, -32700, JSON.stringify(text));
  await coded(send([modern("tools/list").message]), 400, -32600, "batch");
  await coded(send([]), 400, -32600, "an empty batch");
  for (const message of [5, "x", null, true, {}, { jsonrpc: "1.0", id: 1, method: "tools/list" }, { jsonrpc: "2.0", id: {}, method: "tools/list" }, { jsonrpc: "2.0", id: 1, method: 5 }]) await coded(send(JSON.stringify(message)), 400, -32600, JSON.stringify(message));
  const large = await send(" ".repeat(1024 * 1024 + 1));
  assert.equal(large.status, 413);
  for (const [open, close] of [["[", "]"], ['{"a":', "}"]]) {
    for (const text of [open.repeat(10_000), `${open.repeat(10_000)}1${close.repeat(10_000)}`, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${open.repeat(10_000)}1${close.repeat(10_000)}}`]) {
      const { status, body } = await send(text);
      assert.equal(status, 400, `${open}: ${JSON.stringify(body).slice(0, 200)}`);
      assert.ok([-32700, -32600].includes(body.error.code), JSON.stringify(body).slice(0, 200));
    }
  }
  const invalid = await fetch(mcp, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "mcp-protocol-version": MODERN, "mcp-method": "tools/list" }, body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) });
  assert.equal(invalid.status, 400, "no UTF-8");
  assert.equal((await list(stack, token)).status, 200, "and the next request is served");
});

// Nothing in production asks the client back yet; the same transport and core do in the conformance fixture.
let fixture;
before(async () => {
  await build([FIXTURE], async () => (await setup()).env);
  fixture = await startFixture();
});
after(() => fixture?.stop());

const ask = (name, params, capabilities) => {
  const made = modern("tools/call", { name, arguments: {}, ...params });
  if (capabilities) made.message.params._meta["io.modelcontextprotocol/clientCapabilities"] = capabilities;
  return post(`${fixture.url}/mcp`, made.message, { headers: made.headers });
};

test("D14 requestState made up, changed, or of another call: -32602, and no effect", async () => {
  const mark = await sim.mark();
  for (const state of ["forged", "v1.x.y.z", "", 5, null, {}]) {
    const { body } = await client(stack, token).request("tools/call", { name: "get_quote", arguments: { symbol: "SPY" }, requestState: state });
    assert.equal(body.error?.code, -32602, `${JSON.stringify(state)}: ${JSON.stringify(body)}`);
  }
  assert.deepEqual(await sim.since(mark), []);
  // With a state that was really given out. One that ran out, or is another user's, is refused in crates/mcp/src/tests/rounds.rs:
  // the fixture knows no users and no clock of ours.
  const elicitation = { elicitation: {} };
  const asked = await ask("test_input_required_result_request_state", {}, elicitation);
  const state = asked.body.result?.requestState;
  assert.ok(state, JSON.stringify(asked.body));
  const inputResponses = { [Object.keys(asked.body.result.inputRequests)[0]]: { action: "accept", content: { ok: true } } };
  const again = (more, name = "test_input_required_result_request_state") => ask(name, { inputResponses, ...more }, elicitation);
  const [version, key, nonce, sealed] = state.split(".");
  const flipped = `${sealed.startsWith("A") ? "B" : "A"}${sealed.slice(1)}`;
  for (const [what, more, name] of [
    ["changed", { requestState: [version, key, nonce, flipped].join(".") }], ["cut", { requestState: state.slice(0, -2) }], ["another key", { requestState: [version, "AAAAAAAA", nonce, sealed].join(".") }],
    ["another call's", { requestState: state }, "test_input_required_result_tampered_state"], ["other arguments", { requestState: state, arguments: { changed: true } }],
  ]) {
    const { body } = await again(more, name);
    assert.equal(body.error?.code, -32602, `${what}: ${JSON.stringify(body)}`);
  }
  const { body } = await again({ requestState: state });
  assert.match(JSON.stringify(body.result?.content), /state-ok/, "unchanged it holds");
});

test("D15 elicitation that the client did not declare: 400 -32021 with what is needed", async () => {
  for (const capabilities of [{}, { sampling: {} }, { elicitation: null }]) {
    const { status, body } = await ask("test_input_required_result_elicitation", {}, capabilities);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(body.error.code, -32021);
    assert.ok(body.error.data.requiredCapabilities.elicitation, JSON.stringify(body.error.data));
  }
});

test("D16 initialize of the older revisions: 200 without a session id; a notification: 202", async () => {
  for (const version of ["2025-11-25", "2025-06-18", "2025-03-26"]) {
    const { status, headers, body } = await post(mcp, { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: version, capabilities: {}, clientInfo: { name: "x", version: "1" } } }, { token });
    assert.equal(status, 200, version);
    assert.equal(body.result.protocolVersion, version);
    assert.equal(headers.get("mcp-session-id"), null, version);
    const notified = await post(mcp, { jsonrpc: "2.0", method: "notifications/initialized" }, { token, headers: { "mcp-protocol-version": version } });
    assert.equal(notified.status, 202, version);
    assert.equal(notified.body, "");
    const tools = legacy("tools/list");
    assert.equal((await post(mcp, tools.message, { token, headers: { "mcp-protocol-version": version } })).status, 200, version);
  }
});

test("D17 arguments of the wrong type or out of range: tool error invalid_arguments naming the path; unknown tool: -32602", async () => {
  const mark = await sim.mark();
  const mcpClient = client(stack, token);
  for (const [args, path] of [
    [{ symbol: 5 }, "symbol"], [{ symbol: "" }, "symbol"], [{ symbol: { a: 1 } }, "symbol"], [{ symbols: [{}] }, "symbols[0]"], [{ symbols: Array.from({ length: 51 }, (_, at) => `A${at}`) }, "symbols"], [{}, "symbol"],
    [{ symbol: "SPY", unknown: 1 }, "unknown"], [{ symbols: ["SPY", "A".repeat(1000)] }, "symbols"],
  ]) {
    const error = await mcpClient.error("get_quote", args);
    assert.equal(error.code, "VALIDATION_ERROR", JSON.stringify(args).slice(0, 80));
    assert.equal(error.reason, "invalid_arguments");
    assert.ok(error.details.argument.startsWith(path), `${JSON.stringify(args).slice(0, 80)}: ${error.details.argument}`);
  }
  for (const name of ["place_order", "get_quotes", "GET_QUOTE", "__proto__", "", "get_quote "]) {
    const { body } = await mcpClient.request("tools/call", { name, arguments: {} }, { "mcp-name": sentinel(name) });
    assert.equal(body.error?.code, -32602, `${name}: ${JSON.stringify(body)}`);
  }
  for (const args of [[], "x", 5]) {
    const { status, body } = await mcpClient.request("tools/call", { name: "get_quote", arguments: args });
    assert.ok(body.error?.code === -32602 || body.result?.isError, `${status} ${JSON.stringify(body)}`);
  }
  assert.deepEqual(await sim.since(mark), []);
});
