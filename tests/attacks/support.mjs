// What the attack suites share: raw requests as an attacker sends them, forged tokens, rows made older.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { Browser } from "../lib/browser.mjs";
import { d1 } from "../lib/explorer.mjs";
import { ALL_SCOPES, authorizeUrl, consent, pkce, REDIRECT, register, exchange as sendCode, refresh as sendRefresh } from "../lib/login.mjs";
import { modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";

/** The signing key of a stack's access tokens. */
export const jwtSecret = (stack) => stack.vars?.JWT_SECRET ?? JSON.parse(readFileSync(join(stack.stateDir, "run", "secrets.json"), "utf8")).JWT_SECRET;

/** The id under which the server knows a signing key. */
export const keyId = (secret) => createHash("sha256").update(`ttai:v1:jwt-key-id:${secret}`).digest("base64url").slice(0, 11);

const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
export const decoded = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A JWT over any header and claims, signed with the stack's own key unless `secret` or `digest` say otherwise. */
export function mint(stack, { header = {}, claims, secret = jwtSecret(stack), digest = "sha256" }) {
  const head = { alg: "HS256", typ: "at+jwt", kid: keyId(jwtSecret(stack)), ...header };
  for (const name of Object.keys(head)) if (head[name] === undefined) delete head[name];
  const signed = `${encoded(head)}.${encoded(claims)}`;
  return `${signed}.${createHmac(digest, secret).update(signed).digest("base64url")}`;
}

/** Lists the tools: `{status, headers, body}`. The cheapest request that needs a token. */
export function list(stack, token, { path = "/mcp", headers = {} } = {}) {
  const made = modern("tools/list");
  return post(`${stack.url}${path}`, made.message, { token, headers: { ...made.headers, ...headers } });
}

const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Exchanges a code; of what an app knows only what the request carries is sent. */
export const exchange = (stack, { clientId, code, verifier, redirect_uri, resource }) => sendCode(stack, { clientId, code, verifier, ...given({ redirect_uri, resource }) });

/** Refreshes; likewise. */
export const refresh = (stack, { clientId, refreshToken, scope, resource }) => sendRefresh(stack, { clientId, refreshToken, ...given({ scope, resource }) });

/** An app that is about to send the user to the consent page. `app` goes into the registration, `more` into the address. */
export async function begin(stack, more = {}, app = {}) {
  const { client_id: clientId, client_secret } = await register(stack, app);
  const { verifier, challenge } = pkce();
  const redirect = app.redirect_uris?.[0] ?? REDIRECT;
  const url = authorizeUrl(stack, { clientId, challenge, redirect_uri: redirect, ...more });
  return { clientId, client_secret, verifier, challenge, url, browser: new Browser() };
}

/** An app that holds a code which it has not exchanged yet. */
export async function withCode(stack, { user = "trader", scopes, app } = {}) {
  const made = await begin(stack, {}, app);
  const back = await consent(stack, made.browser, made.url, { user, scopes });
  const code = back.arrived?.searchParams.get("code");
  assert.ok(code, back.url?.href);
  return { ...made, code };
}

/** An app with a pair of tokens: what `withCode` gives, `token`, `refreshToken`, and the claims of the token. */
export async function connected(stack, options) {
  const made = await withCode(stack, options);
  const { status, body } = await exchange(stack, made);
  assert.equal(status, 200, JSON.stringify(body));
  return { ...made, token: body.access_token, refreshToken: body.refresh_token, claims: decoded(body.access_token) };
}

/** Opens an address as it stands, without following its answer: `{status, headers, text, location}`. */
export async function raw(url, init = {}) {
  const response = await fetch(url, { redirect: "manual", ...init });
  const text = await response.text();
  const location = response.headers.get("location");
  return { status: response.status, headers: response.headers, text, location: location === null ? null : new URL(location, url) };
}

/** One request through Node's own client, which lets any header and any path through: `{status, headers, text}`. */
export function wire(stack, path, { method = "GET", headers = {}, body } = {}) {
  const { port } = new URL(stack.url);
  return new Promise((done, fail) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { host: new URL(stack.url).host, ...headers } }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => done({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

/** Fails unless this is a page of ours with that code, and nothing that sends the browser on. */
export function assertPage({ status, headers, text, location }, code, what = "", expected = 400) {
  assert.equal(status, expected, `${what}: ${status} ${location?.href ?? text.slice(0, 300)}`);
  assert.equal(headers.get("location"), null, what);
  assert.match(headers.get("content-type"), /^text\/html/, what);
  assert.match(text, new RegExp(`<code>${code}</code>`), `${what}: ${text.replace(/\s+/g, " ").slice(-600)}`);
}

/** Fails unless the browser is sent to the app with that error, the state and the issuer. */
export function assertSentBack(stack, { status, location, text }, error, { redirect = REDIRECT, state = "state-1", what = "" } = {}) {
  assert.equal(status, 302, `${what}: ${status} ${text?.slice(0, 300)}`);
  assert.equal(`${location.origin}${location.pathname}`, redirect, what);
  assert.equal(location.searchParams.get("error"), error, `${what}: ${location.href}`);
  assert.equal(location.searchParams.get("state"), state, what);
  assert.equal(location.searchParams.get("iss"), stack.url, what);
  assert.equal(location.searchParams.get("code"), null, what);
}

/** Answers a consent page by hand: its hidden fields, `fields` on top, the cookies of `browser`. */
export async function decide(stack, page, fields, { browser = page.opener, cookie, path = "/oauth/authorize" } = {}) {
  const handle = page.root.querySelector('input[name="request"]').getAttribute("value");
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries({ request: handle, decision: "login", scope: ALL_SCOPES, ...fields })) {
    for (const one of [value].flat()) if (one !== undefined) body.append(name, one);
  }
  const sent = cookie ?? browser?.cookieHeader(stack.url);
  return raw(`${stack.url}${path}`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...(sent ? { cookie: sent } : {}) }, body: body.toString() });
}

/** Opens the consent page of an app in its browser. */
export async function opened(made) {
  const page = await made.browser.open(made.url);
  assert.equal(page.status, 200, page.text);
  return Object.assign(page, { opener: made.browser });
}

/** The upstream `state` that a redirect to TastyTrade carries. */
export const stateOf = (location) => new URL(location).searchParams.get("state");

/** Makes rows older by that many seconds. */
export const age = (stack, table, columns, seconds, where, params = []) =>
  d1(stack, `UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - ${seconds * 1000}`).join(", ")} WHERE ${where}`, params);

export const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

/** How many rows a table has, or those that match. */
export const count = async (stack, table, where = "1", params = []) => (await d1(stack, `SELECT count(*) AS n FROM ${table} WHERE ${where}`, params))[0].n;

/** Runs `work` over all items, at most `width` at a time, and gives the results in order. */
export async function bounded(items, width, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next;
      next += 1;
      results[at] = await work(items[at], at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

/** How many times each value occurs. */
export function tally(values) {
  const counts = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Waits until no job is under way, so that what TastyTrade is asked next is the test's own doing. */
export const quiet = (stack) => poll("no job is under way", async () => (await count(stack, "jobs", "status IN ('queued', 'running')")) === 0, { within: 30_000 });
