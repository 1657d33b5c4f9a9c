// Rate limits, on a stack with small ones. Windows are full minutes; each case begins in one that has time enough left.
//  1. /oauth/register: 20 per address, however many come at once; the next is 429 with Retry-After, in the OAuth form
//  2. another address is unaffected; addresses of one IPv6 /64 are one; the short paths count the same
//  3. /oauth/token and /oauth/revoke count together
//  4. /oauth/authorize and /login answer with a page; a form that was refused can be sent again later
//  5. Claude's servers share one bucket of ten times the size
//  6. tools: exactly as many calls as the limit, then a tool error with retry_after; other classes and users go on
//  7. lists and other requests: HTTP 429 with Retry-After; reads of resources: the protocol's error
//  8. calls of a batch and over HTTP+SSE count the same
//  9. the dashboard's form
// 10. the next window begins at zero; the cron removes the old ones, and no row names a user or an address
import assert from "node:assert/strict";
import { test } from "node:test";
import { d1, tick } from "../lib/explorer.mjs";
import { authorizeUrl, EXTERNAL_IDS, login, pkce, REDIRECT } from "../lib/login.mjs";
import { assertHttpError, client, legacy, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { open } from "../lib/sse.mjs";
import { useStack } from "../lib/stack.mjs";
import { nextWindow, roomyWindow } from "../lib/windows.mjs";

const LIMITS = { RATE_REGISTER: "20", RATE_AUTHORIZE: "8", RATE_TOKEN: "6", RATE_MARKET: "4", RATE_ANALYSIS: "3", RATE_SETTINGS: "3", RATE_OTHER: "12" };
const stack = await useStack({ vars: LIMITS });
const at = (path) => `${stack.url}${path}`;

await roomyWindow();
const trader = await login(stack);
const second = await login(stack, { user: "second" });
const delayed = await login(stack, { user: "delayed" });

const registered = (address, path = "/oauth/register") =>
  fetch(at(path), {
    method: "POST",
    headers: { "content-type": "application/json", "x-test-address": address },
    body: JSON.stringify({ client_name: `App ${Math.random()}`, redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }),
  });

const asked = (address, path = "/oauth/token") =>
  fetch(at(path), { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", "x-test-address": address }, body: "grant_type=none" });

/** Fails unless this is a 429 that says when to try again, in the OAuth form. */
async function assertRefused(response) {
  assert.equal(response.status, 429);
  assertRetryAfter(response.headers.get("retry-after"));
  assert.equal(response.headers.get("cache-control"), "no-store");
  const body = await response.json();
  assert.deepEqual(Object.keys(body).sort(), ["error", "error_description"]);
  assert.equal(body.error, "too_many_requests");
  assert.match(body.error_description, /Try again in \d+ seconds/);
}

function assertRetryAfter(seconds) {
  assert.match(String(seconds), /^\d+$/);
  assert.ok(Number(seconds) >= 1 && Number(seconds) <= 60, String(seconds));
}

const statuses = (responses) => responses.map(({ status }) => status);
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

test("1: registrations", async () => {
  await roomyWindow();
  const answers = await Promise.all(times(26, () => registered("198.51.100.1")));
  assert.equal(statuses(answers).filter((status) => status === 201).length, 20, String(statuses(answers)));
  const refused = answers.filter(({ status }) => status !== 201);
  assert.equal(refused.length, 6);
  for (const response of refused) await assertRefused(response);
  await assertRefused(await registered("198.51.100.1"));
});

test("2: other addresses, IPv6 and the short path", async () => {
  await roomyWindow();
  for (let count = 0; count < 20; count += 1) assert.equal((await registered("2001:db8:1:2::1", count % 2 ? "/register" : "/oauth/register/")).status, 201);
  await assertRefused(await registered("2001:db8:1:2:ffff::9", "/register"));
  assert.equal((await registered("2001:db8:1:3::1")).status, 201);
  assert.equal((await registered("198.51.100.2")).status, 201);
});

test("3: tokens and revocations", async () => {
  await roomyWindow();
  for (const path of ["/oauth/token", "/token", "/oauth/revoke", "/revoke", "/oauth/token", "/oauth/token"]) assert.notEqual((await asked("198.51.100.3", path)).status, 429, path);
  for (const path of ["/oauth/token", "/token", "/oauth/revoke", "/revoke"]) await assertRefused(await asked("198.51.100.3", path));
  assert.equal((await asked("198.51.100.4")).status, 400);
});

test("4: pages", async () => {
  await roomyWindow();
  const from = (address, path, init = {}) => fetch(path.startsWith("http") ? path : at(path), { redirect: "manual", ...init, headers: { ...init.headers, "x-test-address": address } });
  const { client_id: clientId } = await (await registered("198.51.100.5")).json();
  const shown = await from("198.51.100.6", authorizeUrl(stack, { clientId, challenge: pkce().challenge }));
  assert.equal(shown.status, 200);
  const html = await shown.text();
  const cookie = shown.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  const fields = [...html.matchAll(/name="(request|scope)"[^>]* value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  assert.ok(fields.length > 1, html);
  const decide = (address) => from(address, "/oauth/authorize", { method: "POST", headers: { cookie, "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams([...fields, ["decision", "login"]]).toString() });

  for (let count = 0; count < 7; count += 1) assert.equal((await from("198.51.100.6", "/login")).status, 200);
  for (const refused of [await decide("198.51.100.6"), await from("198.51.100.6", "/login"), await from("198.51.100.6", "/authorize")]) {
    assert.equal(refused.status, 429);
    assertRetryAfter(refused.headers.get("retry-after"));
    assert.equal(refused.headers.get("location"), null);
    assert.match(refused.headers.get("content-type"), /^text\/html/);
    assert.match(refused.headers.get("content-security-policy"), /default-src 'none'/);
    assert.match(await refused.text(), /Too many requests from this network within a minute\. Try again in \d+ seconds\./);
  }
  const sent = await decide("198.51.100.7");
  assert.equal(sent.status, 302, "the form that was refused is still good");
  assert.ok(sent.headers.get("location").startsWith(stack.simUrl), sent.headers.get("location"));
});

test("5: Claude's servers", async () => {
  await roomyWindow();
  const addresses = ["160.79.104.1", "160.79.106.77", "160.79.111.255"];
  const answers = await Promise.all(times(60, (index) => asked(addresses[index % 3])));
  assert.deepEqual([...new Set(statuses(answers))], [400]);
  for (const address of addresses) await assertRefused(await asked(address));
  for (const address of ["160.79.103.255", "160.79.112.0"]) assert.equal((await asked(address)).status, 400, address);
});

test("6: tools", async () => {
  await roomyWindow();
  const [mine, theirs] = [client(stack, trader.token), client(stack, second.token)];
  for (let count = 0; count < 4; count += 1) await mine.ok("get_quote", { symbol: "AAPL" });
  for (let count = 0; count < 3; count += 1) {
    const error = await mine.error("get_quote", { symbol: "AAPL" });
    assert.equal(error.code, "RATE_LIMIT");
    assert.equal(error.reason, "rate_limited");
    assert.equal(error.retryable, true);
    assertRetryAfter(error.details.retry_after);
    assert.match(error.message, /Try again in \d+ seconds/);
  }
  assert.equal((await mine.error("get_workflow_status", { workflow_id: "none" })).reason, "not_found", "another class goes on");
  await theirs.ok("get_quote", { symbol: "AAPL" });
  // A second connection of the same user has no count of its own.
  await poll("the count is written", async () => {
    const rows = await d1(stack, "SELECT count FROM rate_windows WHERE key LIKE 'market:%' ORDER BY count DESC");
    return rows[0]?.count === 4 && rows[1]?.count === 1;
  });
});

test("7: lists and other requests", async () => {
  await roomyWindow();
  const mine = client(stack, second.token);
  for (let count = 0; count < 12; count += 1) {
    const { status } = await (count % 2 ? mine.request("tools/list") : mine.request("resources/read", { uri: "knowledge://trading/risk" }));
    assert.equal(status, 200);
  }
  const list = await mine.request("tools/list");
  assert.equal(list.status, 429);
  assertHttpError(list.body, "RATE_LIMIT", "rate_limited");
  assertRetryAfter(list.headers.get("retry-after"));
  const read = await mine.request("resources/read", { uri: "knowledge://trading/risk" });
  assert.equal(read.body.error.data.error.reason, "rate_limited", JSON.stringify(read.body));
  await mine.ok("get_quote", { symbol: "SPY" });
  assert.equal((await client(stack, trader.token).request("tools/list")).status, 200);
});

test("8: batches and HTTP+SSE", async () => {
  await roomyWindow();
  const { token } = delayed;
  const call = () => legacy("tools/call", { name: "get_quote", arguments: { symbol: "AAPL" } }).message;
  const batch = times(3, call);
  const { status, body } = await post(at("/mcp"), batch, { token, headers: { "mcp-protocol-version": "2025-03-26" } });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.map(({ result }) => result.isError ?? false), [false, false, false]);

  const stream = await open(at("/sse"), { token });
  const endpoint = await stream.event("the endpoint", ({ type }) => type === "endpoint");
  const send = (message) => post(new URL(endpoint.data, stack.url).href, message, { token });
  const outcomes = [];
  for (let count = 0; count < 2; count += 1) {
    const message = call();
    assert.equal((await send(message)).status, 202);
    outcomes.push((await stream.event("the answer", ({ data }) => data?.id === message.id)).data.result);
  }
  stream.close();
  assert.deepEqual(outcomes.map(({ isError }) => isError ?? false), [false, true]);
  assert.equal(outcomes[1].structuredContent.error.reason, "rate_limited");
});

test("9: the dashboard's form", async () => {
  await roomyWindow();
  const page = await trader.browser.open(at("/dashboard"));
  const csrf = page.root.querySelector("input[name=csrf]").getAttribute("value");
  const sync = () => fetch(at("/dashboard/sync"), { method: "POST", redirect: "manual", headers: { cookie: trader.browser.cookieHeader(at("/dashboard")), accept: "application/json", "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ csrf }).toString() });
  for (let count = 0; count < 3; count += 1) assert.equal((await sync()).status, 202);
  const refused = await sync();
  assert.equal(refused.status, 429);
  assertRetryAfter(refused.headers.get("retry-after"));
  assertHttpError(await refused.json(), "RATE_LIMIT", "rate_limited");
});

test("10: the next window, and what is left of the old ones", async () => {
  await nextWindow();
  for (let count = 0; count < 4; count += 1) await client(stack, trader.token).ok("get_quote", { symbol: "AAPL" });
  assert.equal((await client(stack, trader.token).error("get_quote", { symbol: "AAPL" })).reason, "rate_limited");
  assert.equal((await registered("198.51.100.1")).status, 201);

  const rows = await d1(stack, "SELECT * FROM rate_windows");
  assert.ok(rows.length > 5, JSON.stringify(rows));
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(`198\\.51|2001:db8|127\\.0\\.0\\.1|${EXTERNAL_IDS.trader}`));
  await d1(stack, "UPDATE rate_windows SET window = window - 60");
  await tick(stack);
  assert.deepEqual(await d1(stack, "SELECT * FROM rate_windows WHERE window < unixepoch() / 60 - 10"), []);
});
