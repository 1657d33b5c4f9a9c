// The two-user matrix: everything that the server lists, called by user B with what belongs to user A, answers byte for byte
// as it does for what never was (the echoed name of it aside), and changes nothing of A's. Tools, resources, templates,
// prompts and completions are read from the server at run time, so that new ones are covered by themselves; an argument
// whose name is in none of the tables below fails the first test, so that somebody says what it means.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { csrfOf, makeKey, send } from "../lib/settings-pages.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { quiet, sha256 } from "./support.mjs";

const stack = await useStack();
await simulator(stack).clear();
const { trader, second } = EXTERNAL_IDS;
const owner = await login(stack);
const other = await login(stack, { user: "second" });
const [a, b] = [client(stack, owner.token), client(stack, other.token)];
await makeKey(stack, owner.browser);
await quiet(stack);

/** An underlying that A alone holds, and that no list of common symbols has. */
const HELD = "QZTA";
// Numbers are masked to their last four characters: one whose end B has not as well.
const [account] = await d1(stack, "SELECT account_number FROM accounts WHERE user_id = ?1 AND substr(account_number, -4) NOT IN (SELECT substr(account_number, -4) FROM accounts WHERE user_id = ?2) LIMIT 1", [trader, second]);
const [job] = await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 AND status = 'complete' LIMIT 1", [trader]);

/** What is A's, and the same that nobody has, by the names under which it can be said. */
const OWNED = {
  workflow_id: [job.id, "0123456789abcdef0123456789abcdef"],
  account: [account.account_number, "5WX19999"],
  default_account: [account.account_number, "5WX19999"],
  symbol: [HELD, "QZTB"],
  symbols: [HELD, "QZTB"],
  underlying: [HELD, "QZTB"],
  expiration: ["2031-01-17", "2032-01-16"],
};
/** Where a value is not said by itself. */
const WRAPPED = { symbols: (value) => [value], config: (value) => ({ default_account: value }) };
OWNED.config = OWNED.default_account;
/** Arguments that name nothing of anybody's, with a value that is accepted. */
const PLAIN = { wait_seconds: 0, strategy: "strangle", time_zone: "America/New_York", quote_cache_ttl: 60, chain_cache_ttl: 300 };
// Those of the account tools.
Object.assign(PLAIN, { include_closed: true, include_greeks: false, start_date: "2026-11-01", end_date: "2026-11-20", type: "trade", status: ["working"], page: 1 });
// Those of the market tools.
Object.assign(PLAIN, { interval: "1d", range: "1mo", days: 30, start: "2026-01-02", end: "2026-11-02", extended_hours: false, term_structure: true, query: "AAPL", limit: 5, market: "equities", kind: "public", name: "Earnings" });
Object.assign(PLAIN, { min_dte: 20, max_dte: 60, min_delta: 0.1, max_delta: 0.4, strikes: 3, side: "both", format: "rows" });
// Those of the analyses.
Object.assign(PLAIN, { timeframe: "daily", rolls: false, legs: [{ side: "put", strike: 100, expiration: "2027-01-15", action: "sell" }], shares: 100, share_price: 100, watchlist: "Wheel candidates" });
Object.assign(PLAIN, { chart_context: { trend: "up" }, cost_basis: 100, earnings: "flag", max_collateral: 50_000, min_long_delta: 0.05, max_long_delta: 0.2, min_width: 1, max_width: 10, min_otm: 1 });
Object.assign(PLAIN, { min_credit: 0.1, min_credit_of_width: 15, min_annualised_return: 5, min_open_interest: 100, min_volume: 1, min_pop: 50, max_spread_percent: 10 });

const [{ tools }, { resources }, { resourceTemplates }, { prompts }] = await Promise.all(
  ["tools/list", "resources/list", "resources/templates/list", "prompts/list"].map(async (method) => (await b.request(method)).body.result),
);

const wrap = (name, value) => (WRAPPED[name] ? WRAPPED[name](value) : value);
const required = ({ inputSchema: { required: names = [] } }) => Object.fromEntries(names.filter((name) => name in PLAIN || name in OWNED).map((name) => [name, name in PLAIN ? PLAIN[name] : wrap(name, OWNED[name][1])]));

/** What an answer says, without times, ids of requests and of analyses, and the value that was asked for, whole or masked. */
function said({ status, body }, value) {
  const text = JSON.stringify([status, body?.result ?? body?.error ?? body]);
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, "TIME")
    .replace(/(analysis_id":"|Analysis )[0-9a-f]{32}/g, "$1ID")
    .replaceAll(encodeURIComponent(value), "VALUE")
    .replaceAll(value, "VALUE")
    .replaceAll(value.slice(-4), "LAST");
}

