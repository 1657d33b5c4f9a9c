// Walks the whole login like a client with a browser: registration, authorization, consent, TastyTrade's pages, callback,
// token. It knows pages only by their forms, so that a page may change without a change here.
import { createHash, randomBytes } from "node:crypto";
import { parse } from "node-html-parser";

const MAX_HOPS = 30;

/** A small browser: cookies per host, redirects followed by hand, so that every address on the way can be looked at. */
export class Browser {
  #cookies = new Map();
  /** Every address that was asked for, with the status of its answer. */
  trail = [];

  /** The cookies that this address would be sent. */
  cookies(url) {
    return Object.fromEntries(this.#cookies.get(new URL(url).hostname) ?? []);
  }

  #keep(url, response) {
    const host = new URL(url).hostname;
    const jar = this.#cookies.get(host) ?? new Map();
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const gone = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute));
      if (gone || value === "") jar.delete(name);
      else jar.set(name, value);
    }
    this.#cookies.set(host, jar);
  }

  /** One request, without following its answer. */
  async request(url, init = {}) {
    const jar = this.#cookies.get(new URL(url).hostname) ?? new Map();
    const headers = new Headers(init.headers);
    if (jar.size) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    if (!headers.has("accept")) headers.set("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    this.#keep(url, response);
    this.trail.push({ url: String(url), status: response.status });
    return response;
  }

  /** Opens an address and follows redirects up to a page, or up to an address that `stop` recognises. */
  async open(url, init = {}, stop = () => false) {
    let target = new URL(url);
    let request = init;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      if (stop(target)) return { stopped: target };
      const response = await this.request(target, request);
      const location = response.headers.get("location");
      if (response.status >= 300 && response.status < 400 && location) {
        await response.body?.cancel();
        target = new URL(location, target);
        if (response.status !== 307 && response.status !== 308) request = {};
        continue;
      }
      return { page: new Page(this, target, response, await response.text()) };
    }
    throw new Error(`more than ${MAX_HOPS} redirects, the last to ${target}`);
  }
}

/** A page that was read: its text, and its forms. */
export class Page {
  constructor(browser, url, response, html) {
    Object.assign(this, { browser, url, status: response.status, headers: response.headers, html, root: parse(html) });
  }

  get text() {
    return this.root.textContent.replace(/\s+/g, " ").trim();
  }

  get title() {
    return this.root.querySelector("title")?.textContent.trim() ?? "";
  }

  /** The words of the first problem that the page shows, or nothing. */
  get problem() {
    return this.root.querySelector('[role="alert"], .problem, .error')?.textContent.replace(/\s+/g, " ").trim() ?? "";
  }

  /** The first form that has all these fields or buttons. */
  form(...names) {
    return this.root.querySelectorAll("form").find((form) => names.every((name) => form.querySelectorAll("input,button,textarea,select").some((field) => field.getAttribute("name") === name)));
  }

  /**
   * Sends a form as it stands, with these values in their fields or buttons. A list ticks the check boxes of that name
   * whose values it holds; a name that the form does not have is an error.
   */
  submit(form, values, stop) {
    const data = new URLSearchParams();
    const fields = form.querySelectorAll("input,button,textarea,select");
    const seen = new Set();
    for (const field of fields) {
      const name = field.getAttribute("name");
      if (!name || field.hasAttribute("disabled")) continue;
      const kind = field.rawTagName.toLowerCase() === "button" ? "submit" : (field.getAttribute("type") ?? "text").toLowerCase();
      const own = field.getAttribute("value") ?? (kind === "checkbox" ? "on" : "");
      const given = values[name];
      if (given !== undefined) seen.add(name);
      if (kind === "submit" || kind === "image") {
        if (given === own) data.append(name, own);
      } else if (kind === "checkbox" || kind === "radio") {
        const ticked = given === undefined ? field.hasAttribute("checked") : [given].flat().includes(own);
        if (ticked) data.append(name, own);
      } else {
        data.append(name, given ?? (field.rawTagName.toLowerCase() === "textarea" ? field.textContent : own));
      }
    }
    const missing = Object.keys(values).filter((name) => !seen.has(name));
    if (missing.length) throw new Error(`the form on ${this.url.pathname} has no ${missing.join(", ")}`);
    const action = new URL(form.getAttribute("action") || this.url, this.url);
    if ((form.getAttribute("method") ?? "get").toLowerCase() === "get") {
      action.search = data;
      return this.browser.open(action, {}, stop);
    }
    const headers = { "content-type": "application/x-www-form-urlencoded", origin: this.url.origin, referer: this.url.href };
    return this.browser.open(action, { method: "POST", headers, body: data.toString() }, stop);
  }
}

