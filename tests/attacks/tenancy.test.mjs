// One user's request against another user's data, and against what lies in the stores: E01 to E08. The matrix of all tools
// and resources is in two-users.test.mjs, E09 in erasure.test.mjs.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { freshSecrets } from "../../scripts/lib/dev-vars.mjs";
import { d1 } from "../lib/explorer.mjs";
import { authorizeUrl, EXTERNAL_IDS, login, pkce, register } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { begin, count, opened, quiet, raw } from "./support.mjs";

// Rows are exchanged and keys changed: a stack of its own.
const stack = await useStack({});
const sim = simulator(stack);
const { trader, second } = EXTERNAL_IDS;
const A = await login(stack);
const B = await login(stack, { user: "second" });
const [a, b] = [client(stack, A.token), client(stack, B.token)];

before(() => quiet(stack));

test("E01 another user's job: tool error not_found, the same bytes as for one that never was", async () => {
  const [job] = await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 LIMIT 1", [trader]);
  assert.equal((await a.ok("get_workflow_status", { workflow_id: job.id })).workflow_id, job.id, "the owner sees it");
  const unknown = "0123456789abcdef0123456789abcdef";
  const [theirs, never] = await Promise.all([job.id, unknown].map((id) => b.call("get_workflow_status", { workflow_id: id })));
  assert.equal(theirs.isError, true);
  assert.equal(theirs.structuredContent.error.reason, "not_found");
  assert.equal(JSON.stringify(theirs).replaceAll(job.id, "ID"), JSON.stringify(never).replaceAll(unknown, "ID"));
  for (const session of [A, B]) {
    const page = await session.browser.open(`${stack.url}/dashboard`);
    assert.equal(page.status, 200);
    const [own, foreign] = session === A ? ["5WX1", "5WX2"] : ["5WX2", "5WX1"];
    assert.ok(!page.html.includes(foreign), `nothing of ${foreign} for the owner of ${own}`);
  }
});

test("E02 another user's account number: the same as an unknown one, and TastyTrade is not asked", async () => {
  // The places where one can be said: arguments of tools and prompts, a completion, an address.
  const [{ account_number: whole }] = await d1(stack, "SELECT account_number FROM accounts WHERE user_id = ?1 LIMIT 1", [trader]);
  const unknown = `${whole.slice(0, -4)}9999`;
  const mark = await sim.mark();
  const said = async (account) => {
    const answers = await Promise.all([
      b.request("prompts/get", { name: "morning-briefing", arguments: { account } }),
      b.request("completion/complete", { ref: { type: "ref/prompt", name: "morning-briefing" }, argument: { name: "account", value: account } }),
      b.request("resources/read", { uri: `portfolio://balances/${account}` }),
      b.request("resources/read", { uri: `portfolio://positions/${account}` }),
      b.call("get_quote", { symbol: account }),
    ]);
    return JSON.stringify(answers.map(({ status, body, isError, structuredContent }) => [status, body?.result ?? body?.error, isError, structuredContent])).replaceAll(account, "ACCOUNT").replaceAll(account.slice(-4), "LAST").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
  };
  assert.equal(await said(whole), await said(unknown));
  const own = (await d1(stack, "SELECT account_number FROM accounts WHERE user_id = ?1", [second])).map((row) => row.account_number);
  const asked = await sim.since(mark, /^\/accounts|^\/customers/);
  assert.deepEqual(asked.filter(({ path }) => !own.some((number) => path.startsWith(`/accounts/${number}/positions`))), [], "an address that names no underlying of B's reads B's own positions");
  const tools = async (account) => {
    const results = await Promise.all(["get_balances", "get_positions", "get_transactions", "get_orders", "get_net_liq_history"].map((name) => b.error(name, { account })));
    assert.ok(results.every(({ reason }) => reason === "account_not_found"), JSON.stringify(results));
    return JSON.stringify(results);
  };
  const before = await sim.mark();
  assert.equal(await tools(whole), await tools(unknown));
  assert.deepEqual(await sim.since(before, /^\/accounts|^\/customers/), []);
  assert.ok(!(await said(whole)).includes("net_liquidating_value"), "nothing of the account");
});

test("E03 a guessed key of the object store: 404, and no way out of the documents", async () => {
  // Exports with signed links do not exist yet; what reaches the object store are addresses of documents.
  for (const path of ["/exports/", `/exports/users/${trader}/exports/x.csv`, `/r2/users/${trader}/x`, `/users/${trader}/exports/x`, "/assets/../users/x", "/assets/..%2f..%2fusers%2fx"]) {
    assert.equal((await raw(`${stack.url}${path}`, { headers: { authorization: `Bearer ${B.token}`, cookie: B.browser.cookieHeader(stack.url) } })).status, 404, path);
  }
  for (const uri of [
    `knowledge://options/strategies/../../users/${trader}/exports/x`, `knowledge://users/${trader}`, "knowledge://options/strategies/..%2f..%2fx", "knowledge://../x", "knowledge://options/strategies/", "file:///etc/passwd", `r2://users/${trader}/x`,
    "knowledge://options/strategies/iron_condor/../../../x", "knowledge://options/strategies/\u0000",
  ]) {
    const { status, body } = await b.request("resources/read", { uri }, { "mcp-name": `=?base64?${Buffer.from(uri).toString("base64")}?=` });
    assert.equal(status, 200, uri);
    assert.equal(body.error?.code, -32602, `${uri}: ${JSON.stringify(body)}`);
  }
});