/** Everything of A's in the database. */
async function belongings() {
  const tables = await d1(stack, "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'user_id')");
  const rows = await Promise.all(tables.map(async ({ name }) => [name, await d1(stack, `SELECT * FROM "${name}" WHERE user_id = ?1`, [trader])]));
  rows.push(["users", await d1(stack, "SELECT * FROM users WHERE id = ?1", [trader])]);
  return Object.fromEntries(rows.map(([name, list]) => [name, `${list.length} rows, ${sha256(JSON.stringify(list))}`]));
}

let kept;
before(async () => {
  for (const [symbol, kind, expires] of [[HELD, "Equity", "NULL"], [`${HELD}  310117C00100000`, "Equity Option", Date.parse(`${OWNED.expiration[0]}T21:00:00Z`)]]) {
    await d1(stack, `INSERT INTO positions (user_id, account_number, symbol, underlying_symbol, instrument_type, quantity, quantity_direction, expires_at, first_seen_at, as_of)
      VALUES (?1, ?2, ?3, ?4, ?5, '100', 'Long', ${expires}, 1795000000000, 1795000000000)`, [trader, account.account_number, symbol, HELD, kind]);
  }
});
after(() => d1(stack, "DELETE FROM positions WHERE user_id = ?1 AND underlying_symbol = ?2", [trader, HELD]));

test("every argument that the server lists is in one of the tables", () => {
  const names = [
    ...tools.flatMap(({ name, inputSchema }) => Object.keys(inputSchema.properties ?? {}).map((argument) => `${argument} of ${name}`)),
    ...prompts.flatMap(({ name, arguments: list = [] }) => list.map((argument) => `${argument.name} of ${name}`)),
    ...resourceTemplates.flatMap(({ uriTemplate }) => [...uriTemplate.matchAll(/\{\??(\w+)\}/g)].map(([, variable]) => `${variable} of ${uriTemplate}`)),
  ];
  assert.ok(names.length > 5 && tools.length > 1 && resources.length > 2 && resourceTemplates.length > 1 && prompts.length > 1);
  assert.deepEqual(names.filter((name) => !(name.split(" ")[0] in OWNED) && !(name.split(" ")[0] in PLAIN)), []);
});

test("the matrix can tell: the owner is answered otherwise", async () => {
  const call = (from, value) => from.request("tools/call", { name: "get_workflow_status", arguments: { workflow_id: value } });
  const [mine, none] = OWNED.workflow_id;
  assert.notEqual(said(await call(a, mine), mine), said(await call(a, none), none));
  const read = (from, value) => from.request("resources/read", { uri: `portfolio://positions/${value}` });
  assert.notEqual(said(await read(a, "AAPL"), "AAPL"), said(await read(a, OWNED.symbol[1]), OWNED.symbol[1]), "a position that A really has");
  const balances = (from, value) => from.request("tools/call", { name: "get_balances", arguments: { account: value } });
  assert.notEqual(said(await balances(a, OWNED.account[0]), OWNED.account[0]), said(await balances(a, OWNED.account[1]), OWNED.account[1]));
  const complete = (from, value) => from.request("completion/complete", { ref: { type: "ref/prompt", name: "position-review" }, argument: { name: "symbol", value } });
  assert.deepEqual((await complete(a, HELD)).body.result.completion.values, [HELD]);
  const expirations = await a.request("completion/complete", { ref: { type: "ref/prompt", name: "position-review" }, argument: { name: "expiration", value: "" }, context: { arguments: { symbol: HELD } } });
  assert.deepEqual(expirations.body.result.completion.values, [OWNED.expiration[0]]);
  // What A did is noted after it was answered; from here on A does nothing.
  kept = await belongings();
  await poll("nothing is noted any more", async () => {
    const before = JSON.stringify(kept);
    kept = await belongings();
    return JSON.stringify(kept) === before;
  }, { every: 500 });
});

describe("tools", () => {
  for (const tool of tools) {
    for (const argument of Object.keys(tool.inputSchema.properties ?? {}).filter((name) => name in OWNED)) {
      test(`${tool.name}, ${argument}`, async () => {
        const call = (value) => b.request("tools/call", { name: tool.name, arguments: { ...required(tool), [argument]: wrap(argument, value) } });
        const [mine, none] = OWNED[argument];
        assert.equal(said(await call(mine), mine), said(await call(none), none));
      });
    }
    test(`${tool.name}, without arguments or with plain ones: nothing of A's`, async () => {
      const { body } = await b.request("tools/call", { name: tool.name, arguments: required(tool) });
      const text = JSON.stringify(body);
      for (const [what, [mine]] of Object.entries(OWNED)) assert.ok(!text.includes(mine), `${what}: ${text.slice(0, 300)}`);
      assert.ok(!text.includes(trader), text.slice(0, 300));
    });
  }
});

