// Attacks on the authorization request, the consent page and the return from TastyTrade: A01 to A22.
// "Page" is a page of ours with a code and no Location; "sent back" is a redirect to the app's validated address with error,
// state and iss.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { d1 } from "../lib/explorer.mjs";
import { atTastyTrade, authorizeUrl, consent, pkce, REDIRECT, register } from "../lib/login.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { age, assertPage, assertSentBack, begin, connected, count, decide, decoded, exchange, opened, quiet, raw, sha256, stateOf } from "./support.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
const CALLBACK = `${stack.url}/oauth/callback`;
const HTTPS = "https://app.example/cb";

/** One app for the requests that are refused before anybody is asked. */
let app;
const ask = (more) => raw(authorizeUrl(stack, { clientId: app.client_id, challenge: pkce().challenge, ...more }));

before(async () => {
  app = await register(stack);
});

test("A01 unknown client_id: a page, invalid_client", async () => {
  for (const clientId of ["ttai_00000000000000000000000000000000", "x", "' OR 1=1 --", "ttai_%00"]) {
    assertPage(await ask({ client_id: clientId }), "invalid_client", clientId);
  }
  // No client_id at all is a request that cannot be read, which the list does not tell apart.
  assertPage(await ask({ client_id: null, clientId: null }), "invalid_request", "none");
});

test("A02 redirect_uri that is not registered: a page, invalid_redirect_uri", async () => {
  for (const redirect of ["https://evil.example/cb", "https://claude.ai/api/mcp/auth_callback", "javascript:alert(1)", "/cb", ""]) {
    const answer = await ask({ redirect_uri: redirect });
    assertPage(answer, "invalid_redirect_uri", redirect);
    if (redirect) assert.ok(!answer.text.includes(redirect.replaceAll("/", "&#47;")) && !answer.text.includes(redirect), `${redirect} is not shown or linked`);
  }
  assertPage(await ask({ redirect_uri: null }), "invalid_redirect_uri", "none");
});

test("A03 near misses of a registered redirect_uri: a page, all of them", async () => {
  app = await register(stack, { redirect_uris: [HTTPS] });
  assert.equal((await ask({ redirect_uri: HTTPS })).status, 200, "the address itself is accepted");
  for (const redirect of [
    "https://app.example/c", "https://app.example/cbx", "https://app.example/cb/", "https://app.example/CB", "https://APP.example/cb", "HTTPS://app.example/cb",
    "https://app.example/x/../cb", "https://app.example/./cb", "https://app.example//cb", "https://app.example/cb?x=1", "https://app.example/cb?", "https://app.example/cb#x",
    "https://app.example/%63b", "https://app.example/%2e/cb", "https://app.example/cb%2f", "https://app.example/cb%00", "https://app.example:443/cb", "https://app.example:8443/cb",
    "https://app.example@evil.example/cb", "https://evil.example@app.example/cb", "https://app.example.evil.example/cb", "https://evil.example/https://app.example/cb",
    "http://app.example/cb", " https://app.example/cb", "https://app.example/cb ", "https://app.example\\@evil.example/cb", "https://app.example/cb\n", "https://аpp.example/cb",
  ]) {
    assertPage(await ask({ redirect_uri: redirect }), "invalid_redirect_uri", JSON.stringify(redirect));
  }
  app = await register(stack);
});

test("A04 loopback: another port is the same program, another name is not", async () => {
  const local = await register(stack, { redirect_uris: ["http://localhost/callback", "http://127.0.0.1:33418/callback"] });
  const at = (redirect) => ask({ client_id: local.client_id, redirect_uri: redirect });
  for (const redirect of ["http://localhost:51234/callback", "http://127.0.0.1:51234/callback", "http://127.0.0.1/callback"]) {
    const { status, text } = await at(redirect);
    assert.equal(status, 200, redirect);
    assert.match(text, /name="request"/, redirect);
  }
  for (const redirect of [
    "http://localhost.evil.com/callback", "http://127.0.0.1.nip.io/callback", "http://localhost:51234/other", "http://localhost@evil.example/callback", "http://localhost:1@evil.example/callback",
    "https://localhost/callback", "http://[::1]:51234/callback", "http://127.0.0.2/callback", "http://2130706433/callback", "http://localhost:99999/callback",
  ]) {
    assertPage(await at(redirect), "invalid_redirect_uri", redirect);
  }
});

