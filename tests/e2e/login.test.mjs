// Logging in, tokens, and what lies in the database afterwards. Cases:
//  1. the whole way by TastyTrade's login: what the code's address carries, the pair of tokens, a tool call
//  2. the access token: header and claims
//  3. the whole way by a pasted grant
//  4. a refresh rotates; the old token within its grace yields another pair; later it ends the family
//  5. a revocation ends access at once, whichever token is presented
//  6. a wrong password, a wrong one-time code: the page again, and then the right ones
//  7. no at our consent page, no at TastyTrade
//  8. a customer without an external id is refused and leaves nothing behind
//  9. a pasted grant that TastyTrade refuses: the page again with a note, nothing stored
// 10. what the token endpoint refuses
// 11. a code that comes twice ends what came of it
// 12. scopes that were unticked are missing from the token
// 13. another browser cannot answer the page or come back with the code
// 14. upstream secrets and our own tokens are in D1 sealed or hashed only, and in no log
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { d1, dump } from "../lib/explorer.mjs";
import { ALL_SCOPES, atTastyTrade, authorizeUrl, consent, exchange, EXTERNAL_IDS, form, login, pkce, REDIRECT, refresh, register } from "../lib/login.mjs";
import { client, modern, post } from "../lib/mcp.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();

/** Everything that must lie nowhere in clear; filled by the tests, looked for by the last one. */
const secrets = [];
const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const list = (token, path = "/mcp") => {
  const { message, headers } = modern("tools/list");
  return post(`${stack.url}${path}`, message, { token, headers });
};

async function begin(more = {}) {
  const { client_id: clientId } = await register(stack);
  const { verifier, challenge } = pkce();
  return { clientId, verifier, url: authorizeUrl(stack, { clientId, challenge, ...more }), browser: new Browser() };
}