/** Makes the next call of a user open the sealed credential, and gives its error. */
async function failing(mcp, user) {
  await Promise.all([sim.expireAccess(user), forgetQuotes(stack)]);
  return mcp.error("get_quote", { symbol: "SPY" });
}

const credential = async (user) => (await d1(stack, "SELECT * FROM credentials WHERE user_id = ?1", [user]))[0];
const put = (user, { id, kind, client_secret_sealed: secret, refresh_token_sealed: sealed, status }) =>
  d1(stack, `UPDATE credentials SET id = ?2, kind = ?3, refresh_token_sealed = ?4, status = ?5, client_secret_sealed = ${secret ? "?6" : "NULL"} WHERE user_id = ?1`, [user, id, kind, sealed, status, ...(secret ? [secret] : [])]);

test("E04 a sealed row that was copied from one user to another: reconnect_required, and the log says so", async () => {
  const [own, theirs] = [await credential(second), await credential(trader)];
  const before = stack.logs().length;
  for (const [what, row] of [["the whole row", theirs], ["the sealed value alone", { ...own, refresh_token_sealed: theirs.refresh_token_sealed }], ["in another column's place", { ...own, kind: "own_grant", client_secret_sealed: own.refresh_token_sealed }]]) {
    await put(second, row);
    const mark = await sim.mark();
    const error = await failing(b, "second");
    assert.equal(error.code, "AUTHENTICATION_ERROR", what);
    assert.equal(error.reason, "reconnect_required", what);
    assert.deepEqual(await sim.since(mark, /oauth\/token/), [], `${what}: nothing was minted`);
  }
  assert.match(stack.logs().slice(before), /credential does not open/);
  await put(second, own);
  await forgetQuotes(stack);
  await b.ok("get_quote", { symbol: "SPY" });
});