test("A05 no code_challenge: sent back, invalid_request", async () => {
  for (const challenge of [null, "", "short", "A".repeat(44), `${"A".repeat(42)}=`]) {
    assertSentBack(stack, await ask({ code_challenge: challenge }), "invalid_request", { what: String(challenge) });
  }
});

test("A06 code_challenge_method plain or absent: sent back, invalid_request", async () => {
  for (const method of ["plain", null, "", "s256", "S512"]) {
    assertSentBack(stack, await ask({ code_challenge_method: method }), "invalid_request", { what: String(method) });
  }
});

test("A07 response_type token: sent back, unsupported_response_type", async () => {
  for (const type of ["token", "id_token", "code token", "none"]) {
    assertSentBack(stack, await ask({ response_type: type }), "unsupported_response_type", { what: type });
  }
  assertSentBack(stack, await ask({ response_mode: "fragment" }), "invalid_request", { what: "response_mode" });
});

test("A08 resource of another server, with a fragment, or twice: sent back, invalid_target; none: the default", async () => {
  for (const resource of ["https://evil.example/mcp", `${stack.url}/mcp#x`, `${stack.url}/other`, `${stack.url.replace("localhost", "localhost.evil.example")}/mcp`, `${stack.url.replace("//", "//x@")}/mcp`, "mcp", "urn:x"]) {
    assertSentBack(stack, await ask({ resource }), "invalid_target", { what: resource });
  }
  const twice = new URL(authorizeUrl(stack, { clientId: app.client_id, challenge: pkce().challenge }));
  twice.searchParams.append("resource", `${stack.url}/mcp`);
  assertSentBack(stack, await raw(twice), "invalid_target", { what: "twice" });
  assert.equal((await ask({ resource: null })).status, 200);
  // And what comes of a request without one is a token for the default resource.
  const made = await begin(stack, { resource: null });
  const back = await consent(stack, made.browser, made.url);
  const { body } = await exchange(stack, { ...made, code: back.arrived.searchParams.get("code"), resource: "" });
  assert.equal(decoded(body.access_token).aud, `${stack.url}/mcp`);
});

test("A09 unknown scope: sent back, invalid_scope", async () => {
  for (const scope of ["admin", "market:read admin", "trade:place", "market:read,account:read", "MARKET:READ"]) {
    assertSentBack(stack, await ask({ scope }), "invalid_scope", { what: scope });
  }
});

test("A10 client_id or redirect_uri twice: a page, invalid_request", async () => {
  for (const [name, value] of [["client_id", app.client_id], ["redirect_uri", REDIRECT], ["redirect_uri", "https://evil.example/cb"]]) {
    const url = new URL(authorizeUrl(stack, { clientId: app.client_id, challenge: pkce().challenge }));
    url.searchParams.append(name, value);
    assertPage(await raw(url), "invalid_request", `${name} ${value}`);
  }
  for (const name of ["response_type", "code_challenge", "code_challenge_method", "scope"]) {
    const url = new URL(authorizeUrl(stack, { clientId: app.client_id, challenge: pkce().challenge, scope: "market:read" }));
    url.searchParams.append(name, url.searchParams.get(name));
    assertSentBack(stack, await raw(url), "invalid_request", { what: name });
  }
});

test("A11 confused deputy: an app that was never approved gets the consent page, whoever is logged in", async () => {
  const victim = await connected(stack);
  await quiet(stack);
  const mark = await sim.mark();
  // The same browser, with its session here and at TastyTrade, opens the link of another app.
  const attacker = await begin(stack, {}, { client_name: "Totally Legit", redirect_uris: ["https://attacker.example/cb"] });
  const answer = await victim.browser.fetch(attacker.url);
  assert.equal(answer.status, 200);
  const page = await answer.text();
  assert.match(page, /Totally Legit/);
  assert.match(page, /attacker\.example/);
  assert.equal(await count(stack, "oauth_codes", "client_id = ?1", [attacker.clientId]), 0, "no code without a decision");
  assert.deepEqual(await sim.since(mark), [], "TastyTrade is not asked before the user has decided");
  // Also for the app that was approved before: each authorization is asked for anew.
  const again = await victim.browser.fetch(victim.url);
  assert.equal(again.status, 200);
  assert.match(await again.text(), /name="request"/);
  assert.deepEqual(await sim.since(mark), []);
});

