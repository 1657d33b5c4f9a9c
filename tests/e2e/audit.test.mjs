// The audit, the page that shows it, request ids and logs. Cases:
//  1. a row per tool call over every transport: both eras, a batch, a session, HTTP+SSE, an API key; with app, outcome and
//     request id
//  2. calls that fail are written down with their word, and so are calls without the permission
//  3. a row per change of identity: login, denial, grant, refresh, revocation, and what looks like a theft
//  4. no row holds a token, an argument, an account number or an address
//  5. the page: one's own rows in plain words, newest first, page by page
//  6. the files: one's own rows, safe in a spreadsheet
//  7. without a session there is neither
//  8. every answer has a request id, which is the platform's where it is one; errors too
//  9. the access line: route, status, duration, ids, and nothing of what was sent
// 10. the cron removes rows that are older than 400 days
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { d1, tick } from "../lib/explorer.mjs";
import { authorizeUrl, consent, exchange, EXTERNAL_IDS, form, login, pkce, refresh, register } from "../lib/login.mjs";
import { client, legacy, modern, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { makeKey } from "../lib/settings-pages.mjs";
import { open } from "../lib/sse.mjs";
import { useStack } from "../lib/stack.mjs";

// A stack of its own: its log is read whole.
const stack = await useStack({});
const at = (path) => `${stack.url}${path}`;
const ME = EXTERNAL_IDS.trader;
const me = await login(stack);
const other = await login(stack, { user: "second" });
const narrow = await login(stack, { scopes: ["account:read"] });
const key = await makeKey(stack, me.browser);

/** Rows of a user, oldest first. */
const rows = (user = ME) => d1(stack, "SELECT * FROM audit WHERE user_id = ?1 ORDER BY at, rowid", [user]);
/** The rows of one request, once it has one. */
const rowsOf = (requestId, count = 1) =>
  poll(`${count} rows of ${requestId}`, async () => {
    const found = await d1(stack, "SELECT * FROM audit WHERE request_id = ?1", [requestId]);
    return found.length >= count && found;
  });
const idOf = ({ headers }) => headers.get("x-request-id");
/** The newest row of an action, once there are so many of it. */
const newest = (action, user = ME, count = 1) =>
  poll(`${count} rows of ${action}`, async () => {
    const found = (await rows(user)).filter((row) => row.action === action);
    return found.length >= count && found.at(-1);
  });

test("1: a row per tool call over every transport", async () => {
  const quote = { name: "get_quote", arguments: { symbols: ["AAPL", "SPY"] } };
  const assertRow = (row, more = {}) => {
    const { user_id: user, action, outcome, client_id: app, details } = row;
    assert.deepEqual({ user, action, outcome, app, details }, { user: ME, action: "tool:get_quote", outcome: "ok", app: me.clientId, details: '{"symbols":2}', ...more });
  };
  for (const era of ["modern", "legacy"]) {
    for (const path of ["/mcp", "/"]) {
      const answer = await client(stack, me.token, { era, path }).request("tools/call", quote);
      assert.equal(answer.status, 200);
      assertRow((await rowsOf(idOf(answer)))[0]);
    }
  }
  const withKey = await client(stack, key.key).request("tools/call", quote);
  assertRow((await rowsOf(idOf(withKey)))[0], { app: `api_key:${key.id}` });

  const batch = [legacy("tools/call", quote).message, legacy("tools/list").message, legacy("tools/call", quote).message];
  const answer = await post(at("/mcp"), batch, { token: me.token, headers: { "mcp-protocol-version": "2025-03-26" } });
  assert.equal(answer.body.length, 3, JSON.stringify(answer.body));
  const both = await rowsOf(idOf(answer), 2);
  assert.equal(both.length, 2);
  both.forEach((row) => assertRow(row));

  const initialize = legacy("initialize", { protocolVersion: "2025-11-25", capabilities: { elicitation: {} }, clientInfo: { name: "t", version: "1" } });
  const session = (await post(at("/mcp"), initialize.message, { token: me.token })).headers.get("mcp-session-id");
  assert.ok(session);
  const call = legacy("tools/call", quote);
  const inSession = await post(at("/mcp"), call.message, { token: me.token, headers: { ...call.headers, "mcp-session-id": session } });
  assertRow((await rowsOf(idOf(inSession)))[0]);

  const stream = await open(at("/sse"), { token: me.token });
  const endpoint = await stream.event("the endpoint", ({ type }) => type === "endpoint");
  const { message } = legacy("tools/call", quote);
  const sent = await post(new URL(endpoint.data, stack.url).href, message, { token: me.token });
  assert.equal(sent.status, 202);
  await stream.event("the answer", ({ data }) => data?.id === message.id);
  assertRow((await rowsOf(idOf(sent)))[0]);
  stream.close();
});

test("2: calls that fail", async () => {
  const mine = client(stack, me.token);
  for (const [name, args, outcome, details] of [
    ["get_workflow_status", { workflow_id: "secret-argument" }, "not_found", "{}"],
    ["get_quote", { symbols: ["secret argument!"] }, "invalid_arguments", '{"symbols":1}'],
  ]) {
    const answer = await mine.request("tools/call", { name, arguments: args });
    assert.equal(answer.body.result.isError, true);
    const [row] = await rowsOf(idOf(answer));
    assert.deepEqual([row.action, row.outcome, row.details], [`tool:${name}`, outcome, details]);
  }
  const refused = await client(stack, narrow.token).request("tools/call", { name: "get_quote", arguments: { symbol: "AAPL" } });
  assert.equal(refused.status, 403);
  const [row] = await rowsOf(idOf(refused));
  assert.deepEqual([row.action, row.outcome, row.client_id], ["tool:get_quote", "insufficient_scope", narrow.clientId]);
});

test("3: changes of identity", async () => {
  const { client_id: clientId } = await register(stack);
  const { verifier, challenge } = pkce();
  const browser = new Browser();
  const back = await consent(stack, browser, authorizeUrl(stack, { clientId, challenge }));
  const code = back.arrived.searchParams.get("code");
  const of = async (action) => {
    const found = await poll(action, async () => (await rows()).filter((row) => row.action === action && row.client_id === clientId).at(-1));
    return [found.outcome, found.details];
  };
  assert.deepEqual(await of("login"), ["ok", "{}"]);
  const { body: tokens } = await exchange(stack, { clientId, code, verifier });
  assert.deepEqual(await of("grant_issued"), ["ok", "{}"]);
  const { body: fresh } = await refresh(stack, { clientId, refreshToken: tokens.refresh_token });
  assert.deepEqual(await of("token_refreshed"), ["ok", "{}"]);

  await d1(stack, "UPDATE refresh_tokens SET used_at = used_at - 600000 WHERE used_at IS NOT NULL");
  assert.equal((await refresh(stack, { clientId, refreshToken: tokens.refresh_token })).status, 400);
  assert.deepEqual(await of("refresh_reused"), ["ok", "{}"]);
  assert.equal((await refresh(stack, { clientId, refreshToken: fresh.refresh_token })).status, 400);
  assert.equal((await exchange(stack, { clientId, code, verifier })).status, 400);
  assert.deepEqual(await of("code_replayed"), ["ok", "{}"]);

  // A connection that its app ends, twice: the second time there is nothing to end.
  const ended = await login(stack);
  for (let count = 0; count < 2; count += 1) assert.equal((await form(at("/oauth/revoke"), { token: ended.refreshToken, client_id: ended.clientId })).status, 200);
  const revoked = await poll("a revocation", async () => {
    const found = (await rows()).filter((row) => row.action === "grant_revoked" && row.client_id === ended.clientId);
    return found.length > 0 && found;
  });
  assert.deepEqual(revoked.map(({ details }) => details), ['{"reason":"revoked_by_client"}']);

  // A denial is its user's where the browser is logged in, and nobody's else.
  for (const [denier, user] of [[browser, ME], [new Browser(), null]]) {
    const { client_id: denied } = await register(stack);
    const page = await denier.open(authorizeUrl(stack, { clientId: denied, challenge }));
    await denier.submit(page, {}, { press: "decision=deny", until: "http://127.0.0.1" });
    const [row] = await poll("a denial", async () => {
      const found = await d1(stack, "SELECT * FROM audit WHERE action = 'consent_denied' AND client_id = ?1", [denied]);
      return found.length > 0 && found;
    });
    assert.equal(row.user_id, user);
  }
  await newest("api_key_created");
});

test("4: nothing that must not be there", async () => {
  const all = JSON.stringify(await d1(stack, "SELECT * FROM audit"));
  assert.doesNotMatch(all, /secret.argument|AAPL|SPY|ttai_rt_|ttai_ac_|ttai_ak_|eyJ|5WX|127\.0\.0\.1|::1/i);
  for (const secret of [me.token, me.refreshToken, other.token, key.key]) assert.ok(!all.includes(secret));
});

const table = (root) => root.querySelectorAll("tbody tr").map((row) => row.querySelectorAll("td").map((cell) => cell.textContent.trim()));

test("5: the page", async () => {
  await client(stack, other.token).ok("get_quote", { symbols: ["AAPL", "SPY", "QQQ"] });
  await newest("tool:get_quote", EXTERNAL_IDS.second);
  const page = await other.browser.open(at("/settings/activity"));
  assert.equal(page.status, 200, page.text);
  const shown = table(page.root);
  const theirs = await rows(EXTERNAL_IDS.second);
  assert.equal(shown.length, theirs.length);
  assert.deepEqual(shown[0].slice(2), ["asked for quotes of 3 symbols", "Done"]);
  assert.match(shown[0][0], /^\d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC$/);
  assert.match(shown[0][1], /^Test [0-9a-f]{8}$/);
  assert.deepEqual(shown.slice(1).map(([, , what]) => what), ["was connected", "was used to log you in"]);
  assert.equal(page.root.querySelector('a[href^="/settings/activity?before="]'), null);
  assert.ok(page.root.querySelector('nav a[href="/settings/activity"][aria-current="page"]'));

  // Enough rows for three pages, several within one millisecond.
  const now = Date.now();
  await d1(stack, `INSERT INTO audit (user_id, at, id, action, client_id, outcome, request_id, details)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 119)
    SELECT '${EXTERNAL_IDS.second}', ${now} - 10000000 - i / 7, 'made-' || i, 'login', NULL, 'ok', 'made-' || i, '{}' FROM n`);
  const seen = [];
  for (let next = "/settings/activity"; next; ) {
    const { root, status } = await other.browser.open(at(next));
    assert.equal(status, 200);
    seen.push(...table(root));
    assert.ok(root.querySelectorAll("tbody tr").length <= 50);
    next = root.querySelectorAll("a").find((link) => link.textContent === "Older")?.getAttribute("href");
  }
  assert.equal(seen.length, theirs.length + 120);
  assert.equal(seen.filter(([, app, what]) => app === "Browser" && what === "was used to log you in").length, 120);
  const bad = await other.browser.open(at("/settings/activity?before=1'--"));
  assert.equal(bad.status, 400);
});

test("6: the files", async () => {
  await d1(stack, "UPDATE oauth_clients SET name = '=HYPERLINK(1)' WHERE id = ?1", [other.clientId]);
  const csv = await other.browser.fetch(at("/settings/activity.csv"));
  assert.equal(csv.status, 200);
  assert.match(csv.headers.get("content-type"), /^text\/csv/);
  assert.match(csv.headers.get("content-disposition"), /^attachment; filename="ttai-activity-\d{4}-\d\d-\d\d\.csv"$/);
  assert.equal(csv.headers.get("cache-control"), "no-store");
  const lines = (await csv.text()).split("\r\n");
  assert.equal(lines[0], "at,app,client_id,action,what,outcome,request_id,details");
  assert.equal(lines.length, (await rows(EXTERNAL_IDS.second)).length + 2);
  assert.ok(lines[1].includes(`,"'=HYPERLINK(1)","${other.clientId}","tool:get_quote","asked for quotes of 3 symbols","ok",`), lines[1]);
  assert.doesNotMatch(lines.join("\n"), /"[=+@-]/);

  const json = await other.browser.fetch(at("/settings/activity.json"));
  assert.match(json.headers.get("content-disposition"), /\.json"$/);
  const listed = await json.json();
  assert.deepEqual(listed.map(({ request_id: id }) => id).sort(), (await rows(EXTERNAL_IDS.second)).map(({ request_id: id }) => id).sort());
  assert.deepEqual(listed[0].details, { symbols: 3 });
  const mine = (await rows(ME)).map(({ request_id: id }) => id);
  assert.ok(!listed.some(({ request_id: id }) => mine.includes(id)));
});

test("7: without a session", async () => {
  for (const path of ["/settings/activity", "/settings/activity.csv", "/settings/activity.json"]) {
    const response = await new Browser().fetch(at(path));
    assert.equal(response.status, 303, path);
    assert.equal(response.headers.get("location"), `/login?return_to=${path}`);
  }
});

/** One request by hand, which may have headers and methods that fetch forbids. */
const raw = (path, { method = "GET", headers = {}, body = "" } = {}) =>
  new Promise((done, fail) => {
    const { hostname, port } = new URL(stack.url);
    const sent = plainRequest({ hostname, port, path, method, headers: { host: `${hostname}:${port}`, ...headers } }, (response) => {
      response.resume();
      response.on("end", () => done({ status: response.statusCode, id: response.headers["x-request-id"] }));
    });
    sent.on("error", fail);
    sent.end(body);
  });

test("8: request ids", async () => {
  const seen = new Set();
  for (const [path, init, status] of [
    ["/", { headers: { accept: "text/html" } }, 200],
    ["/health", {}, 200],
    ["/nowhere", {}, 404],
    ["/mcp", {}, 405],
    ["/mcp", { method: "POST" }, 401],
    ["/mcp", { method: "HEAD" }, 200],
    ["/mcp", { method: "OPTIONS", headers: { origin: "https://claude.ai" } }, 204],
    ["/mcp", { method: "POST", headers: { origin: "https://evil.example" } }, 403],
    ["/mcp", { method: "POST", body: "x".repeat(1024 * 1024 + 1) }, 413],
    ["/oauth/token", { method: "POST" }, 400],
    ["/oauth/authorize", {}, 400],
    ["/debug/panic", {}, 500],
    ["/ws", {}, 426],
    ["/ws", { headers: { upgrade: "websocket", connection: "upgrade", origin: "https://evil.example", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" } }, 403],
    ["/assets/style.css", {}, 200],
  ]) {
    const answer = await raw(path, init);
    assert.equal(answer.status, status, path);
    assert.match(answer.id ?? "", /^[A-Za-z0-9_-]{8,40}$/, `${init.method ?? "GET"} ${path}`);
    seen.add(answer.id);
  }
  assert.equal(seen.size, 15);
  assert.equal((await raw("/health", { headers: { "cf-ray": "8f1b2c3d4e5f6a7b-FRA" } })).id, "8f1b2c3d4e5f6a7b-FRA");
  for (const bad of ["x", "has a blank in it", "ttai_rt_underscored", "a".repeat(41)]) assert.notEqual((await raw("/health", { headers: { "cf-ray": bad } })).id, bad);
  const { headers } = await post(at("/mcp"), modern("tools/list").message, { headers: { origin: "https://claude.ai" } });
  assert.match(headers.get("access-control-expose-headers"), /x-request-id/i);
});

/** The lines of both workers. */
const lines = () => readFileSync(stack.logFiles.workers, "utf8").split("\n").filter((line) => line.includes('"level"')).map((line) => JSON.parse(line.slice(line.indexOf("{"), line.lastIndexOf("}") + 1)));

test("9: logs", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const secrets = { query: "ttai_rt_query-secret-1", header: "header-secret-2", path: "pathsecretthree", word: "PATH-SECRET-4", cookie: "cookie-secret-5", body: "body-secret-6", method: "METHODSECRET", ray: "ray secret 7", parent: "parent-secret-8" };
  const headers = { authorization: `Bearer ${secrets.header}`, cookie: `__Host-ttai_session=${secrets.cookie}`, "cf-ray": secrets.ray, traceparent: secrets.parent, "user-agent": secrets.header, "x-test-address": "198.51.100.77", "cf-connecting-ip": "198.51.100.78", "x-forwarded-for": "198.51.100.79" };
  for (const path of ["/mcp", "/oauth/token", "/oauth/register", "/oauth/revoke", "/login", "/settings/keys", "/dashboard/sync", "/messages"]) {
    await raw(`${path}?token=${secrets.query}&code=${secrets.query}`, { method: "POST", headers: { ...headers, "content-type": "application/x-www-form-urlencoded" }, body: `token=${secrets.body}&client_secret=${secrets.body}` });
  }
  for (const path of [`/${secrets.path}`, `/settings/${secrets.word}`, `/exports/${secrets.word}/${secrets.path}`, `/oauth/callback?code=${secrets.query}&state=${secrets.query}`, "/sse", "/ws", "/dashboard"]) await raw(path, { headers });
  await raw("/health", { method: secrets.method, headers }).catch(() => {});
  const last = await raw("/health", { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } });
  const quote = await client(stack, me.token).request("tools/call", { name: "get_quote", arguments: { symbol: "QQQ" } });
  const fetched = await client(stack, me.token).request("tools/call", { name: "get_workflow_status", arguments: { workflow_id: "none" } });

  const line = await poll("the access line", () => lines().find(({ request_id: id, message }) => id === last.id && message === "request"));
  assert.deepEqual({ ...line, duration_ms: null }, { level: "info", message: "request", request_id: last.id, trace_id: trace, method: "GET", route: "/health", status: "200", duration_ms: null });
  assert.match(line.duration_ms, /^\d+$/);
  const both = await poll("both workers' lines", () => {
    const found = lines().filter(({ request_id: id }) => id === idOf(fetched));
    return found.length === 2 && found;
  });
  assert.deepEqual(both.map(({ message, call, route, outcome }) => [message, call ?? route, outcome]).sort(), [["call", "get_workflow_status", "not_found"], ["request", "/mcp", undefined]]);
  assert.ok(lines().some(({ request_id: id, message }) => id === idOf(quote) && message === "request"));
  assert.ok(lines().some(({ route }) => route === "none"), "what is not there has no name");

  const log = readFileSync(stack.logFiles.workers, "utf8").split("\n").filter((text) => text.includes('"level"')).join("\n");
  for (const [where, secret] of Object.entries(secrets)) assert.ok(!log.includes(secret), `${where}: ${secret}`);
  for (const secret of [me.token, me.refreshToken, key.key, ...me.browser.cookieHeader(at("/dashboard")).split("; ").map((pair) => pair.split("=")[1])]) assert.ok(!log.includes(secret));
  assert.doesNotMatch(log, /ttai_(rt|ac|ak)_|eyJhb|5WX\d|\d+\.\d+\.\d+\.\d+|::1|198\.51/);
});

test("10: old rows", async () => {
  const day = 86_400_000;
  await d1(stack, `INSERT INTO audit (user_id, at, id, action, outcome) VALUES ('${ME}', ${Date.now() - 401 * day}, 'old', 'login', 'ok'), ('${ME}', ${Date.now() - 399 * day}, 'kept', 'login', 'ok')`);
  await tick(stack);
  const left = await d1(stack, "SELECT id FROM audit WHERE id IN ('old', 'kept')");
  assert.deepEqual(left, [{ id: "kept" }]);
});