async function json(response, what) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Error(`${what}: ${response.status} and no JSON: ${text.slice(0, 200)}`);
  }
  if (!response.ok) throw new Error(`${what}: ${response.status} ${body.error?.message ?? body.error_description ?? body.error ?? text.slice(0, 200)}`);
  return body;
}

/** The documents by which a client that knows only the MCP address finds everything else. */
export async function discover(mcpUrl) {
  const challenge = await fetch(mcpUrl, { method: "POST", headers: { "content-type": "application/json", accept: "application/json, text/event-stream" }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
  await challenge.body?.cancel();
  const header = challenge.headers.get("www-authenticate") ?? "";
  const address = /resource_metadata="([^"]+)"/.exec(header)?.[1];
  if (challenge.status !== 401 || !address) throw new Error(`${mcpUrl} answered ${challenge.status} without naming its protected-resource document`);
  const resource = await json(await fetch(address), "the protected-resource document");
  const issuer = new URL(resource.authorization_servers[0]);
  const path = issuer.pathname === "/" ? "" : issuer.pathname;
  const server = await json(await fetch(new URL(`/.well-known/oauth-authorization-server${path}`, issuer)), "the authorization server's document");
  return { challenge: header, resource, server };
}

/** Registers a client at the authorization server. */
export async function register(server, { redirectUri, name = "TTAI scripts" }) {
  const body = { client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] };
  return json(await fetch(server.registration_endpoint, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }), "registration");
}

/** Logs in at the simulator's pages, wherever they are in the middle of: user and password, code, permission. */
async function simulatorPages(page, { user, password, code, decision = "allow", stop }) {
  let current = page;
  for (let turn = 0; turn < 6; turn++) {
    let form = current.form("username", "password");
    let values = { username: user, password };
    if (!form && (form = current.form("code"))) values = { code };
    if (!form && (form = current.form("decision"))) values = { decision };
    if (!form) throw new Error(`${current.url.pathname} (${current.status}) has no form that is known: ${current.text.slice(0, 200)}`);
    if (current.problem && turn > 0) throw new Error(current.problem);
    const next = await current.submit(form, values, stop);
    if (next.stopped) return next.stopped;
    current = next.page;
    if (current.form("username") === undefined && current.form("code") === undefined && current.form("decision") === undefined) {
      throw new Error(`${current.url.pathname} answered ${current.status}: ${current.problem || current.text.slice(0, 200)}`);
    }
  }
  throw new Error(`the login does not end: ${current.text.slice(0, 200)}`);
}

/** The address that the client's redirect carried back, with its parameters checked. */
function received(target, state, issuer) {
  const parameters = target.searchParams;
  if (parameters.get("error")) throw Object.assign(new Error(parameters.get("error_description") || parameters.get("error")), { code: parameters.get("error") });
  if (parameters.get("state") !== state) throw new Error("the state that came back is another one");
  if (parameters.get("iss") !== null && parameters.get("iss") !== issuer) throw new Error(`the issuer that came back is ${parameters.get("iss")}`);
  return parameters.get("code");
}