test("A12 a decision without the browser's cookie: a page, consent_mismatch, nobody is sent to TastyTrade", async () => {
  const made = await begin(stack);
  const page = await opened(made);
  const other = new Browser();
  await other.open((await begin(stack)).url);
  for (const [what, cookie] of [["none", ""], ["another browser's", other.cookieHeader(stack.url)], ["made up", `__Host-ttai_login=ttai_bb_${"A".repeat(43)}`], ["without prefix", made.browser.cookieHeader(stack.url).replace("__Host-", "")]]) {
    for (const decision of ["login", "deny", "grant"]) {
      assertPage(await decide(stack, page, { decision, ...(decision === "grant" ? { client_secret: "x", refresh_token: "y" } : {}) }, { browser: null, cookie }), "consent_mismatch", `${what} ${decision}`);
    }
  }
  const rightful = await decide(stack, page, {});
  assert.equal(rightful.status, 302, "and the rightful browser can still answer");
  assert.ok(rightful.location.href.startsWith(stack.simUrl));
});

test("A13 changed hidden fields: what was staged wins; a scope that does not exist: a page, invalid_scope", async () => {
  const made = await begin(stack, { scope: "market:read" });
  const other = await register(stack, { redirect_uris: ["https://evil.example/cb"] });
  const page = await opened(made);
  assertPage(await decide(stack, page, { scope: ["market:read", "admin"] }), "invalid_scope");
  const sent = await decide(stack, page, {
    client_id: other.client_id, redirect_uri: "https://evil.example/cb", resource: "https://evil.example/mcp", state: "forged", code_challenge: pkce().challenge,
    scope: ["market:read", "account:read", "settings:write"],
  });
  assert.equal(sent.status, 302);
  const back = await atTastyTrade(made.browser, await made.browser.open(sent.location), "trader", { until: REDIRECT });
  assert.equal(back.arrived.searchParams.get("state"), "state-1");
  const code = back.arrived.searchParams.get("code");
  assert.equal((await exchange(stack, { clientId: other.client_id, code, verifier: made.verifier, redirect_uri: "https://evil.example/cb" })).body.error, "invalid_grant");
  const { status, body } = await exchange(stack, { ...made, code });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.scope, "market:read", "what was not asked for is not given");
});

test("A14 a page that is answered twice, or after ten minutes: a page, consent_expired", async () => {
  for (const first of ["login", "deny"]) {
    const page = await opened(await begin(stack));
    assert.equal((await decide(stack, page, { decision: first })).status, 302);
    for (const second of ["login", "deny"]) assertPage(await decide(stack, page, { decision: second }), "consent_expired", `${first}, ${second}`);
  }
  const made = await begin(stack);
  const page = await opened(made);
  await age(stack, "oauth_requests", ["created_at", "expires_at"], 599, "client_id = ?1", [made.clientId]);
  const again = await opened(made);
  assert.equal((await decide(stack, page, { decision: "deny" })).status, 302, "after 9:59 it can be answered");
  await age(stack, "oauth_requests", ["created_at", "expires_at"], 601, "client_id = ?1", [made.clientId]);
  assertPage(await decide(stack, again, {}), "consent_expired", "late");
  assertPage(await decide(stack, again, { request: `ttai_rq_${"A".repeat(43)}` }), "consent_expired", "made up");
});

