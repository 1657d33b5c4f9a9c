// Attacks on codes, tokens, refreshes and revocation: C01 to C17. The lifetimes are 60 s for a code, 24 h for an access token,
// and 120 s after its first use for a refresh token to be repeated, because an answer may have been lost on its way.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, form, pkce, REDIRECT, register } from "../lib/login.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { age, bounded, connected, count, decoded, exchange, list, quiet, raw, refresh, sha256, tally, withCode } from "./support.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
const TOKEN = `${stack.url}/oauth/token`;

/** Fails unless an answer of the token endpoint is that error, in the form of RFC 6749. */
function refused({ status, headers, body }, error, { expected = 400, what = "" } = {}) {
  assert.equal(status, expected, `${what}: ${JSON.stringify(body)}`);
  assert.deepEqual(Object.keys(body), ["error", "error_description"], what);
  assert.equal(body.error, error, what);
  assert.ok(body.error_description.length > 10, what);
  assert.match(headers.get("cache-control"), /no-store/, what);
}

const grantOf = (token) => decoded(token).sid;
const grant = async (token) => (await d1(stack, "SELECT * FROM grants WHERE id = ?1", [grantOf(token)]))[0];
const basic = (id, secret) => `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`;

let other;
before(async () => {
  other = await register(stack);
});

test("C01 a code that comes twice: 400 invalid_grant, and what came of it ends", async () => {
  const made = await connected(stack);
  assert.equal((await list(stack, made.token)).status, 200);
  refused(await exchange(stack, made), "invalid_grant");
  assert.equal((await list(stack, made.token)).status, 401);
  refused(await refresh(stack, made), "invalid_grant");
  assert.equal((await grant(made.token)).revoke_reason, "code_replayed");
});

test("C02 fifty exchanges of one code at once: one 200, 49 times 400 invalid_grant", async (t) => {
  const made = await withCode(stack);
  const answers = await Promise.all(Array.from({ length: 50 }, () => exchange(stack, made)));
  const counts = tally(answers.map(({ status, body }) => `${status} ${body.error ?? "tokens"}`));
  t.diagnostic(`50 exchanges of one code at once: ${JSON.stringify(counts)}`);
  assert.deepEqual(counts, { "200 tokens": 1, "400 invalid_grant": 49 });
  assert.equal(await count(stack, "grants", "client_id = ?1", [made.clientId]), 1);
  // The other 49 are replays: the one pair has ended as well, since nobody can tell who was the thief.
  assert.equal((await list(stack, answers.find(({ status }) => status === 200).body.access_token)).status, 401);
});

test("C03 wrong verifier: 400 invalid_grant; one that cannot be a verifier: 400 invalid_request", async () => {
  const made = await withCode(stack);
  refused(await exchange(stack, { ...made, verifier: pkce().verifier }), "invalid_grant");
  refused(await exchange(stack, { ...made, verifier: made.challenge }), "invalid_grant", { what: "the challenge itself" });
  for (const verifier of ["", "short", "A".repeat(42), "A".repeat(129), `${made.verifier} `, `${made.verifier}=`]) {
    refused(await exchange(stack, { ...made, verifier }), "invalid_request", { what: verifier });
  }
  assert.equal((await exchange(stack, made)).status, 200, "none of this has used the code up");
});

test("C04 another app's code: 400 invalid_grant, and the rightful app still succeeds", async () => {
  const made = await withCode(stack);
  refused(await exchange(stack, { ...made, clientId: other.client_id }), "invalid_grant");
  refused(await exchange(stack, { ...made, clientId: other.client_id, verifier: pkce().verifier }), "invalid_grant");
  assert.equal((await exchange(stack, made)).status, 200);
});

test("C05 another redirect_uri: 400 invalid_grant, the code is not consumed", async () => {
  const made = await withCode(stack);
  for (const address of [`${REDIRECT}/`, "https://evil.example/cb", REDIRECT.replace("33418", "33419"), REDIRECT.toUpperCase()]) {
    refused(await exchange(stack, { ...made, redirect_uri: address }), "invalid_grant", { what: address });
  }
  assert.equal((await exchange(stack, made)).status, 200);
});