/**
 * The whole login. Options:
 * - `url`: where the stack is;
 * - `user`, `password`, `code`: the test user;
 * - `via`: `login` (TastyTrade's pages) or `grant` (client secret and refresh token pasted into the consent page);
 * - `grant`: `{client_secret, refresh_token}` for that; asked from the simulator at `simUrl` where it is not given;
 * - `scopes`: what to ask for (default: everything offered); `ticked`: what is left ticked on the consent page;
 * - `decision`: what is pressed on TastyTrade's last page; `consent`: what is pressed on the consent page;
 * - `clientId`: an existing client instead of a new one; `redirectUri`; `resource`; `browser`.
 *
 * Gives `{access_token, refresh_token, expires_in, scope, client_id, server, resource, browser, cookies, redirectUri}`.
 */
export async function login({ url, user = "trader", password = "simulator", code = "123456", via = "login", grant, simUrl, scopes, ticked, consent, decision, clientId, redirectUri = "http://127.0.0.1:33418/callback", resource, browser = new Browser() }) {
  const found = await discover(`${url}/mcp`);
  const { server } = found;
  const client = clientId ?? (await register(server, { redirectUri })).client_id;
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const audience = resource ?? found.resource.resource;
  const request = new URL(server.authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: client,
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    scope: (scopes ?? found.resource.scopes_supported ?? []).join(" "),
    resource: audience,
  };
  for (const [name, value] of Object.entries(parameters)) if (value) request.searchParams.set(name, value);

  const back = await authorize(request, { redirectUri, user, password, code, via, grant, simUrl, ticked, consent, decision, browser });
  const authorizationCode = received(back, state, server.issuer);
  const body = new URLSearchParams({ grant_type: "authorization_code", code: authorizationCode, redirect_uri: redirectUri, client_id: client, code_verifier: verifier, resource: audience });
  const tokens = await json(await fetch(server.token_endpoint, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: body.toString() }), "the token endpoint");
  return { ...tokens, client_id: client, server, resource: audience, redirectUri, browser, cookies: browser.cookies(url) };
}

/**
 * The browser's part of the login: from the address that a client opens to the address at which it is answered, which is
 * given and not opened. Options as those of `login`.
 */
export async function authorize(request, { redirectUri, user = "trader", password = "simulator", code = "123456", via = "login", grant, simUrl, ticked, consent, decision, browser = new Browser() }) {
  const stop = (target) => target.href.startsWith(`${redirectUri}?`);
  const opened = await browser.open(request, {}, stop);
  if (opened.stopped) return opened.stopped;
  const { page } = opened;
  const form = page.form("decision");
  if (!form) throw new Error(`${page.url.pathname} answered ${page.status} without a consent form: ${page.text.slice(0, 200)}`);
  const values = { decision: consent ?? via, ...(ticked ? { scope: ticked } : {}) };
  if (via === "grant") Object.assign(values, grant ?? (await simulatedGrant(simUrl, user)));
  // Each way in may be a form of its own: take the one that has what is to be sent.
  const target = page.root.querySelectorAll("form").find((candidate) => fits(candidate, values)) ?? form;
  const next = await page.submit(target, values, stop);
  const back = next.stopped ?? (via === "login" && !consent ? await simulatorPages(next.page, { user, password, code, decision, stop }) : null);
  if (!back) throw new Error(`${next.page.url.pathname} answered ${next.page.status}: ${next.page.problem || next.page.text.slice(0, 200)}`);
  return back;
}

/** Whether a form has a button with this decision and every other field that is to be sent. */
function fits(form, { decision, ...fields }) {
  const all = form.querySelectorAll("input,button,textarea");
  const button = all.some((field) => field.getAttribute("name") === "decision" && field.getAttribute("value") === decision);
  return button && Object.keys(fields).every((name) => all.some((field) => field.getAttribute("name") === name));
}

/** A grant of the simulator's test user, as its Create Grant page would make it. */
export async function simulatedGrant(simUrl, user = "trader") {
  const response = await fetch(`${simUrl}/sim/grant`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ user }) });
  const { client_secret, refresh_token } = await json(response, "the simulator's grant");
  return { client_secret, refresh_token };
}

/** New tokens for a refresh token. */
export async function refresh({ server, client_id, refresh_token, resource }) {
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token, client_id, ...(resource ? { resource } : {}) });
  return json(await fetch(server.token_endpoint, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: body.toString() }), "the token endpoint");
}
