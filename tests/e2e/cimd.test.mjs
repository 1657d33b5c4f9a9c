// Apps that need no registration. Those whose client_id is the https address of a document, which a server on this machine
// plays; and those that the operator has set up. Cases:
//  1. the whole login with a document's address as client_id, at both pairs of paths, and a refresh: one fetch
//  2. addresses that may not be fetched: the page, and no request goes out (B07, B10)
//  3. documents that may not be used: the page, and nothing is kept (B08)
//  4. a host that never answers: the page after ten seconds (B08)
//  5. a bad document is not fetched again at once
//  6. a document that changes its redirect addresses: the old one is refused once the cache has run out (B09)
//  7. the cache runs out during an outage: who is connected refreshes, nobody connects anew
//  8. Claude's documents have copies for when their host turns the server away
//  9. what is asked of a host: a GET, no cookies, no credentials
// 10. an app that the operator has set up, with its secret in the header and in the form
// 11. OAUTH_CLIENTS that cannot be read: the worker says so and names the variable
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { document, documentServer } from "../lib/cimd.mjs";
import { d1 } from "../lib/explorer.mjs";
import { authorizeUrl, consent, exchange, form, pkce, REDIRECT, refresh } from "../lib/login.mjs";
import { assertHttpError, client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { useStack } from "../lib/stack.mjs";

const SECRET = "a secret that somebody typed";
const OPERATORS = [
  // The SHA-256 of the secret, in base64url.
  { client_id: "typed", client_name: "Typed App", redirect_uris: [REDIRECT], client_secret_hash: await hash(SECRET) },
];

const documents = await documentServer(["client.example", "claude.ai"]);
const stack = await useStack({ vars: { ...documents.vars, OAUTH_CLIENTS: JSON.stringify(OPERATORS) } });

async function hash(text) {
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("base64url");
}

/** Opens the consent page for a client_id: `{page, verifier, url, browser}`. */
async function open(clientId, more = {}) {
  const { verifier, challenge } = pkce();
  const url = authorizeUrl(stack, { clientId, challenge, ...more });
  const browser = new Browser();
  return { page: await browser.open(url, { until: REDIRECT }), verifier, url, browser };
}

async function refused(clientId, words = /./, more = {}) {
  const { page } = await open(clientId, more);
  assert.equal(page.status, 400, `${clientId}: ${page.url}`);
  assert.match(page.text, /invalid_client/, clientId);
  assert.match(page.text, words, clientId);
}

const kept = async (id) => (await d1(stack, "SELECT id FROM oauth_clients WHERE id = ?1", [id])).length;
const expire = (id, hours = 0) => d1(stack, "UPDATE oauth_clients SET expires_at = ?2 WHERE id = ?1", [id, Date.now() - hours * 3_600_000 - 1]);
/** The minute in which attempts are counted has passed. */
const minuteLater = () => d1(stack, "UPDATE client_document_fetches SET began_at = began_at - 60000");

/** The whole way with a client_id: the pair of tokens. */
async function login(clientId) {
  const { verifier, challenge } = pkce();
  const back = await consent(stack, new Browser(), authorizeUrl(stack, { clientId, challenge }));
  assert.ok(back.arrived, `${back.url} (${back.status}): ${back.text}`);
  const { status, body } = await exchange(stack, { clientId, verifier, code: back.arrived.searchParams.get("code") });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

test("1: the whole login", async () => {
  const { client_id_metadata_document_supported: supported } = await (await fetch(`${stack.url}/.well-known/oauth-authorization-server`)).json();
  assert.equal(supported, true);
  const id = documents.publish("/whole.json", document(documents.id("/whole.json"), { client_name: "Whole App" }));
  const { page } = await open(id);
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /Whole App/);
  assert.match(page.text, /gave itself at client\.example\b/, "whose word it is");
  assert.match(page.text, /127\.0\.0\.1:33418/, "the host of the redirect address is shown");
  const tokens = await login(id);
  const quote = await client(stack, tokens.access_token).ok("get_quote", { symbol: "SPY" });
  assert.equal(quote.quotes[0].symbol, "SPY");
  const again = await refresh(stack, { clientId: id, refreshToken: tokens.refresh_token });
  assert.equal(again.status, 200, JSON.stringify(again.body));
  const short = await open(id, { path: "/authorize" });
  assert.equal(short.page.status, 200);
  assert.equal(documents.requests("/whole.json").length, 1, "the document is fetched once");
  const revoked = await form(`${stack.url}/oauth/revoke`, { client_id: id, token: again.body.refresh_token });
  assert.equal(revoked.status, 200);
});

test("2: addresses that may not be fetched", async () => {
  const before = documents.requests().length;
  const { port } = new URL(stack.url);
  for (const id of [
    "http://client.example/app.json",
    "https://client.example/",
    "https://client.example",
    "https://127.0.0.1/app.json",
    "https://2130706433/app.json",
    "https://0x7f.1/app.json",
    "https://[::1]/app.json",
    "https://[::ffff:10.0.0.1]/app.json",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/app.json",
    "https://client.localhost/app.json",
    "https://printer.local/app.json",
    "https://metadata.google.internal/app.json",
    "https://intranet/app.json",
    "https://somebody@client.example/app.json",
    "https://somebody:secret@client.example/app.json",
    "https://client.example:8443/app.json",
    "https://client.example/app.json#x",
    "https://client.example/x/../app.json",
    "https://client.example/%2e%2e/app.json",
    "https://CLIENT.example/app.json",
    "ftp://client.example/app.json",
    "javascript:alert(1)",
    // This server's own host.
    `${stack.url}/app.json`,
    `https://localhost:${port}/.well-known/oauth-authorization-server`,
  ]) {
    await refused(id);
    const answer = await form(`${stack.url}/oauth/token`, { grant_type: "refresh_token", client_id: id, refresh_token: "x" });
    assert.equal(answer.status, 401, id);
    assert.equal(answer.body.error, "invalid_client", id);
  }
  assert.equal(documents.requests().length, before);
  assert.deepEqual(await d1(stack, "SELECT url FROM client_document_fetches WHERE host NOT IN ('client.example')"), []);
});

test("3: documents that may not be used", async () => {
  documents.publish("/good.json", document(documents.id("/moved.json")));
  const cases = [
    ["/moved.json", "", { status: 302, headers: { location: "https://client.example/good.json" } }, /redirects to another address/],
    ["/large.json", { padding: "x".repeat(5 * 1024) }, {}, /larger than 5 KB/],
    ["/html.json", null, { headers: { "content-type": "text/html" } }, /not a JSON object/],
    ["/page.json", "<!doctype html><title>App</title>", {}, /not a JSON object/],
    ["/other.json", { client_id: "https://client.example/else.json" }, {}, /not exactly the address/],
    ["/secret.json", { client_secret: "hunter2" }, {}, /client secret/],
    ["/basic.json", { token_endpoint_auth_method: "client_secret_basic" }, {}, /must be none/],
    ["/nameless.json", { client_name: undefined }, {}, /no client_name/],
    ["/nowhere.json", { redirect_uris: [] }, {}, /redirect_uris is missing/],
    ["/script.json", { redirect_uris: [REDIRECT, "javascript:alert(1)"] }, {}, /redirect address/],
    ["/absent.json", null, { status: 404 }, /no document/],
  ];
  for (const [path, more, options, words] of cases) {
    const published = typeof more === "string" ? more : document(documents.id(path), more ?? {});
    const id = documents.publish(path, published, options);
    await refused(id, words);
    assert.equal(documents.requests(path).length, 1, path);
    assert.equal(await kept(id), 0, `${path} is not kept`);
  }
  assert.equal(documents.requests("/good.json").length, 0, "a redirect is not followed");
});

test("4: a host that never answers", async () => {
  const id = documents.hang("/hang.json");
  const began = Date.now();
  await refused(id, /ten seconds/);
  assert.ok(Date.now() - began >= 9_000, "it was waited for");
  assert.equal(await kept(id), 0);
  const again = Date.now();
  await refused(id, /ten seconds/);
  assert.ok(Date.now() - again < 9_000, "and not again at once");
  assert.equal(documents.requests("/hang.json").length, 1);
});

test("5: a bad document is not fetched again at once", async () => {
  const id = documents.publish("/later.json", "not yet");
  for (let attempt = 0; attempt < 4; attempt += 1) await refused(id, /not a JSON object/);
  assert.equal(documents.requests("/later.json").length, 1);
  documents.publish("/later.json", document(id));
  await minuteLater();
  assert.equal((await open(id)).page.status, 200);
  assert.equal(documents.requests("/later.json").length, 2);
});

test("6: other redirect addresses", async () => {
  const id = documents.publish("/changing.json", document(documents.id("/changing.json")), { headers: { "cache-control": "max-age=600" } });
  assert.equal((await open(id)).page.status, 200);
  const [{ expires_at: until }] = await d1(stack, "SELECT expires_at FROM oauth_clients WHERE id = ?1", [id]);
  assert.ok(Math.abs(until - Date.now() - 600_000) < 60_000, "kept for as long as the document says");
  documents.publish("/changing.json", document(id, { redirect_uris: ["https://client.example/new"] }));
  assert.equal((await open(id)).page.status, 200, "the cache still holds");
  await expire(id);
  const { page } = await open(id);
  assert.equal(page.status, 400);
  assert.match(page.text, /invalid_redirect_uri/);
  assert.equal((await open(id, { redirect_uri: "https://client.example/new" })).page.status, 200);
});

test("7: an outage", async () => {
  const id = documents.publish("/outage.json", document(documents.id("/outage.json")));
  const tokens = await login(id);
  documents.publish("/outage.json", "", { status: 503 });
  await expire(id);
  const kept503 = await refresh(stack, { clientId: id, refreshToken: tokens.refresh_token });
  assert.equal(kept503.status, 200, JSON.stringify(kept503.body));
  await refused(id, /failing at the moment/);
  await expire(id, 8 * 24);
  const late = await refresh(stack, { clientId: id, refreshToken: kept503.body.refresh_token });
  assert.equal(late.status, 503);
  assert.equal(late.body.error, "temporarily_unavailable");
  assert.ok(Number(late.headers.get("retry-after")) > 0);
  documents.publish("/outage.json", "", { status: 410 });
  await minuteLater();
  const gone = await refresh(stack, { clientId: id, refreshToken: kept503.body.refresh_token });
  assert.equal(gone.status, 401, "the app has taken its document away");
  assert.equal(gone.body.error, "invalid_client");
});

test("8: copies of Claude's documents", async () => {
  const claude = documents.publish("/oauth/mcp-oauth-client-metadata", "<title>Just a moment...</title>", { status: 403, headers: { "content-type": "text/html" }, host: "claude.ai" });
  for (const redirect_uri of ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"]) {
    const { page } = await open(claude, { redirect_uri });
    assert.equal(page.status, 200, page.text);
    assert.match(page.text, /Claude/);
  }
  assert.equal(documents.requests("/oauth/mcp-oauth-client-metadata").length, 1, "the live document was asked for");
  const code = documents.publish("/oauth/claude-code-client-metadata", "", { status: 403, host: "claude.ai" });
  assert.equal((await open(code, { redirect_uri: "http://localhost:54321/callback" })).page.status, 200);
  const { page } = await open(code, { redirect_uri: "http://localhost:54321/elsewhere" });
  assert.equal(page.status, 400);
  assert.match(page.text, /invalid_redirect_uri/);
});

test("9: what is asked of a host", async () => {
  for (const { method, headers } of documents.requests()) {
    assert.equal(method, "GET");
    assert.equal(headers.accept, "application/json");
    assert.equal(headers.cookie, undefined);
    assert.equal(headers.authorization, undefined);
  }
});

test("10: an app of the operator's", async () => {
  const begin = async () => {
    const { verifier, challenge } = pkce();
    const back = await consent(stack, new Browser(), authorizeUrl(stack, { clientId: "typed", challenge }));
    return { clientId: "typed", verifier, code: back.arrived.searchParams.get("code") };
  };
  const shown = (await open("typed")).page.text;
  assert.match(shown, /Typed App/);
  assert.match(shown, /gave itself\. /);
  const asked = await begin();
  for (const wrong of [{}, { client_secret: "wrong" }]) {
    const answer = await exchange(stack, { ...asked, ...wrong });
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error, "invalid_client");
  }
  const { status, body } = await exchange(stack, { ...asked, client_secret: SECRET });
  assert.equal(status, 200, JSON.stringify(body));
  const basic = `Basic ${Buffer.from(`typed:${encodeURIComponent(SECRET)}`).toString("base64")}`;
  const again = await form(`${stack.url}/oauth/token`, { grant_type: "refresh_token", refresh_token: body.refresh_token }, { authorization: basic });
  assert.equal(again.status, 200, JSON.stringify(again.body));
  const { page } = await open("typed", { redirect_uri: "https://evil.example/cb" });
  assert.match(page.text, /invalid_redirect_uri/);
  assert.deepEqual(await d1(stack, "SELECT id FROM oauth_clients WHERE id = 'typed'"), []);
});

test("11: OAUTH_CLIENTS that cannot be read", async () => {
  stack.vars.OAUTH_CLIENTS = JSON.stringify([{ ...OPERATORS[0], client_secret: SECRET }]);
  // The restart waits for a healthy worker, which this one never is: it ends when the worker is killed.
  const restarting = stack.restart();
  restarting.catch(() => {});
  const { status, body } = await poll("the worker says what is wrong", async () => {
    const response = await fetch(`${stack.url}/.well-known/oauth-authorization-server`);
    return { status: response.status, body: await response.json() };
  }, { within: 30_000 });
  assert.equal(status, 503);
  assertHttpError(body, "INTERNAL_ERROR", "not_configured");
  assert.match(body.error.message, /^OAUTH_CLIENTS cannot be used: /);
  assert.ok(!body.error.message.includes(SECRET), "and repeats no value");
  await stack.kill9();
  await restarting.catch(() => {});
});