describe("resources", () => {
  for (const { uri } of resources) {
    test(`${uri}: nothing of A's`, async () => {
      const { body } = await b.request("resources/read", { uri });
      assert.ok(body.result, JSON.stringify(body));
      const text = JSON.stringify(body);
      for (const mine of [HELD, account.account_number, job.id, trader]) assert.ok(!text.includes(mine), mine);
    });
  }
  for (const { uriTemplate } of resourceTemplates) {
    for (const [, variable] of [...uriTemplate.matchAll(/\{\??(\w+)\}/g)].filter(([, name]) => name in OWNED)) {
      test(`${uriTemplate}, ${variable}`, async () => {
        const read = (value) => b.request("resources/read", { uri: uriTemplate.replace(/\{\??\w+\}/, encodeURIComponent(value)) });
        const [mine, none] = OWNED[variable];
        assert.equal(said(await read(mine), mine), said(await read(none), none));
      });
      test(`${uriTemplate}, completion of ${variable}`, () => completes({ type: "ref/resource", uri: uriTemplate }, variable));
    }
  }
});

/** Completions of what A has, of its beginning and of its end, are those of what nobody has. */
async function completes(ref, name) {
  const [mine, none] = OWNED[name];
  for (const part of [(value) => value, (value) => value.slice(0, -1), (value) => value.slice(-4)]) {
    const context = { arguments: { symbol: HELD } };
    const complete = async (value) => (await b.request("completion/complete", { ref, argument: { name, value: part(value) }, context })).body.result.completion;
    const [theirs, never] = [await complete(mine), await complete(none)];
    const own = (values) => values.filter((value) => value.includes(mine) || value.includes(mine.slice(-4)));
    assert.deepEqual(own(theirs.values), [], `${part(mine)}: ${theirs.values}`);
    // The beginning is the same for both; what is B's own may be in either answer.
    if (part(mine) === part(none)) assert.deepEqual(theirs, never);
    else assert.deepEqual({ ...theirs, values: [] }, { ...never, values: [] });
  }
}

describe("prompts", () => {
  for (const { name, arguments: list = [] } of prompts) {
    for (const argument of list.filter((one) => one.name in OWNED)) {
      test(`${name}, ${argument.name}`, async () => {
        const others = Object.fromEntries(list.filter((one) => one.required && one.name in OWNED).map((one) => [one.name, OWNED[one.name][1]]));
        const get = (value) => b.request("prompts/get", { name, arguments: { ...others, [argument.name]: value } });
        const [mine, none] = OWNED[argument.name];
        assert.equal(said(await get(mine), mine), said(await get(none), none));
      });
      test(`${name}, completion of ${argument.name}`, () => completes({ type: "ref/prompt", name }, argument.name));
    }
  }
});

describe("pages", () => {
  const forms = [
    ["/settings/apps/revoke", "app", "SELECT id AS value FROM grants WHERE user_id = ?1 LIMIT 1"],
    ["/settings/keys/revoke", "key", "SELECT id AS value FROM api_keys WHERE user_id = ?1 LIMIT 1"],
    ["/settings/preferences", "account", "SELECT account_number AS value FROM accounts WHERE user_id = ?1 ORDER BY account_number DESC LIMIT 1"],
  ];
  for (const [path, field, sql] of forms) {
    test(`${path}, ${field}`, async () => {
      const [{ value: mine }] = await d1(stack, sql, [trader]);
      const none = field === "account" ? OWNED.account[1] : "0123456789abcdef0123456789abcdef";
      const answer = async (value) => {
        const { status, location, text } = await send(stack, other.browser, path, [["csrf", await csrfOf(stack, other.browser)], [field, value], ["time_zone", "America/New_York"]]);
        return JSON.stringify([status, location, text]).replaceAll(value, "VALUE").replaceAll(value.slice(-4), "LAST");
      };
      assert.equal(await answer(mine), await answer(none));
    });
  }
  for (const path of ["/dashboard", "/settings", "/settings/apps", "/settings/keys", "/settings/activity", "/settings/data"]) {
    test(`${path}: nothing of A's`, async () => {
      const page = await other.browser.open(`${stack.url}${path}`);
      assert.equal(page.status, 200, path);
      for (const mine of [HELD, account.account_number, account.account_number.slice(-4), job.id, trader]) assert.ok(!page.html.includes(mine), `${path}: ${mine}`);
    });
  }
  test("the download: nothing of A's", async () => {
    const { status, html } = await send(stack, other.browser, "/settings/data/download", [["csrf", await csrfOf(stack, other.browser)]]);
    assert.equal(status, 200);
    assert.ok(html.includes(second));
    for (const mine of [HELD, account.account_number, job.id, trader]) assert.ok(!html.includes(mine), mine);
  });
});

test("nothing of A's has changed, and nothing of B's came from A", async () => {
  assert.deepEqual(await belongings(), kept);
  const [row] = await d1(stack, "SELECT default_account FROM users WHERE id = ?1", [second]);
  assert.notEqual(row.default_account, account.account_number);
});