test("1: by TastyTrade's login", async () => {
  const { clientId, verifier, url, browser } = await begin({ state: "a b&c" });
  const page = await browser.open(url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.match(page.headers.get("cache-control"), /no-store/);
  const atLogin = await browser.submit(page, {}, { press: "decision=login" });
  assert.ok(atLogin.url.href.startsWith(stack.simUrl), atLogin.url.href);
  const back = await atTastyTrade(browser, atLogin, "trader", { until: REDIRECT });
  assert.deepEqual([...back.arrived.searchParams.keys()].sort(), ["code", "iss", "state"]);
  assert.equal(back.arrived.searchParams.get("state"), "a b&c");
  assert.equal(back.arrived.searchParams.get("iss"), stack.url);
  const code = back.arrived.searchParams.get("code");
  const { status, headers, body } = await exchange(stack, { clientId, code, verifier });
  assert.equal(status, 200, JSON.stringify(body));
  assert.match(headers.get("cache-control"), /no-store/);
  assert.deepEqual(Object.keys(body).sort(), ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
  assert.equal(body.token_type, "Bearer");
  assert.equal(body.expires_in, 86400);
  assert.equal(body.scope, ALL_SCOPES.join(" "));
  secrets.push(code, verifier, body.access_token, body.refresh_token);
  for (const path of ["/mcp", "/"]) {
    const { status: listed, body: tools } = await list(body.access_token, path);
    assert.equal(listed, 200);
    const names = tools.result.tools.map(({ name }) => name);
    for (const name of ["get_quote", "get_positions", "get_config"]) assert.ok(names.includes(name), `${name} is not among ${names}`);
  }
  const [row] = await d1(stack, "SELECT * FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.trader]);
  assert.equal(row.kind, "login");
  assert.equal(row.status, "active");
  assert.match(row.refresh_token_sealed, /^v1\./);
  assert.equal(row.client_secret_sealed, null);
});

test("2: the access token", async () => {
  const { token, clientId } = await login(stack);
  const [header, claims] = token.split(".").slice(0, 2).map(decode);
  assert.equal(header.alg, "HS256");
  assert.equal(header.typ, "at+jwt");
  assert.ok(header.kid);
  assert.deepEqual(Object.keys(claims).sort(), ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sid", "sub"]);
  assert.equal(claims.iss, stack.url);
  assert.equal(claims.aud, `${stack.url}/mcp`);
  assert.equal(claims.sub, EXTERNAL_IDS.trader);
  assert.equal(claims.client_id, clientId);
  assert.equal(claims.exp - claims.iat, 86400);
  const [head, body, signature] = token.split(".");
  for (const [name, forged] of [
    ["other claims", [head, Buffer.from(JSON.stringify({ ...claims, sub: EXTERNAL_IDS.second })).toString("base64url"), signature]],
    ["no signature", [Buffer.from(JSON.stringify({ ...header, alg: "none" })).toString("base64url"), body, ""]],
    ["another signature", [head, body, signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`]],
  ]) {
    assert.equal((await list(forged.join("."))).status, 401, name);
  }
});

test("3: by a pasted grant", async () => {
  const grant = await sim.grant("second");
  secrets.push(grant.client_secret, grant.refresh_token);
  const { token } = await login(stack, { user: "second", grant });
  assert.equal(decode(token.split(".")[1]).sub, EXTERNAL_IDS.second);
  const quote = await client(stack, token).ok("get_quote", { symbol: "SPY" });
  assert.equal(quote.quotes[0].symbol, "SPY");
  const [row] = await d1(stack, "SELECT * FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.second]);
  assert.equal(row.kind, "own_grant");
  assert.match(row.refresh_token_sealed, /^v1\./);
  assert.match(row.client_secret_sealed, /^v1\./);
});

test("4: refresh tokens", async () => {
  const { token, refreshToken, clientId } = await login(stack);
  const first = await refresh(stack, { clientId, refreshToken });
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.notEqual(first.body.refresh_token, refreshToken);
  assert.notEqual(first.body.access_token, token);
  const again = await refresh(stack, { clientId, refreshToken });
  assert.equal(again.status, 200, "the answer may have been lost: another pair of the same family");
  assert.notEqual(again.body.refresh_token, first.body.refresh_token);
  const sids = [token, first.body.access_token, again.body.access_token].map((one) => decode(one.split(".")[1]).sid);
  assert.equal(new Set(sids).size, 1);
  const narrow = await refresh(stack, { clientId, refreshToken: again.body.refresh_token, scope: "market:read" });
  assert.equal(narrow.body.scope, "market:read");
  const next = await refresh(stack, { clientId, refreshToken: first.body.refresh_token });
  assert.equal(next.status, 200, "both successors live");
  secrets.push(first.body.refresh_token, again.body.refresh_token, next.body.refresh_token);
  // Two minutes later the first token comes again: it may have been stolen.
  await d1(stack, "UPDATE refresh_tokens SET used_at = used_at - 121000 WHERE grant_id = ?1 AND generation = 0", [sids[0]]);
  const late = await refresh(stack, { clientId, refreshToken });
  assert.equal(late.status, 400);
  assert.equal(late.body.error, "invalid_grant");
  assert.equal((await list(next.body.access_token)).status, 401, "the whole family has ended");
  assert.equal((await refresh(stack, { clientId, refreshToken: next.body.refresh_token })).body.error, "invalid_grant");
});

test("5: revocation", async () => {
  for (const which of ["token", "refreshToken"]) {
    const made = await login(stack);
    assert.equal((await list(made.token)).status, 200);
    const other = await register(stack);
    const foreign = await form(`${stack.url}/oauth/revoke`, { token: made[which], client_id: other.client_id });
    assert.equal(foreign.status, 200, "another app learns nothing");
    assert.equal((await list(made.token)).status, 200, "and changes nothing");
    const { status } = await form(`${stack.url}/oauth/revoke`, { token: made[which], client_id: made.clientId });
    assert.equal(status, 200);
    const { status: after, headers } = await list(made.token);
    assert.equal(after, 401, which);
    assert.match(headers.get("www-authenticate"), /error="invalid_token"/);
    assert.equal((await refresh(stack, made)).body.error, "invalid_grant");
  }
});

test("6: a wrong password and a wrong code", async () => {
  const { clientId, verifier, url, browser } = await begin();
  let page = await browser.submit(await browser.open(url), {}, { press: "decision=login" });
  page = await browser.submit(page, { username: "trader", password: "wrong" });
  assert.equal(page.status, 401);
  assert.match(page.text, /password is wrong/);
  page = await browser.submit(page, { username: "trader", password: "simulator" });
  page = await browser.submit(page, { code: "000000" });
  assert.equal(page.status, 401);
  assert.match(page.text, /code is wrong/);
  page = await browser.submit(page, { code: "123456" });
  const back = await browser.submit(page, {}, { press: "decision=allow", until: REDIRECT });
  assert.equal((await exchange(stack, { clientId, verifier, code: back.arrived.searchParams.get("code") })).status, 200);
});

test("7: no", async () => {
  const ours = await begin();
  const denied = await ours.browser.submit(await ours.browser.open(ours.url), {}, { press: "decision=deny", until: REDIRECT });
  assert.equal(denied.arrived.searchParams.get("error"), "access_denied");
  assert.equal(denied.arrived.searchParams.get("state"), "state-1");
  assert.equal(denied.arrived.searchParams.get("iss"), stack.url);
  const theirs = await begin();
  const atLogin = await theirs.browser.submit(await theirs.browser.open(theirs.url), {}, { press: "decision=login" });
  const back = await atTastyTrade(theirs.browser, atLogin, "trader", { decision: "deny", until: REDIRECT });
  assert.equal(back.arrived.searchParams.get("error"), "access_denied");
  assert.equal(back.arrived.searchParams.get("code"), null);
});

test("8: a customer without an external id", async () => {
  const before = await d1(stack, "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM credentials) AS credentials");
  const { url, browser } = await begin();
  const back = await consent(stack, browser, url, { user: "newcomer" });
  assert.ok(back.arrived.searchParams.get("error"), back.url);
  assert.match(back.arrived.searchParams.get("error_description"), /external id/);
  assert.equal(back.arrived.searchParams.get("code"), null);
  assert.deepEqual(await d1(stack, "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM credentials) AS credentials"), before);
  assert.deepEqual(await d1(stack, "SELECT id FROM users WHERE id LIKE '%1000003%'"), []);
});

test("9: a pasted grant that is refused", async () => {
  const { url, browser, clientId, verifier } = await begin();
  const { client_id: _, ...good } = await sim.grant("trader");
  const before = await d1(stack, "SELECT user_id, id FROM credentials ORDER BY user_id");
  let page = await browser.open(url);
  for (const [client_secret, refresh_token] of [["", ""], [good.client_secret, "nonsense"], ["wrong", good.refresh_token]]) {
    page = await browser.submit(page, { client_secret, refresh_token }, { press: "decision=grant", until: REDIRECT });
    assert.ok(!page.arrived, `${client_secret} ${refresh_token}: ${page.url}`);
    assert.ok(page.root.querySelector("form"), page.text);
    assert.ok(!page.html.includes(good.refresh_token), "the page does not repeat what was pasted");
  }
  assert.deepEqual(await d1(stack, "SELECT user_id, id FROM credentials ORDER BY user_id"), before);
  const back = await browser.submit(page, good, { press: "decision=grant", until: REDIRECT });
  assert.equal((await exchange(stack, { clientId, verifier, code: back.arrived.searchParams.get("code") })).status, 200);
});

test("10: what the token endpoint refuses", async () => {
  const { clientId, verifier, url, browser } = await begin();
  const code = (await consent(stack, browser, url)).arrived.searchParams.get("code");
  const good = { grant_type: "authorization_code", client_id: clientId, code, code_verifier: verifier, redirect_uri: REDIRECT };
  const other = (await register(stack)).client_id;
  for (const [name, fields, status, error] of [
    ["no grant type", { ...good, grant_type: "" }, 400, "invalid_request"],
    ["another grant type", { ...good, grant_type: "client_credentials" }, 400, "unsupported_grant_type"],
    ["an unknown app", { ...good, client_id: "ttai_none" }, 401, "invalid_client"],
    ["another app", { ...good, client_id: other }, 400, "invalid_grant"],
    ["an unknown code", { ...good, code: `${code.slice(0, -2)}xx` }, 400, "invalid_grant"],
    ["another verifier", { ...good, code_verifier: pkce().verifier }, 400, "invalid_grant"],
    ["no verifier", { ...good, code_verifier: "" }, 400, "invalid_request"],
    ["another redirect address", { ...good, redirect_uri: `${REDIRECT}2` }, 400, "invalid_grant"],
    ["another resource", { ...good, resource: "https://evil.example/mcp" }, 400, "invalid_target"],
    ["an unknown refresh token", { grant_type: "refresh_token", client_id: clientId, refresh_token: "ttai_rt_x" }, 400, "invalid_grant"],
  ]) {
    const answer = await form(`${stack.url}/oauth/token`, fields);
    assert.equal(answer.status, status, name);
    assert.equal(answer.body.error, error, name);
    assert.ok(answer.body.error_description.length > 10, name);
    assert.match(answer.headers.get("cache-control"), /no-store/, name);
    if (status === 401) assert.match(answer.headers.get("www-authenticate"), /Basic/);
  }
  const json = await fetch(`${stack.url}/oauth/token`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(good) });
  assert.equal(json.status, 400);
  assert.equal((await json.json()).error, "invalid_request");
  assert.equal((await form(`${stack.url}/oauth/token`, good)).status, 200, "none of this has used up the code");
});

test("11: a code that comes twice", async () => {
  const { clientId, verifier, url, browser } = await begin();
  const code = (await consent(stack, browser, url)).arrived.searchParams.get("code");
  const first = await exchange(stack, { clientId, verifier, code });
  assert.equal(first.status, 200);
  const second = await exchange(stack, { clientId, verifier, code });
  assert.equal(second.body.error, "invalid_grant");
  assert.equal((await list(first.body.access_token)).status, 401);
});

test("12: unticked scopes", async () => {
  const { token, tokens } = await login(stack, { scopes: ["market:read"] });
  assert.equal(tokens.scope, "market:read");
  const { message, headers } = modern("tools/call", { name: "get_workflow_status", arguments: { workflow_id: "x" } });
  const refused = await post(`${stack.url}/mcp`, message, { token, headers });
  assert.equal(refused.status, 403);
  assert.match(refused.headers.get("www-authenticate"), /error="insufficient_scope".*scope="analysis:run"/);
});

test("13: another browser", async () => {
  const { url, browser } = await begin();
  const page = await browser.open(url);
  const thief = new Browser();
  const answered = await thief.submit(page, {}, { press: "decision=login", until: REDIRECT });
  assert.equal(answered.status, 400, "a form without its cookie");
  const atLogin = await browser.submit(page, {}, { press: "decision=login" });
  const callback = `${stack.url}/oauth/callback`;
  const back = await atTastyTrade(browser, atLogin, "trader", { until: callback });
  const stolen = await thief.open(back.url, { until: REDIRECT });
  assert.equal(stolen.status, 400, "the return to another browser");
  const rightful = await browser.open(back.url, { until: REDIRECT });
  assert.ok(rightful.arrived.searchParams.get("code"), "the rightful one still gets in");
  const again = await browser.open(back.url, { until: REDIRECT });
  assert.equal(again.status, 400, "a return works once");
});

test("14: nothing in clear", async () => {
  const contents = await dump(stack);
  assert.ok(contents.includes(EXTERNAL_IDS.trader), "this is the database");
  assert.ok(secrets.length > 8);
  for (const secret of secrets) assert.ok(!contents.includes(secret), `${secret.slice(0, 12)}... lies in D1`);
  // TastyTrade's tokens are JWTs, and so are ours: no JWT at all.
  assert.ok(!/eyJ[A-Za-z0-9_-]{8,}\./.test(contents), "a JWT lies in D1");
  if (!stack.logFiles) return;
  const logs = readFileSync(stack.logFiles.workers, "utf8");
  for (const secret of secrets) assert.ok(!logs.includes(secret), `${secret.slice(0, 12)}... is in the log`);
  assert.ok(!/eyJ[A-Za-z0-9_-]{8,}\.eyJ/.test(logs), "a JWT is in the log");
});