test("C06 another resource: 400 invalid_target, the code is not consumed", async () => {
  const made = await withCode(stack);
  for (const resource of ["https://evil.example/mcp", `${stack.url}/mcp#x`, "x"]) refused(await exchange(stack, { ...made, resource }), "invalid_target", { what: resource });
  const twice = await raw(TOKEN, {
    method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `${new URLSearchParams({ grant_type: "authorization_code", code: made.code, code_verifier: made.verifier, client_id: made.clientId, resource: `${stack.url}/mcp` })}&resource=${encodeURIComponent("https://evil.example/mcp")}`,
  });
  refused({ ...twice, body: JSON.parse(twice.text) }, "invalid_target", { what: "two" });
  const { status, body } = await exchange(stack, made);
  assert.equal(status, 200);
  // The same holds for a refresh: nothing is written before the resource was looked at.
  refused(await refresh(stack, { ...made, refreshToken: body.refresh_token, resource: "https://evil.example/mcp" }), "invalid_target");
  assert.equal(await count(stack, "refresh_tokens", "grant_id = ?1 AND used_at IS NOT NULL", [grantOf(body.access_token)]), 0);
});

test("C07 a code older than 60 s: 400 invalid_grant", async () => {
  const [late, inTime] = [await withCode(stack), await withCode(stack)];
  await age(stack, "oauth_codes", ["created_at", "expires_at"], 61, "code_hash = ?1", [sha256(late.code)]);
  refused(await exchange(stack, late), "invalid_grant");
  assert.equal(await count(stack, "grants", "client_id = ?1", [late.clientId]), 0);
  await age(stack, "oauth_codes", ["created_at", "expires_at"], 40, "code_hash = ?1", [sha256(inTime.code)]);
  assert.equal((await exchange(stack, inTime)).status, 200, "a younger one holds");
});

test("C08 wrong secret, malformed Basic, deleted app: 401 invalid_client with Basic; two methods: 400 invalid_request", async () => {
  const app = await withCode(stack, { app: { token_endpoint_auth_method: "client_secret_basic" } });
  const fields = { grant_type: "authorization_code", code: app.code, code_verifier: app.verifier, redirect_uri: REDIRECT };
  const send = (more, authorization) => form(TOKEN, { ...fields, ...more }, authorization ? { authorization } : {});
  const unknown = async (answer, what) => {
    refused(await answer, "invalid_client", { expected: 401, what });
    assert.match((await answer).headers.get("www-authenticate"), /^Basic /, what);
  };
  await unknown(send({}, basic(app.clientId, "wrong")), "wrong secret");
  await unknown(send({}, basic("ttai_unknown", app.client_secret)), "unknown app");
  for (const header of ["Basic", "Basic ", "Basic %%%", "Basic bm8tY29sb24=", `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString("base64")}`, "basic x:y"]) await unknown(send({}, header), header);
  await unknown(send({ client_id: app.clientId }), "no secret");
  await unknown(send({ client_id: app.clientId, client_secret: "wrong" }), "wrong secret in the form");
  await unknown(send({ client_id: "" }), "nothing");
  refused(await send({ client_secret: app.client_secret }, basic(app.clientId, app.client_secret)), "invalid_request", { what: "two methods" });
  refused(await send({ client_id: other.client_id }, basic(app.clientId, app.client_secret)), "invalid_request", { what: "two apps" });
  // An app without a secret does not get in with one.
  await unknown(form(TOKEN, { ...fields, client_id: other.client_id, client_secret: "x" }), "a secret where there is none");
  assert.equal((await send({}, basic(app.clientId, app.client_secret))).status, 200, "and the code was not used up");
  const gone = await connected(stack);
  await d1(stack, "DELETE FROM oauth_clients WHERE id = ?1", [gone.clientId]);
  await unknown(refresh(stack, gone), "deleted app");
});

