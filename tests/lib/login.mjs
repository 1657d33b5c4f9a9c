// Logging in as an MCP client does: discovery, registration, PKCE, the consent page, TastyTrade's pages, the code.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Browser } from "./browser.mjs";

export const PASSWORD = "simulator";
export const ONE_TIME_CODE = "123456";
export const REDIRECT = "http://127.0.0.1:33418/callback";
export const ALL_SCOPES = ["market:read", "account:read", "analysis:run", "alerts:write", "settings:write"];

/** The users' ids at TastyTrade, by the names they log in with. */
export const EXTERNAL_IDS = { trader: "U0001111111", second: "U0002222222", delayed: "U0004444444" };

export function pkce() {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** Posts a form and gives `{status, headers, body}`. */
export async function form(url, fields, headers = {}) {
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers }, body: new URLSearchParams(fields).toString(), redirect: "manual" });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
}

/** Registers an app without a secret. Each has a name of its own, since equal registrations get the same id. */
export async function register(stack, more = {}, path = "/oauth/register") {
  const response = await fetch(`${stack.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: `Test ${randomBytes(4).toString("hex")}`, redirect_uris: [REDIRECT], token_endpoint_auth_method: "none", ...more }),
  });
  const body = await response.json();
  assert.equal(response.status, 201, JSON.stringify(body));
  return body;
}

/** The address that an app opens in the browser. */
export function authorizeUrl(stack, { clientId, challenge, state = "state-1", scope, resource = `${stack.url}/mcp`, path = "/oauth/authorize", ...more }) {
  const url = new URL(`${stack.url}${path}`);
  const all = { response_type: "code", client_id: clientId, redirect_uri: REDIRECT, code_challenge: challenge, code_challenge_method: "S256", state, scope, resource, ...more };
  for (const [name, value] of Object.entries(all)) if (value !== undefined && value !== null) url.searchParams.set(name, value);
  return url.href;
}

/** The pages of TastyTrade, from its login page to the return. `answers` are what the person types. */
export async function atTastyTrade(browser, page, user, { password = PASSWORD, code = ONE_TIME_CODE, decision = "allow", until } = {}) {
  page = await browser.submit(page, { username: user, password });
  page = await browser.submit(page, { code });
  return browser.submit(page, {}, { press: `decision=${decision}`, until });
}

/**
 * The consent page and what follows, up to the address at which the app is answered. `scopes` are the boxes left ticked;
 * `grant` is the pasted grant of the second way in.
 */
export async function consent(stack, browser, url, { user = "trader", scopes, grant } = {}) {
  const page = await browser.open(url, { until: REDIRECT });
  assert.equal(page.status, 200, page.text);
  const ticked = scopes ? { scope: scopes } : {};
  if (grant) return browser.submit(page, { ...ticked, client_secret: grant.client_secret, refresh_token: grant.refresh_token }, { press: "decision=grant", until: REDIRECT });
  const login = await browser.submit(page, ticked, { press: "decision=login", until: REDIRECT });
  return atTastyTrade(browser, login, user, { until: REDIRECT });
}

/** Exchanges a code: `{status, headers, body}`. */
export function exchange(stack, { clientId, code, verifier, path = "/oauth/token", ...more }) {
  return form(`${stack.url}${path}`, { grant_type: "authorization_code", code, code_verifier: verifier, client_id: clientId, redirect_uri: REDIRECT, resource: `${stack.url}/mcp`, ...more });
}

export function refresh(stack, { clientId, refreshToken, ...more }) {
  return form(`${stack.url}/oauth/token`, { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId, ...more });
}

/** The whole way: `{token, refreshToken, clientId, browser, tokens}`. */
export async function login(stack, { user = "trader", scope, scopes, grant, browser = new Browser() } = {}) {
  const { client_id: clientId } = await register(stack);
  const { verifier, challenge } = pkce();
  const back = await consent(stack, browser, authorizeUrl(stack, { clientId, challenge, scope }), { user, scopes, grant });
  assert.ok(back.arrived, `the login of ${user} ended on ${back.url} (${back.status}): ${back.text}`);
  const code = back.arrived.searchParams.get("code");
  assert.ok(code, back.url);
  const { status, body } = await exchange(stack, { clientId, code, verifier });
  assert.equal(status, 200, JSON.stringify(body));
  return { token: body.access_token, refreshToken: body.refresh_token, clientId, browser, tokens: body };
}