test("A15 the consent page cannot be framed, kept or scripted", async () => {
  const { headers, text } = await ask({});
  const policy = headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.includes(part), policy);
  assert.doesNotMatch(policy, /unsafe|script-src|\*/);
  assert.equal(headers.get("x-frame-options"), "DENY");
  assert.match(headers.get("cache-control"), /no-store/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal(headers.get("access-control-allow-origin"), null);
  assert.doesNotMatch(text, /<script|\son\w+=|javascript:/i);
  const cookie = headers.getSetCookie().find((line) => line.startsWith("__Host-"));
  for (const part of ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"]) assert.ok(cookie.includes(part), cookie);
  assert.doesNotMatch(cookie, /domain=/i);
  // The pages of errors are protected in the same way.
  const refused = await ask({ client_id: "unknown" });
  assert.equal(refused.headers.get("x-frame-options"), "DENY");
  assert.match(refused.headers.get("content-security-policy"), /frame-ancestors 'none'/);
});

test("A16 a client_name that is markup, turns the direction of writing, or has 500 characters: text, cut", async () => {
  for (const name of ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}{% raw %}", "</bdi><form action=//evil.example>", "\u202Elive\u202C \u200Bx\u0000y"]) {
    const page = await opened(await begin(stack, {}, { client_name: name }));
    assert.equal(page.root.querySelectorAll("script, img, iframe, object").length, 0, name);
    assert.equal(page.root.querySelectorAll("form").filter((form) => /evil/.test(form.getAttribute("action"))).length, 0, name);
    const shown = page.root.querySelector("h1").textContent;
    assert.doesNotMatch(shown, /[\u202A-\u202E\u2066-\u2069\u200B-\u200F\u0000]/, name);
    if (name.startsWith("{{")) assert.match(page.text, /\{\{7\*7\}\}/, "a name is not a template");
  }
  const long = await opened(await begin(stack, {}, { client_name: "x".repeat(500) }));
  assert.match(long.text, /x{20}/);
  assert.doesNotMatch(long.text, /x{100}/);
  const logo = await opened(await begin(stack, {}, { logo_uri: "https://evil.example/pixel.png" }));
  assert.ok(!logo.html.includes("evil.example"), "a logo is not loaded");
});

test("A17 Deny: sent back, access_denied", async () => {
  const made = await begin(stack);
  const mark = await sim.mark();
  assertSentBack(stack, await decide(stack, await opened(made), { decision: "deny" }), "access_denied");
  assert.deepEqual((await sim.since(mark, /auth|token/)), []);
  assert.equal(await count(stack, "oauth_codes", "client_id = ?1", [made.clientId]), 0);
});

/** A browser that TastyTrade sends back: the app, and the address that it would open next. */
async function returning(decision) {
  const made = await begin(stack);
  const atLogin = await made.browser.submit(await made.browser.open(made.url), {}, { press: "decision=login" });
  const { url } = await atTastyTrade(made.browser, atLogin, "trader", { decision, until: CALLBACK });
  return { ...made, back: url };
}

test("A18 a return without cookie, with an unknown, replayed or expired state: a page, state_mismatch, and no exchange", async () => {
  const made = await returning();
  const cookie = made.browser.cookieHeader(stack.url);
  const mark = await sim.mark();
  const at = (query, sent = cookie) => raw(`${CALLBACK}?${new URLSearchParams(query)}`, { headers: sent ? { cookie: sent } : {} });
  const { code, state } = Object.fromEntries(made.back.searchParams);
  for (const [what, query, sent] of [
    ["no cookie", { code, state }, ""],
    ["another cookie", { code, state }, `__Host-ttai_login=ttai_bb_${"A".repeat(43)}`],
    ["unknown state", { code, state: `ttai_us_${"A".repeat(43)}` }],
    ["malformed state", { code, state: "x" }],
    ["no state", { code }],
    ["the app's own state", { code, state: "state-1" }],
    ["an error with an unknown state", { error: "access_denied", state: `ttai_us_${"A".repeat(43)}` }],
  ]) {
    assertPage(await at(query, sent), "state_mismatch", what);
  }
  assertPage(await raw(`${CALLBACK}?${new URLSearchParams({ code, state })}&state=${state}`, { headers: { cookie } }), "state_mismatch", "state twice");
  assert.deepEqual(await sim.since(mark, /oauth\/token/), [], "TastyTrade's code was not redeemed");
  await age(stack, "oauth_requests", ["expires_at"], 601, "upstream_state_hash = ?1", [sha256(state)]);
  assertPage(await at({ code, state }), "state_mismatch", "expired");
  assert.deepEqual(await sim.since(mark, /oauth\/token/), []);
  await age(stack, "oauth_requests", ["expires_at"], -601, "upstream_state_hash = ?1", [sha256(state)]);
  const rightful = await at({ code, state });
  assert.equal(rightful.status, 302);
  assert.ok(rightful.location.searchParams.get("code"), "none of this has used the state up");
  const before = (await sim.since(mark, /oauth\/token/)).length;
  assertPage(await at({ code, state }), "state_mismatch", "replayed");
  assert.equal((await sim.since(mark, /oauth\/token/)).length, before, "a replay redeems nothing");
});