test("E05 one bit of a sealed value that was flipped: the same", async () => {
  const own = await credential(second);
  const [version, key, nonce, sealed] = own.refresh_token_sealed.split(".");
  for (const part of [nonce, sealed]) {
    const bytes = Buffer.from(part, "base64url");
    for (const at of [0, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1;
      const parts = part === nonce ? [version, key, changed.toString("base64url"), sealed] : [version, key, nonce, changed.toString("base64url")];
      await put(second, { ...own, refresh_token_sealed: parts.join(".") });
      assert.equal((await failing(b, "second")).reason, "reconnect_required");
    }
  }
  for (const envelope of ["", "v1", "v2.a.b.c", own.refresh_token_sealed.slice(0, -1), `${own.refresh_token_sealed}.x`, "secret in clear"]) {
    await put(second, { ...own, refresh_token_sealed: envelope });
    assert.equal((await failing(b, "second")).reason, "reconnect_required", envelope.slice(0, 10));
  }
  await put(second, own);
  await forgetQuotes(stack);
  await b.ok("get_quote", { symbol: "SPY" });
});

test("E06 an unknown key id: key_unavailable, not an unexpected error; the previous key's: works, and is sealed anew", async () => {
  // Over MCP this is a tool error, whose HTTP status is 200; the 503 of the list is the reason's status wherever it is an
  // answer of its own (errors.test.mjs).
  const own = await credential(second);
  const [version, key, ...rest] = own.refresh_token_sealed.split(".");
  await put(second, { ...own, refresh_token_sealed: [version, key.startsWith("A") ? `B${key.slice(1)}` : `A${key.slice(1)}`, ...rest].join(".") });
  const error = await failing(b, "second");
  assert.equal(error.code, "INTERNAL_ERROR");
  assert.equal(error.reason, "key_unavailable");
  assert.equal(error.retryable, false);
  await put(second, own);
  Object.assign(stack.vars, { TOKEN_ENCRYPTION_KEY: freshSecrets().TOKEN_ENCRYPTION_KEY, TOKEN_ENCRYPTION_KEY_PREVIOUS: stack.vars.TOKEN_ENCRYPTION_KEY });
  await stack.restart();
  await Promise.all([sim.expireAccess("second"), forgetQuotes(stack)]);
  await b.ok("get_quote", { symbol: "SPY" });
  const sealed = await poll("the credential is sealed anew", async () => {
    const row = await credential(second);
    return row.refresh_token_sealed.split(".")[1] !== key && row;
  });
  // Without the previous key it still opens.
  delete stack.vars.TOKEN_ENCRYPTION_KEY_PREVIOUS;
  await stack.restart();
  await Promise.all([sim.expireAccess("second"), forgetQuotes(stack)]);
  await b.ok("get_quote", { symbol: "SPY" });
  assert.equal((await credential(second)).refresh_token_sealed, sealed.refresh_token_sealed);
});

test("E07 the analysis worker from the internet: not there; over the binding without a principal: 403", async () => {
  const call = JSON.stringify({ request_id: "x", principal: { user_id: trader, scopes: "market:read account:read" }, call: { do: "get_portfolio" } });
  for (const [path, headers] of [["/call", {}], ["/call", { "cf-worker": "ttai-analysis" }], ["/analysis/call", {}], ["/ttai-analysis/call", {}], ["//call", {}]]) {
    const { status, text } = await raw(`${stack.url}${path}`, { method: "POST", headers: { ...headers, authorization: `Bearer ${A.token}` }, body: call });
    assert.equal(status, 404, path);
    assert.ok(!text.includes("positions"), path);
  }
  // The worker itself, as only the binding reaches it.
  const inside = await useStack({ expose: "analysis", only: "workers", simPort: 1 });
  const send = async (principal, more, path = "/call") => {
    const { status, text } = await raw(`${inside.url}${path}`, { method: "POST", body: JSON.stringify({ request_id: "x", principal, call: more }) });
    return { status, body: JSON.parse(text) };
  };
  for (const more of [{ do: "get_quote", symbol: "SPY" }, { do: "get_workflow_status", workflow_id: "0123456789abcdef0123456789abcdef" }, { do: "sync_account" }, { do: "get_overview" }, { do: "get_portfolio" }]) {
    const without = await send(null, more);
    assert.equal(without.status, 403, JSON.stringify(without.body));
    assert.equal(without.body.error.reason, "forbidden", more.do);
    const narrow = await send({ user_id: trader, scopes: "alerts:write" }, more);
    assert.equal(narrow.status, 403, more.do);
    assert.equal(narrow.body.error.reason, "insufficient_scope");
  }
  assert.equal((await send(null, { do: "health" })).status, 200);
  assert.equal((await send(null, { do: "nonsense" })).status, 400);
  assert.equal((await send(null, { do: "health" }, "/")).status, 404);
});

test("E08 SQL in every argument: a text like any other, stored and shown as it is, and all tables are there", async () => {
  const evil = ["'; DROP TABLE users; --", "' OR '1'='1", "\"; DELETE FROM grants; --", "1); UPDATE users SET id='x'; --", "%' OR id LIKE '%", "\\'; --", "?1", "x' UNION SELECT refresh_token_sealed FROM credentials --"];
  const tables = () => d1(stack, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  const kept = async () => JSON.stringify([await tables(), await count(stack, "users"), await count(stack, "credentials"), await count(stack, "grants", "revoked_at IS NULL")]);
  const before = await kept();
  const { body: listed } = await a.request("tools/list");
  for (const text of evil) {
    const made = await begin(stack, { state: text, scope: "market:read" }, { client_name: text });
    const page = await opened(made);
    assert.ok(page.text.includes(text.replace(/\s+/g, " ")), `${text}: ${page.text.slice(0, 200)}`);
    const [row] = await d1(stack, "SELECT name, state FROM oauth_clients c JOIN oauth_requests r ON r.client_id = c.id WHERE c.id = ?1", [made.clientId]);
    assert.deepEqual(row, { name: text, state: text });
    for (const more of [{ client_id: text }, { redirect_uri: text }, { code_challenge: text }, { resource: text }]) {
      const { status } = await raw(authorizeUrl(stack, { clientId: made.clientId, challenge: pkce().challenge, ...more }));
      assert.ok([302, 400].includes(status), `${text} ${JSON.stringify(more)}: ${status}`);
    }
    for (const fields of [{ grant_type: "authorization_code", code: text, code_verifier: "A".repeat(43), client_id: made.clientId }, { grant_type: "refresh_token", refresh_token: text, client_id: made.clientId }, { grant_type: "refresh_token", refresh_token: "x", client_id: text }]) {
      const { status } = await raw(`${stack.url}/oauth/token`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(fields).toString() });
      assert.ok([400, 401].includes(status), `${text}: ${status}`);
    }
    for (const tool of listed.result.tools) {
      const names = Object.keys(tool.inputSchema.properties ?? {});
      for (const name of names) {
        const { status, body } = await a.request("tools/call", { name: tool.name, arguments: { [name]: text } });
        assert.equal(status, 200, `${tool.name} ${name}: ${JSON.stringify(body)}`);
        assert.ok(body.error || body.result.isError || !/SQL|syntax|sqlite/i.test(JSON.stringify(body.result)), `${tool.name} ${name}`);
        if (body.result?.isError) assert.notEqual(body.result.structuredContent.error.code, "DATABASE_ERROR", `${tool.name} ${name}`);
      }
    }
    for (const uri of [`portfolio://positions/${encodeURIComponent(text)}`, `knowledge://options/strategies/${encodeURIComponent(text)}`]) assert.equal((await a.request("resources/read", { uri })).status, 200);
  }
  await quiet(stack);
  assert.equal(await kept(), before);
  assert.ok(await register(stack));
});