test("C09 another content type: 400 invalid_request; a body over 64 KB: 413", async () => {
  const made = await withCode(stack);
  const fields = new URLSearchParams({ grant_type: "authorization_code", code: made.code, code_verifier: made.verifier, client_id: made.clientId, redirect_uri: REDIRECT });
  for (const path of ["/oauth/token", "/oauth/revoke"]) {
    for (const [type, body] of [
      ["application/json", JSON.stringify(Object.fromEntries(fields))], ["application/json, application/x-www-form-urlencoded", `${fields}`], ["multipart/form-data; boundary=x", `${fields}`],
      ["text/plain", `${fields}`], ["application/x-www-form-urlencodedx", `${fields}`], [";", `${fields}`], ["", `${fields}`],
    ]) {
      const answer = await raw(`${stack.url}${path}`, { method: "POST", headers: { "content-type": type }, body });
      refused({ ...answer, body: JSON.parse(answer.text) }, "invalid_request", { what: `${path} ${type}` });
    }
    const large = await form(`${stack.url}${path}`, { grant_type: "refresh_token", token: "x", client_id: made.clientId, refresh_token: "x".repeat(70_000) });
    refused(large, "invalid_request", { expected: 413, what: path });
  }
  const parameters = await raw(TOKEN, { method: "POST", headers: { "content-type": "APPLICATION/x-www-form-urlencoded ; charset=utf-8" }, body: `${fields}` });
  assert.equal(parameters.status, 200, "parameters of the type do not matter");
});

test("C10 grant_type password: 400 unsupported_grant_type", async () => {
  for (const type of ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "AUTHORIZATION_CODE"]) {
    refused(await form(TOKEN, { grant_type: type, client_id: other.client_id, username: "trader", password: "simulator" }), "unsupported_grant_type", { what: type });
  }
  refused(await form(TOKEN, { client_id: other.client_id }), "invalid_request", { what: "none" });
});

test("C11 one refresh token twice in a row, its answer was lost: 200 both, one live family", async () => {
  const made = await connected(stack);
  const [first, second] = [await refresh(stack, made), await refresh(stack, made)];
  assert.deepEqual([first.status, second.status], [200, 200]);
  assert.notEqual(first.body.refresh_token, second.body.refresh_token);
  assert.equal(await count(stack, "grants", "client_id = ?1 AND revoked_at IS NULL", [made.clientId]), 1);
  for (const { body } of [first, second]) {
    assert.equal(grantOf(body.access_token), made.claims.sid);
    assert.equal((await list(stack, body.access_token)).status, 200);
  }
});

test("C12 the old token after its successor was used and the 120 s are over: 400 invalid_grant, the family has ended", async () => {
  // As listed this happens as soon as the successor is used. Several refreshes of one client cross each other in practice, so
  // that within 120 s of its first use a token yields another pair, also after its successor's use; the row is made older.
  const made = await connected(stack);
  const successor = await refresh(stack, made);
  const used = await refresh(stack, { ...made, refreshToken: successor.body.refresh_token });
  assert.equal(used.status, 200);
  await age(stack, "refresh_tokens", ["used_at"], 100, "grant_id = ?1 AND generation = 0", [made.claims.sid]);
  const within = await refresh(stack, made);
  assert.equal(within.status, 200, "within the 120 s it is one answer more");
  await age(stack, "refresh_tokens", ["used_at"], 21, "grant_id = ?1 AND generation = 0", [made.claims.sid]);
  refused(await refresh(stack, made), "invalid_grant");
  for (const pair of [used, within]) {
    assert.equal((await list(stack, pair.body.access_token)).status, 401);
    refused(await refresh(stack, { ...made, refreshToken: pair.body.refresh_token }), "invalid_grant");
  }
  assert.equal((await grant(made.token)).revoke_reason, "refresh_reused");
  // The same for a token that ran out unused, which ends nothing.
  const old = await connected(stack);
  await age(stack, "refresh_tokens", ["expires_at"], 181 * 86_400, "grant_id = ?1", [old.claims.sid]);
  refused(await refresh(stack, old), "invalid_grant");
  assert.equal((await grant(old.token)).revoked_at, null);
});