test("A19 the user says no at TastyTrade: sent back, access_denied", async () => {
  const made = await returning("deny");
  const mark = await sim.mark();
  const answer = await made.browser.fetch(made.back);
  assertSentBack(stack, { status: answer.status, location: new URL(answer.headers.get("location")) }, "access_denied");
  assert.deepEqual(await sim.since(mark, /oauth\/token/), []);
});

test("A20 TastyTrade refuses the code: access_denied; fails or hangs: temporarily_unavailable; nothing is stored", async () => {
  const stored = () => d1(stack, "SELECT user_id, id, updated_at FROM credentials ORDER BY user_id");
  const [before, sessions] = [await stored(), await count(stack, "browser_sessions")];
  for (const [fault, error] of [["revoked", "access_denied"], ["500", "temporarily_unavailable"], ["502html", "temporarily_unavailable"], ["429", "temporarily_unavailable"], ["hang", "temporarily_unavailable"]]) {
    const made = await returning();
    await sim.fault({ path: "/oauth/token", fault, times: null, seconds: 30 });
    const answer = await made.browser.fetch(made.back);
    await sim.clear();
    assertSentBack(stack, { status: answer.status, location: new URL(answer.headers.get("location")) }, error, { what: fault });
    assert.equal(await count(stack, "oauth_codes", "client_id = ?1", [made.clientId]), 0, fault);
    const replay = await raw(made.back, { headers: { cookie: made.browser.cookieHeader(stack.url) } });
    assertPage(replay, "state_mismatch", `${fault}: a failed return is used up`);
  }
  assert.deepEqual(await stored(), before);
  assert.equal(await count(stack, "browser_sessions"), sessions);
});

test("A21 two tabs of one browser: independent, each answers once", async () => {
  const [one, two] = [await begin(stack, { state: "tab-1" }), await begin(stack, { state: "tab-2" })];
  two.browser = one.browser;
  const [first, second] = [await opened(one), await opened(two)];
  const answers = await Promise.all([first, second, first, second].map((page) => decide(stack, page, { decision: "deny" })));
  for (const [page, state] of [[0, "tab-1"], [1, "tab-2"]]) {
    const own = [answers[page], answers[page + 2]];
    assert.deepEqual(own.map(({ status }) => status).sort(), [302, 400], state);
    assertSentBack(stack, own.find(({ status }) => status === 302), "access_denied", { state });
    assertPage(own.find(({ status }) => status === 400), "consent_expired", state);
  }
  // Two logins in two tabs both end with a code of their own app.
  const [left, right] = await Promise.all(["left", "right"].map((state) => begin(stack, { state })));
  right.browser = left.browser;
  const pages = [await opened(left), await opened(right)];
  const sent = [];
  for (const page of pages) sent.push(await decide(stack, page, {}));
  assert.notEqual(stateOf(sent[0].location), stateOf(sent[1].location));
  for (const [at, made] of [[1, right], [0, left]]) {
    const back = await atTastyTrade(left.browser, await left.browser.open(sent[at].location), "trader", { until: REDIRECT });
    assert.equal(back.arrived.searchParams.get("state"), at === 0 ? "left" : "right");
    assert.equal((await exchange(stack, { ...made, code: back.arrived.searchParams.get("code") })).status, 200);
  }
});

test("A22 an app on the user's own machine: the page warns and shows the host", async () => {
  const local = await opened(await begin(stack, { redirect_uri: "http://127.0.0.1:45678/callback" }));
  assert.match(local.text, /127\.0\.0\.1:45678/);
  assert.match(local.text, /your own computer/);
  assert.equal(local.root.querySelectorAll('[role="note"]').length, 1);
  const remote = await opened(await begin(stack, {}, { redirect_uris: [HTTPS] }));
  assert.match(remote.text, /app\.example/);
  assert.doesNotMatch(remote.text, /your own computer/);
});
