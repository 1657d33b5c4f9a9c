// One error, four renderings, as far as each can be brought about from outside: HTTP JSON, OAuth JSON, JSON-RPC, tool error.
// That every reason has them all is shown natively: crates/domain/src/error.rs (families), workers/mcp-server/src/render.rs
// (HTTP), crates/oauth/src/error.rs (OAuth), crates/mcp/src/tests/errors.rs (JSON-RPC and tools). ANALYSIS_ERROR is in
// faults.test.mjs, where the analysis worker is down.
//
// | family | HTTP JSON | JSON-RPC | tool error |
// |---|---|---|---|
// | AUTHENTICATION_ERROR | no token | a tool's alone | the grant was taken back |
// | AUTHORIZATION_ERROR | foreign origin, missing scope | a scope that is missing in a session | never: refused before the call |
// | VALIDATION_ERROR | method, size | an argument of a prompt | an argument |
// | NOT_FOUND | an address | a resource | a job |
// | RATE_LIMIT | a list | a resource | TastyTrade's limit, ours |
// | TASTYTRADE_ERROR | single-user mode while TastyTrade fails | nothing that is read asks TastyTrade | a quote |
// | DATABASE_ERROR | the grant cannot be read | accounts cannot be read | jobs cannot be read |
// | INTERNAL_ERROR | a panic | natively | a key that is not there |
//
// The database is made to fail by renaming a table, on a stack of this file's own.
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { authorizeUrl, EXTERNAL_IDS, form, login, pkce, register } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { assertHttpError, client, modern, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { connected, exchange, list, quiet, raw, refresh, withCode } from "./support.mjs";

const stack = await useStack({ vars: { RATE_OTHER: "60" } });
const sim = simulator(stack);
const made = await connected(stack);
const mcp = client(stack, made.token);
await quiet(stack);

beforeEach(() => Promise.all([sim.clear(), forgetQuotes(stack)]));

/** Does the work while a table cannot be found. */
async function without(table, work) {
  await d1(stack, `ALTER TABLE "${table}" RENAME TO "${table}_away"`);
  try {
    return await work();
  } finally {
    await d1(stack, `ALTER TABLE "${table}_away" RENAME TO "${table}"`);
  }
}

/** Fails unless a text says nothing of the inside. */
const assertDiscreet = (value) => assert.doesNotMatch(JSON.stringify(value), /no such table|_away|SQLITE|D1_ERROR|\.rs:|panicked|at \w+ \(/i);

describe("HTTP JSON", () => {
  const json = async (path, init = {}) => {
    const { status, headers, text } = await raw(path.startsWith("http") ? path : `${stack.url}${path}`, init);
    return { status, headers, body: JSON.parse(text) };
  };
  const said = ({ status, body }, expected, code, reason, retryable) => {
    assert.equal(status, expected, JSON.stringify(body));
    assertHttpError(body, code, reason);
    assert.equal(body.error.retryable, retryable, reason);
    assertDiscreet(body);
  };

  test("AUTHENTICATION_ERROR, 401", async () => {
    said(await list(stack, undefined), 401, "AUTHENTICATION_ERROR", "invalid_token", false);
    said(await list(stack, "x"), 401, "AUTHENTICATION_ERROR", "invalid_token", false);
  });
  test("AUTHORIZATION_ERROR, 403", async () => {
    said(await list(stack, made.token, { headers: { origin: "https://evil.example" } }), 403, "AUTHORIZATION_ERROR", "forbidden", false);
    const narrow = await login(stack, { scopes: ["market:read"] });
    said(await client(stack, narrow.token).request("tools/call", { name: "get_workflow_status", arguments: { workflow_id: "x" } }), 403, "AUTHORIZATION_ERROR", "insufficient_scope", false);
  });
  test("VALIDATION_ERROR, 400, 405, 413", async () => {
    said(await json("/oauth/token"), 405, "VALIDATION_ERROR", "method_not_allowed", false);
    said(await json("/mcp", { method: "POST", body: " ".repeat(1024 * 1024 + 1) }), 413, "VALIDATION_ERROR", "payload_too_large", false);
  });
  test("NOT_FOUND, 404", async () => said(await json("/nowhere"), 404, "NOT_FOUND", "not_found", false));
  test("RATE_LIMIT, 429 with Retry-After", async () => {
    // A user of its own, so that the others go on.
    const { token } = await login(stack, { user: "delayed" });
    const answers = await Promise.all(Array.from({ length: 140 }, () => list(stack, token)));
    const refused = answers.filter(({ status }) => status !== 200);
    assert.ok(refused.length > 0);
    for (const answer of refused) said(answer, 429, "RATE_LIMIT", "rate_limited", true);
    assert.equal(Number(refused[0].headers.get("retry-after")), refused[0].body.error.details.retry_after);
  });
  test("TASTYTRADE_ERROR, 502", async () => {
    // Only single-user mode asks TastyTrade outside a tool: it finds out who its user is.
    const single = await useStack({ legacy: true });
    const theirs = simulator(single);
    await theirs.fault({ path: "*", fault: "500", times: null });
    const made = modern("tools/list");
    said(await post(`${single.url}/mcp`, made.message, { headers: made.headers }), 502, "TASTYTRADE_ERROR", "upstream_unavailable", true);
    await theirs.clear();
    assert.equal((await post(`${single.url}/mcp`, made.message, { headers: made.headers })).status, 200);
  });
  test("DATABASE_ERROR, 500", () => without("grants", async () => said(await list(stack, made.token), 500, "DATABASE_ERROR", "database_unavailable", true)));
  test("INTERNAL_ERROR, 500", async () => said(await json("/debug/panic?at=before"), 500, "INTERNAL_ERROR", "internal", true));
});

describe("OAuth JSON", () => {
  const said = ({ status, headers, body }, expected, error) => {
    assert.equal(status, expected, JSON.stringify(body));
    assert.deepEqual(Object.keys(body), ["error", "error_description"]);
    assert.equal(body.error, error);
    // RFC 6749 5.2: printable ASCII without quotes and backslashes.
    assert.match(body.error_description, /^[\x20-\x21\x23-\x5B\x5D-\x7E]{11,}$/, body.error_description);
    assert.match(headers.get("content-type"), /^application\/json/);
    assert.match(headers.get("cache-control"), /no-store/);
    assert.equal(headers.get("pragma"), "no-cache");
    assertDiscreet(body);
  };
  const token = (fields) => form(`${stack.url}/oauth/token`, { client_id: made.clientId, ...fields });
  const registration = async (body) => {
    const { status, headers, text } = await raw(`${stack.url}/oauth/register`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return { status, headers, body: JSON.parse(text) };
  };
  const good = { grant_type: "refresh_token" };

  test("invalid_request, 400 and 413", async () => {
    said(await token({}), 400, "invalid_request");
    said(await token({ ...good, refresh_token: "x".repeat(70_000) }), 413, "invalid_request");
  });
  test("invalid_client, 401 with Basic", async () => {
    const answer = await token({ ...good, refresh_token: "x", client_id: "unknown" });
    said(answer, 401, "invalid_client");
    assert.match(answer.headers.get("www-authenticate"), /^Basic /);
  });
  test("invalid_grant, 400", async () => said(await token({ ...good, refresh_token: "x" }), 400, "invalid_grant"));
  test("invalid_scope, 400", async () => said(await refresh(stack, { ...made, scope: "admin" }), 400, "invalid_scope"));
  test("invalid_target, 400", async () => said(await refresh(stack, { ...made, resource: "https://evil.example" }), 400, "invalid_target"));
  test("unsupported_grant_type, 400", async () => said(await token({ grant_type: "password" }), 400, "unsupported_grant_type"));
  test("invalid_redirect_uri, invalid_client_metadata, 400", async () => {
    said(await registration({}), 400, "invalid_redirect_uri");
    said(await registration({ redirect_uris: ["https://app.example/cb"], grant_types: ["password"] }), 400, "invalid_client_metadata");
  });
  test("temporarily_unavailable, 503 with Retry-After, and nothing is used up", async () => {
    const waiting = await withCode(stack);
    for (const table of ["oauth_clients", "oauth_codes", "grants", "refresh_tokens"]) {
      const [exchanged, refreshed] = await without(table, () => Promise.all([exchange(stack, waiting), refresh(stack, made)]));
      const failed = [exchanged, refreshed].filter(({ status }) => status !== 200);
      assert.ok(failed.length > 0, table);
      for (const answer of failed) {
        said(answer, 503, "temporarily_unavailable");
        assert.ok(Number(answer.headers.get("retry-after")) > 0, table);
      }
      assert.ok(exchanged.status === 503, `${table}: G06: one exchange is one transaction`);
    }
    const registered = await without("oauth_clients", () => registration({ redirect_uris: ["https://app.example/cb"] }));
    said(registered, 503, "temporarily_unavailable");
    assert.equal((await exchange(stack, waiting)).status, 200, "the code still holds");
    assert.equal((await d1(stack, "SELECT count(*) AS n FROM grants WHERE client_id = ?1", [waiting.clientId]))[0].n, 1);
  });
  test("pages and redirects: invalid_client, invalid_redirect_uri, temporarily_unavailable, unsupported_response_type", async () => {
    const app = await register(stack);
    const ask = (more) => raw(authorizeUrl(stack, { clientId: app.client_id, challenge: pkce().challenge, ...more }));
    for (const [more, status, word] of [[{ client_id: "x" }, 400, "invalid_client"], [{ redirect_uri: "https://evil.example" }, 400, "invalid_redirect_uri"], [{ response_type: "token" }, 302, "unsupported_response_type"]]) {
      const answer = await ask(more);
      assert.equal(answer.status, status, word);
      assert.ok((answer.location?.href ?? answer.text).includes(word), word);
    }
    const down = await without("oauth_requests", () => ask({}));
    assert.ok([302, 503].includes(down.status), `${down.status}`);
    assert.ok((down.location?.href ?? down.text).includes("temporarily_unavailable"), down.text.slice(0, 400));
    assertDiscreet(down.text);
  });
});

describe("JSON-RPC", () => {
  const said = ({ status, body }, number, code) => {
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.error?.code, number, JSON.stringify(body));
    assert.ok(body.id !== undefined);
    if (code) assert.equal(body.error.data.error.code, code);
    assertDiscreet(body);
  };
  for (const era of ["modern", "legacy"]) {
    const from = client(stack, made.token, { era });
    test(`${era}: an unknown resource`, async () => said(await from.request("resources/read", { uri: "portfolio://nothing" }), era === "modern" ? -32602 : -32002));
    test(`${era}: VALIDATION_ERROR`, async () => {
      said(await from.request("prompts/get", { name: "position-review", arguments: { symbol: "not a symbol!" } }), -32602);
      said(await from.request("resources/read", { uri: "portfolio://positions/not%20a%20symbol%21" }), -32602, "VALIDATION_ERROR");
    });
    test(`${era}: DATABASE_ERROR`, () => without("accounts", async () => said(await from.request("resources/read", { uri: "portfolio://positions" }), -32603, "DATABASE_ERROR")));
  }
  test("RATE_LIMIT", async () => {
    const { token } = await login(stack, { user: "delayed" });
    const answers = await Promise.all(Array.from({ length: 140 }, () => client(stack, token).request("resources/read", { uri: "knowledge://trading/risk" })));
    const refused = answers.filter(({ body }) => body.error);
    assert.ok(refused.length > 0);
    for (const answer of refused) {
      if (answer.status === 429) assertHttpError(answer.body, "RATE_LIMIT", "rate_limited");
      else said(answer, -32603, "RATE_LIMIT");
    }
  });
});

describe("tool errors", () => {
  const said = async (name, args, code, reason, retryable, from = mcp) => {
    const error = await from.error(name, args);
    assert.deepEqual(Object.keys(error).sort(), ["code", "details", "message", "reason", "retryable"]);
    assert.deepEqual([error.code, error.reason, error.retryable], [code, reason, retryable]);
    assert.ok(error.message.length > 20, error.message);
    assertDiscreet(error);
    return error;
  };
  const quote = { symbol: "SPY" };

  test("VALIDATION_ERROR", async () => assert.equal((await said("get_quote", {}, "VALIDATION_ERROR", "invalid_arguments", false)).details.argument, "symbol"));
  test("NOT_FOUND", async () => {
    await said("get_quote", { symbol: "ZZZZ" }, "NOT_FOUND", "not_found", false);
    await said("get_workflow_status", { workflow_id: "0".repeat(32) }, "NOT_FOUND", "not_found", false);
    await said("update_config", { config: { default_account: "5WX19999" } }, "NOT_FOUND", "account_not_found", false);
  });
  test("RATE_LIMIT", async () => {
    // Another user, since TastyTrade is left alone for as long as it said.
    const theirs = client(stack, (await login(stack, { user: "second" })).token);
    await sim.fault({ path: "/market-*", fault: "429", times: null, retry_after: 30 });
    assert.equal((await said("get_quote", quote, "RATE_LIMIT", "rate_limited", true, theirs)).details.retry_after, 30);
  });
  test("TASTYTRADE_ERROR", async () => {
    for (const fault of ["500", "502html"]) {
      await sim.fault({ path: "/market-*", fault, times: null });
      await said("get_quote", quote, "TASTYTRADE_ERROR", "upstream_unavailable", true);
      await sim.clear();
    }
  });
  test("DATABASE_ERROR", () => without("jobs", () => said("get_workflow_status", { workflow_id: "0".repeat(32) }, "DATABASE_ERROR", "database_unavailable", true)));
  test("INTERNAL_ERROR", async () => {
    const [{ refresh_token_sealed: sealed }] = await d1(stack, "SELECT refresh_token_sealed FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.trader]);
    const put = (value) => d1(stack, "UPDATE credentials SET refresh_token_sealed = ?2 WHERE user_id = ?1", [EXTERNAL_IDS.trader, value]);
    await put(sealed.replace(/^v1\.[^.]+/, "v1.AAAAAAAA"));
    await sim.expireAccess("trader");
    await said("get_quote", quote, "INTERNAL_ERROR", "key_unavailable", false);
    await put(sealed);
  });
  test("AUTHENTICATION_ERROR, the last one: the grant was taken back at TastyTrade", async () => {
    await sim.revoke("trader");
    await sim.expireAccess("trader");
    const error = await said("get_quote", quote, "AUTHENTICATION_ERROR", "reconnect_required", false);
    assert.equal(error.details.login_url, `${stack.url}/login`);
  });
});