/** Refreshes one token that many times at once: what came of it. */
async function together(made, times, width) {
  const began = Date.now();
  const answers = await bounded(Array.from({ length: times }), width, () => refresh(stack, made));
  const rows = await d1(stack, "SELECT generation, count(*) AS n, count(used_at) AS used FROM refresh_tokens WHERE grant_id = ?1 GROUP BY generation ORDER BY generation", [made.claims.sid]);
  return { answers, rows, counts: tally(answers.map(({ status, body }) => `${status} ${body?.error ?? "tokens"}`)), seconds: (Date.now() - began) / 1000 };
}

test("C13 twenty refreshes of one token at once: each 200 or 400, one generation, TastyTrade is asked at most once", async (t) => {
  // As listed: "one rotation". Each answer of the grace window is a pair of its own, so that what is counted are
  // generations: all successors are of the first one, and none of the second.
  const made = await connected(stack);
  await quiet(stack);
  const mark = await sim.mark();
  const { answers, rows, counts } = await together(made, 20, 20);
  t.diagnostic(`20 refreshes of one token at once: ${JSON.stringify(counts)}, generations ${JSON.stringify(rows)}`);
  assert.ok(answers.every(({ status }) => [200, 400].includes(status)), JSON.stringify(counts));
  assert.deepEqual(rows.map(({ generation, used }) => [generation, used]), [[0, 1], [1, 0]]);
  assert.equal(rows[1].n, answers.filter(({ status }) => status === 200).length);
  assert.ok((await sim.since(mark, /oauth\/token/)).length <= 1);
  assert.equal(await count(stack, "grants", "client_id = ?1 AND revoked_at IS NULL", [made.clientId]), 1);
});

test("C13 a thousand refreshes of one token at once, over fifty connections: none fails, none forks the family", async (t) => {
  const made = await connected(stack);
  await quiet(stack);
  const mark = await sim.mark();
  const { answers, rows, counts, seconds } = await together(made, 1000, 50);
  t.diagnostic(`1,000 refreshes of one token over 50 connections: ${JSON.stringify(counts)} in ${seconds.toFixed(1)} s, generations ${JSON.stringify(rows)}`);
  assert.ok(answers.every(({ status }) => [200, 400].includes(status)), JSON.stringify(counts));
  const good = answers.filter(({ status }) => status === 200);
  assert.ok(good.length > 0);
  assert.deepEqual(rows.map(({ generation }) => generation), [0, 1]);
  assert.equal(rows[1].n, good.length);
  assert.equal(new Set(good.map(({ body }) => body.refresh_token)).size, good.length, "no refresh token is given twice");
  assert.ok((await sim.since(mark, /oauth\/token/)).length <= 1);
  // Whichever of them the client kept, it goes on.
  for (const { body } of [good[0], good.at(-1)]) {
    assert.equal((await list(stack, body.access_token)).status, 200);
    assert.equal((await refresh(stack, { ...made, refreshToken: body.refresh_token })).status, 200);
  }
});

test("C14 a refresh with more scopes: 400 invalid_scope; by another app: 400 invalid_grant", async () => {
  const made = await connected(stack, { scopes: ["market:read", "account:read"] });
  for (const scope of ["market:read analysis:run", "admin", "trade:place"]) refused(await refresh(stack, { ...made, scope }), "invalid_scope", { what: scope });
  refused(await refresh(stack, { ...made, clientId: other.client_id }), "invalid_grant");
  assert.equal(await count(stack, "refresh_tokens", "grant_id = ?1 AND used_at IS NOT NULL", [made.claims.sid]), 0, "none of this has used it up");
  const narrow = await refresh(stack, { ...made, scope: "market:read" });
  assert.equal(narrow.body.scope, "market:read");
  assert.equal(decoded(narrow.body.access_token).scope, "market:read");
});

test("C16 revoking one's own refresh token: 200, and the access token ends; a foreign or made-up one: 200, and nothing changes", async () => {
  const made = await connected(stack);
  const others = await connected(stack);
  const revoke = (fields) => form(`${stack.url}/oauth/revoke`, fields);
  for (const token of [made.refreshToken, made.token, `ttai_rt_${"A".repeat(43)}`, "x", `${made.token}x`]) {
    const { status } = await revoke({ token, client_id: others.clientId });
    assert.equal(status, 200, token.slice(0, 12));
  }
  refused(await revoke({ token: made.refreshToken, client_id: "ttai_unknown" }), "invalid_client", { expected: 401 });
  for (const token of [made.token, others.token]) assert.equal((await list(stack, token)).status, 200);
  assert.equal((await revoke({ token: made.refreshToken, client_id: made.clientId, token_type_hint: "access_token" })).status, 200);
  const after = await list(stack, made.token);
  assert.equal(after.status, 401);
  assert.match(after.headers.get("www-authenticate"), /error="invalid_token"/);
  assert.equal((await list(stack, others.token)).status, 200);
  assert.equal((await revoke({ token: made.refreshToken, client_id: made.clientId })).status, 200, "again");
});

test("C17 no answer is kept by a cache", async () => {
  const made = await connected(stack);
  const json = { "content-type": "application/json" };
  const answers = await Promise.all([
    refresh(stack, made), refresh(stack, { ...made, refreshToken: "x" }), form(`${stack.url}/oauth/revoke`, { token: "x", client_id: made.clientId }), form(`${stack.url}/oauth/revoke`, {}),
    raw(`${stack.url}/oauth/register`, { method: "POST", headers: json, body: '{"redirect_uris":["https://app.example/cb"]}' }), raw(`${stack.url}/oauth/register`, { method: "POST", headers: json, body: "{}" }),
    raw(TOKEN), raw(`${stack.url}/oauth/authorize`), raw(made.url), raw(`${stack.url}/oauth/callback`), raw(`${stack.url}/oauth/callback?code=x&state=y`), list(stack, made.token), list(stack, "x"),
    raw(`${stack.url}/login`), raw(`${stack.url}/dashboard`), raw(`${stack.url}/nowhere`),
  ]);
  answers.forEach(({ status, headers }, at) => assert.match(headers.get("cache-control") ?? "", /no-store/, `${at}: ${status}`));
});

test("C15 taken back at TastyTrade: 400 invalid_grant, the grant ends; TastyTrade fails: 503 temporarily_unavailable, the grant is kept", async () => {
  // Whoever was synced just now needs no further proof: the first login's sync is over before the others begin.
  await connected(stack, { user: "second" });
  await quiet(stack);
  for (const [fault, more] of [["500", {}], ["502html", {}], ["429", { retry_after: 2 }]]) {
    const made = await connected(stack, { user: "second" });
    await quiet(stack);
    await sim.fault({ path: "/oauth/token", fault, times: null, ...more });
    const answer = await refresh(stack, made);
    refused(answer, "temporarily_unavailable", { expected: 503, what: fault });
    assert.ok(Number(answer.headers.get("retry-after")) > 0, fault);
    await sim.clear();
    assert.equal((await grant(made.token)).revoked_at, null, fault);
    assert.equal((await list(stack, made.token)).status, 200, fault);
    assert.equal(await count(stack, "refresh_tokens", "grant_id = ?1 AND used_at IS NOT NULL", [made.claims.sid]), 0, `${fault}: the refresh token is not used up`);
    // TastyTrade is left alone for a moment; then the same request succeeds.
    await poll("the same refresh succeeds", async () => (await refresh(stack, made)).status === 200, { every: 500, within: 30_000 });
  }
  const made = await connected(stack, { user: "second" });
  await quiet(stack);
  await sim.revoke("second");
  refused(await refresh(stack, made), "invalid_grant");
  assert.equal((await grant(made.token)).revoke_reason, "upstream_revoked");
  assert.equal((await list(stack, made.token)).status, 401);
  const mark = await sim.mark();
  refused(await refresh(stack, made), "invalid_grant");
  assert.deepEqual(await sim.since(mark, /oauth\/token/), [], "what was refused is not tried again");
  assert.equal((await d1(stack, "SELECT status FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.second]))[0].status, "revoked");
  // The user is connected again for whoever comes after this file.
  await connected(stack, { user: "second" });
});
