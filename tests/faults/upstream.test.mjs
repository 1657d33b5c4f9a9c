// Faults of TastyTrade and of our own parts, from outside: what a tool answers, and when. Cases by their numbers:
//
//  G01  429 with Retry-After 30: rate_limited with retry_after, for all calls of that user, and no hammering
//  G02  500: one more try for a GET, then upstream_unavailable; a POST is never repeated; a 502 with HTML
//  G03  broken answers: upstream_invalid_response or a tolerated field; connections that are reset
//  G04  a hang: upstream_timeout after ten seconds; a stream that falls silent, ends early, or sends what it should not
//  G05  401 in the middle of a call: one mint, one more try, then reconnect_required; a mint that yields another grant
//  G08  the cache is nonsense, too old, or down: TastyTrade is asked; and what it kept serves when TastyTrade does not answer
//  G12  analysis is down: analysis_unavailable, and cached quotes
//  G14  a panic: 500 for that request alone
//
// Besides what each case says of get_quote, every tool that only reads and is listed is called under every fault: it
// answers before a client gives up, with a result or with an error that says what happened, and never with one of ours.
// At the end nothing is in the log but JSON lines with the fields of its list.
//
// A proxy of this process stands between the analysis worker and the simulator: it spoils answers, resets connections, and
// exchanges refresh tokens, which the simulator itself never does.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { connected, list, quiet, raw } from "../attacks/support.mjs";
import { d1, kv } from "../lib/explorer.mjs";
import { EXTERNAL_IDS } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { assertHttpError, client } from "../lib/mcp.mjs";
import { spoiling } from "../lib/proxy.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

/** The longest that a client waits for an answer, as its authors set it. */
const PATIENCE = 30_000;
const MARKET = /^\/market-/;
/** What TastyTrade is asked for, apart from tokens. */
const DATA = ["/market-*", "/accounts/*", "/customers/*", "/option-chains/*", "/futures-option-chains/*", "/instruments/*", "/symbols/*", "/watchlists*", "/public-watchlists*", "/pairs-watchlists*", "/api-quote-tokens"];
const isData = (path) => !path.startsWith("/oauth/");

const proxy = await spoiling();
const stateDir = mkdtempSync(join(tmpdir(), "ttai-faults-"));
after(() => rmSync(stateDir, { recursive: true, force: true }));
const stack = await useStack({ stateDir, vars: { TT_API_URL: proxy.url } });
proxy.target = stack.simUrl;
const sim = simulator(stack);
const made = await connected(stack);
const mcp = client(stack, made.token);
// An endpoint that said 429 stays closed for this user; the others are not to notice.
const limited = client(stack, (await connected(stack, { user: "second" })).token);
await quiet(stack);

let tools;
before(async () => {
  const { body } = await mcp.request("tools/list");
  tools = body.result.tools.filter(({ annotations }) => annotations.readOnlyHint);
  assert.ok(tools.length >= 4, tools.map(({ name }) => name).join(" "));
});

beforeEach(async () => {
  proxy.spoil = null;
  await Promise.all([sim.clear(), forgetQuotes(stack)]);
});

/** Values for arguments, by name; a tool may have its own. */
const VALUES = { symbol: "KO", symbols: ["KO"], underlying: "KO", query: "KO", name: "KO", workflow_id: "0123456789abcdef0123456789abcdef", interval: "1d", timeframe: "1d" };
/** An option that ends on the third Friday of next January: there always are some. */
const january = new Date().getUTCFullYear() + 1;
const friday = 15 + ((12 - new Date(Date.UTC(january, 0, 1)).getUTCDay()) % 7);
const OPTION = `KO ${january % 100}01${friday}C70`;
const OWN = { get_quote: { symbol: "KO" }, get_market_metrics: { symbols: ["KO"] }, analyze_strategy: { legs: [{ symbol: OPTION, action: "buy" }] } };

/** Arguments with which a tool can be called. */
function argumentsOf({ name, inputSchema }) {
  if (OWN[name]) return OWN[name];
  const args = {};
  for (const wanted of inputSchema.required ?? []) {
    const property = inputSchema.properties[wanted];
    args[wanted] = VALUES[wanted] ?? property.enum?.[0] ?? property.default;
    assert.notEqual(args[wanted], undefined, `${name} needs ${wanted}: add a value for it`);
  }
  return args;
}

/** What a fault may lead to, other than a result. */
const REASONS = new Set(["rate_limited", "upstream_unavailable", "upstream_timeout", "upstream_invalid_response", "upstream_refused", "reconnect_required", "not_found", "account_not_found", "analysis_unavailable"]);

/** Calls every tool that only reads; each answers in time, and says what happened. Gives the reasons by tool. */
async function everyTool(as = mcp, known = () => {}) {
  const outcomes = await Promise.all(
    tools.map(async (tool) => {
      const began = Date.now();
      const result = await as.call(tool.name, argumentsOf(tool));
      const took = Date.now() - began;
      const shown = `${tool.name} after ${took} ms: ${JSON.stringify(result.structuredContent).slice(0, 300)}`;
      assert.ok(took < PATIENCE, shown);
      assert.ok(result.content[0].text.length > 10, shown);
      if (result.isError) {
        const { error } = result.structuredContent;
        assert.ok(REASONS.has(error.reason), shown);
        assert.doesNotMatch(error.message, /<html|DROP TABLE|Bad Gateway/, "its words are not passed on");
        if (error.reason === "rate_limited") assert.ok(error.details.retry_after > 0, shown);
      }
      known(tool.name, result, shown);
      return [tool.name, result.isError ? result.structuredContent.error.reason : "answered"];
    }),
  );
  return Object.fromEntries(outcomes);
}

const faulty = (fault) => Promise.all(DATA.map((path) => sim.fault({ path, times: null, ...fault })));

test("G01 TastyTrade answers 429 with Retry-After 30: rate_limited with retry_after, and no hammering", async () => {
  await sim.fault({ path: "/market-*", fault: "429", times: null, retry_after: 30 });
  const mark = await sim.mark();
  for (let call = 0; call < 3; call += 1) {
    const error = await limited.error("get_quote", { symbol: "AMD" });
    assert.equal(error.code, "RATE_LIMIT");
    assert.equal(error.reason, "rate_limited");
    assert.ok(error.details.retry_after > 20 && error.details.retry_after <= 30, JSON.stringify(error));
  }
  // One call asks for quotes and for metrics; those after it ask for nothing.
  const asked = await sim.since(mark, MARKET);
  assert.deepEqual(asked.map(({ path }) => path.split("?")[0]).sort(), ["/market-data/by-type", "/market-metrics"]);
  await sim.clear();
  assert.equal((await limited.error("get_quote", { symbol: "SPY" })).reason, "rate_limited", "also when TastyTrade would answer again");
  assert.equal((await sim.since(mark, MARKET)).length, 2);
  const { quotes } = await mcp.ok("get_quote", { symbol: "AMD" });
  assert.equal(quotes[0].source, "rest", "another user is not concerned");
});

test("G01 TastyTrade limits everything: every tool says so", async () => {
  await faulty({ fault: "429", retry_after: 30 });
  const reasons = await everyTool(limited);
  assert.equal(reasons.get_quote, "rate_limited");
});

test("G02 TastyTrade answers 500: one more try for a GET, none for a POST", async () => {
  await sim.fault({ path: "/market-data*", fault: "500", times: null });
  const mark = await sim.mark();
  const error = await mcp.error("get_quote", { symbol: "TSLA" });
  assert.equal(error.code, "TASTYTRADE_ERROR");
  assert.equal(error.reason, "upstream_unavailable");
  assert.equal(error.retryable, true);
  assert.equal((await sim.since(mark, /^\/market-data/)).length, 2);
  await sim.clear();
  await sim.fault({ path: "/oauth/token", fault: "500", times: null });
  await Promise.all([sim.expireAccess("trader"), forgetQuotes(stack)]);
  const before = await sim.mark();
  assert.equal((await mcp.error("get_quote", { symbol: "TSLA" })).reason, "upstream_unavailable");
  // Quotes and metrics are asked for side by side, and each tries to get a token; neither tries twice.
  assert.ok((await sim.since(before, /^\/oauth\/token/)).length <= 2);
  await sim.clear();
  await mcp.ok("get_quote", { symbol: "TSLA" });
});

test("G02 a mint that fails: the calls that waited for it share that", async () => {
  proxy.spoil = (answer) => (answer.path === "/oauth/token" ? { status: 500, text: "{}", late: 3_000 } : answer);
  await Promise.all([sim.expireAccess("trader"), forgetQuotes(stack)]);
  const mark = await sim.mark();
  const calls = [["get_quote", { symbol: "TSLA" }], ["search_symbols", { query: "T" }], ["get_market_hours", {}], ["get_watchlists", {}], ["get_balances", {}], ["get_orders", {}]];
  const results = await Promise.all(calls.map(([name, args]) => mcp.call(name, args)));
  assert.equal(results[0].structuredContent.error.reason, "upstream_unavailable");
  assert.ok((await sim.since(mark, /^\/oauth\/token/)).length <= 2, "one, and one for who came after it");
  proxy.spoil = null;
  await mcp.ok("get_quote", { symbol: "TSLA" });
});

for (const fault of ["500", "502html"]) {
  test(`G02 TastyTrade answers ${fault} to everything: every tool says so`, async () => {
    await faulty({ fault });
    const reasons = await everyTool();
    assert.equal(reasons.get_quote, "upstream_unavailable");
  });
}

test("G03 HTML, JSON cut off, fields missing, null, extra, of other types: an answer or upstream_invalid_response, never a panic", async () => {
  const json = (change) => (answer) => {
    const body = JSON.parse(answer.text);
    return { text: JSON.stringify(change(body) ?? body) };
  };
  const items = (change) => json((body) => {
    for (const item of body.data?.items ?? []) change(item);
  });
  const spoilt = {
    "HTML with 200": () => ({ status: 200, headers: { "content-type": "text/html" }, text: "<html><body>Maintenance</body></html>" }),
    "an empty body": () => ({ text: "" }),
    "JSON cut off": ({ text }) => ({ text: text.slice(0, text.length / 2) }),
    "bytes that are no text": () => ({ text: "\u0000\uFFFD\u0001" }),
    "a connection cut off": () => null,
    null: () => ({ text: "null" }),
    "a list": () => ({ text: "[]" }),
    "no data": () => ({ text: "{}" }),
    "data of another type": () => ({ text: '{"data":5}' }),
    "items of another type": () => ({ text: '{"data":{"items":{"a":1}}}' }),
    "items that are null": () => ({ text: '{"data":{"items":[null,5,"x",[]]}}' }),
    "no items": () => ({ text: '{"data":{"items":[]}}' }),
    "fields null": items((item) => Object.keys(item).forEach((name) => name !== "symbol" && (item[name] = null))),
    "fields missing": items((item) => Object.keys(item).forEach((name) => name !== "symbol" && delete item[name])),
    "fields extra": items((item) => Object.assign(item, { surprise: { a: [1] }, "another-one": "x".repeat(10_000) })),
    "numbers as texts": items((item) => Object.entries(item).forEach(([name, value]) => typeof value === "number" && (item[name] = String(value)))),
    "texts as numbers": items((item) => Object.entries(item).forEach(([name, value]) => name !== "symbol" && !Number.isNaN(Number(value)) && (item[name] = Number(value)))),
    "numbers out of all bounds": items((item) => Object.entries(item).forEach(([name, value]) => name !== "symbol" && !Number.isNaN(Number(value)) && (item[name] = "1e999999"))),
    "not numbers": items((item) => Object.entries(item).forEach(([name, value]) => name !== "symbol" && !Number.isNaN(Number(value)) && (item[name] = "NaN"))),
    "objects for fields": items((item) => Object.keys(item).forEach((name) => name !== "symbol" && (item[name] = { a: 1 }))),
    "a symbol that was not asked for": items((item) => (item.symbol = "EVIL")),
    "no symbol": items((item) => delete item.symbol),
    "ten thousand levels": () => ({ text: `{"data":${"[".repeat(10_000)}${"]".repeat(10_000)}}` }),
    "a status that nobody knows": () => ({ status: 418, text: '{"error":{"code":"teapot","message":"DROP TABLE users"}}' }),
    "a redirect": () => ({ status: 302, headers: { location: "https://evil.example/" }, text: "" }),
    "an error that is none": () => ({ status: 400, text: "[]" }),
  };
  for (const which of [/^\/market-/, /^\/market-data/, /^\/market-metrics/]) {
    for (const [what, change] of Object.entries(spoilt)) {
      await forgetQuotes(stack);
      proxy.spoil = (answer) => (which.test(answer.path) ? change(answer) : answer);
      const result = await mcp.call("get_quote", { symbol: "KO" });
      const shown = `${what} at ${which}: ${JSON.stringify(result).slice(0, 300)}`;
      if (result.isError) {
        const { error } = result.structuredContent;
        assert.ok(["TASTYTRADE_ERROR", "NOT_FOUND"].includes(error.code), shown);
        assert.doesNotMatch(error.message, /DROP TABLE|<html|teapot/, "its words are not passed on");
      } else {
        const [quote] = result.structuredContent.quotes;
        assert.equal(quote.symbol, "KO", shown);
        for (const value of Object.values(quote)) assert.ok(typeof value !== "number" || Number.isFinite(value), shown);
      }
    }
  }
  proxy.spoil = null;
  await forgetQuotes(stack);
  await mcp.ok("get_quote", { symbol: "KO" });
});

for (const [what, spoilt] of Object.entries({
  "cut off": ({ text }) => ({ text: text.slice(0, text.length / 2) }),
  "of other types": ({ text }) => ({ text: text.replace(/:\s*"(?:[^"\\]|\\.)*"/g, ':{"a":[1]}') }),
  HTML: () => ({ status: 200, headers: { "content-type": "text/html" }, text: "<html><body>Maintenance</body></html>" }),
  "reset connections": () => null,
})) {
  test(`G03 all answers are ${what}: every tool answers or says so`, async () => {
    proxy.spoil = (answer) => (isData(answer.path) ? spoilt(answer) : answer);
    const reasons = await everyTool();
    assert.ok(reasons.get_quote.startsWith("upstream_") || reasons.get_quote === "not_found", reasons.get_quote);
  });
}

for (const fault of ["truncated", "wrong_types", "reset"]) {
  test(`G03 TastyTrade's own answers are ${fault}: every tool answers or says so`, async () => {
    await faulty({ fault });
    const reasons = await everyTool();
    assert.ok(reasons.get_quote.startsWith("upstream_") || reasons.get_quote === "not_found", reasons.get_quote);
  });
}

for (const fault of ["silence", "close", "malformed", "disorder"]) {
  test(`G04 the stream of market data has ${fault}: every tool answers with what it has`, async () => {
    await sim.closeSockets();
    await sim.fault({ path: "/dxlink", fault, times: null, after: 3 });
    const reasons = await everyTool();
    assert.equal(reasons.get_quote, "answered");
  });
}

test("G04 TastyTrade hangs: upstream_timeout after ten seconds and not before, and every tool answers", async () => {
  await faulty({ fault: "hang", seconds: 60 });
  const began = Date.now();
  const reasons = await everyTool(mcp, (name, result, shown) => {
    if (name !== "get_quote") return;
    const { error } = result.structuredContent;
    assert.equal(error.code, "TASTYTRADE_ERROR", shown);
    assert.equal(error.retryable, true, shown);
    assert.ok(Date.now() - began > 9_000, shown);
  });
  assert.equal(reasons.get_quote, "upstream_timeout");
});

test("G04 TastyTrade hangs and quotes were kept: they are given, marked stale, with their age", async () => {
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "MSFT" });
  await kv.put(stack, "quote:MSFT", JSON.stringify({ ...quote, as_of: new Date(Date.now() - 100_000).toISOString() }));
  await sim.fault({ path: "/market-*", fault: "hang", times: null, seconds: 60 });
  const result = await mcp.call("get_quote", { symbol: "MSFT" });
  assert.equal(result.structuredContent.quotes[0].source, "stale_cache", JSON.stringify(result.structuredContent));
  assert.ok(Date.now() - Date.parse(result.structuredContent.quotes[0].as_of) > 90_000);
  assert.match(result.content[0].text, /STALE/);
});

test("G05 TastyTrade answers 401 in the middle of a call: one mint, one more try, then reconnect_required", async () => {
  await mcp.ok("get_quote", { symbol: "SPY" });
  for (const [times, succeeds] of [[1, true], [null, false]]) {
    await forgetQuotes(stack);
    const [mints, mark] = [await sim.mints("trader"), await sim.mark()];
    await sim.fault({ path: "/market-data*", fault: "401", times });
    const result = await mcp.call("get_quote", { symbol: "SPY" });
    assert.equal(await sim.mints("trader"), mints + 1, `${times}`);
    const asked = (await sim.since(mark, /^\/market-data/)).length;
    assert.equal(asked, 2, `${times}`);
    assert.equal(!result.isError, succeeds, JSON.stringify(result));
    if (!succeeds) {
      assert.equal(result.structuredContent.error.code, "AUTHENTICATION_ERROR");
      assert.equal(result.structuredContent.error.reason, "reconnect_required");
    }
    await sim.clear();
  }
});

test("G05 TastyTrade answers 401 to everything: every tool asks for a new login", async () => {
  await faulty({ fault: "401" });
  const reasons = await everyTool();
  assert.equal(reasons.get_quote, "reconnect_required");
});

test("G05 a mint that yields another grant: the next mint uses that one, and it is sealed", async () => {
  const sealed = async () => (await d1(stack, "SELECT refresh_token_sealed AS text FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.trader]))[0].text;
  const first = await sealed();
  let original;
  const used = [];
  const ROTATED = `rotated-${"r".repeat(40)}`;
  // The simulator knows the first grant alone: what TTAI sends in its place is put back on the way.
  proxy.rewrite = ({ path, text }) => {
    if (path !== "/oauth/token") return text;
    const body = JSON.parse(text);
    used.push(body.refresh_token);
    original ??= body.refresh_token;
    return JSON.stringify({ ...body, refresh_token: original });
  };
  proxy.spoil = (answer) => (answer.path === "/oauth/token" ? { text: JSON.stringify({ ...JSON.parse(answer.text), refresh_token: ROTATED }) } : answer);
  const again = async () => {
    await Promise.all([sim.expireAccess("trader"), forgetQuotes(stack)]);
    await mcp.ok("get_quote", { symbol: "SPY" });
  };
  await again();
  const second = await sealed();
  assert.notEqual(second, first);
  assert.ok(!second.includes(ROTATED));
  await again();
  assert.deepEqual(used, [original, ROTATED]);
  assert.equal(await sealed(), second, "the same grant again is not sealed anew");
  proxy.spoil = (answer) => (answer.path === "/oauth/token" ? { text: JSON.stringify({ ...JSON.parse(answer.text), refresh_token: original }) } : answer);
  await again();
  proxy.rewrite = proxy.spoil = null;
  await again();
});

test("G08 the cache holds nonsense, or what is too old: TastyTrade is asked", async () => {
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "MSFT" });
  for (const [what, text] of [
    ["nonsense", "{"], ["another type", "5"], ["another shape", '{"symbol":"MSFT"}'], ["too old", JSON.stringify({ ...quote, last: 1.23, as_of: "2020-01-01T00:00:00Z" })], ["a megabyte", "x".repeat(1_000_000)],
  ]) {
    await kv.put(stack, "quote:MSFT", text);
    const { quotes: [got] } = await mcp.ok("get_quote", { symbol: "MSFT" });
    assert.equal(got.source, "rest", what);
    assert.notEqual(got.last, 1.23, what);
  }
});

test("G08 metrics that TastyTrade does not give: those that were kept, marked with their age; without them a note", async () => {
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "MSFT" });
  assert.equal(typeof quote.iv_rank, "number");
  const kept = JSON.parse(await kv.get(stack, "metrics:MSFT"));
  const mark = await sim.mark();
  await kv.delete(stack, "quote:MSFT");
  const again = await mcp.ok("get_quote", { symbol: "MSFT" });
  assert.equal(again.quotes[0].metrics_as_of, quote.metrics_as_of, "within a minute they are not asked for again");
  assert.deepEqual((await sim.since(mark, MARKET)).map(({ path }) => path.split("?")[0]), ["/market-data/by-type"]);
  await kv.put(stack, "metrics:MSFT", JSON.stringify({ ...kept, as_of: new Date(Date.now() - 120_000).toISOString() }));
  await kv.delete(stack, "quote:MSFT");
  await sim.fault({ path: "/market-metrics", fault: "500", times: null });
  const stale = await mcp.ok("get_quote", { symbol: "MSFT" });
  assert.equal(stale.quotes[0].source, "rest");
  assert.equal(stale.quotes[0].iv_rank, quote.iv_rank);
  assert.ok(Date.now() - Date.parse(stale.quotes[0].metrics_as_of) > 100_000);
  assert.match(stale.notes.join(), /MSFT are from before/);
  assert.equal(await kv.get(stack, "quote:MSFT"), null, "a quote with metrics from before is not kept");
});

test("G08 the cache is down: every tool answers as if it were empty", async () => {
  const folder = join(stateDir, "state/v3/kv");
  const blobs = readdirSync(folder).map((name) => join(folder, name, "blobs")).filter((path) => existsSync(path));
  assert.ok(blobs.length > 0);
  // Where its values lie is a file now: it can neither read nor write one.
  for (const path of blobs) {
    renameSync(path, `${path}.away`);
    writeFileSync(path, "");
  }
  try {
    const { quotes } = await mcp.ok("get_quote", { symbol: "SPY" });
    assert.equal(quotes[0].source, "rest");
    assert.match(stack.logs(), /"message":"cache write failed"/, "it is down");
    const reasons = await everyTool();
    for (const [name, reason] of Object.entries(reasons)) assert.ok(["answered", "not_found"].includes(reason), `${name}: ${reason}`);
  } finally {
    for (const path of blobs) {
      rmSync(path);
      renameSync(`${path}.away`, path);
    }
  }
  await forgetQuotes(stack);
  await mcp.ok("get_quote", { symbol: "SPY" });
});

test("G14 a panic inside a handler: 500 for that request, and the next one is served", async () => {
  for (const at of ["before", "after", "analysis", "analysis-after"]) {
    const { status, text } = await raw(`${stack.url}/debug/panic?at=${at}`);
    assert.equal(status, 500, at);
    assertHttpError(JSON.parse(text), "INTERNAL_ERROR", "internal");
    assert.equal((await list(stack, made.token)).status, 200, at);
  }
});

test("whatever failed, the log has JSON lines with the fields of its list and nothing else of ours", () => {
  const source = readFileSync(join(ROOT, "crates/edge/src/log.rs"), "utf8");
  const allowed = new Set(["level", "message", ...[.../const FIELDS: &\[&str\] = &\[([^\]]*)\]/.exec(source)[1].matchAll(/"(\w+)"/g)].map(([, name]) => name)]);
  const lines = [...stack.logs().matchAll(/^(?:\[[\w-]+\] )?(\{"\w+":.*\})\s*$/gm)].map(([, line]) => JSON.parse(line));
  assert.ok(lines.length > 50, `${lines.length} lines`);
  const fields = new Set(lines.flatMap((line) => Object.keys(line)));
  assert.deepEqual([...fields].filter((name) => !allowed.has(name)), []);
  assert.doesNotMatch(stack.logs(), /5WX1000\d|rotated-rrr|Maintenance<|Tess|Trader</);
});

// The last one: it ends the stack and starts half of it again.
test("G12 the analysis worker is down: tool error analysis_unavailable, and quotes from the cache still work", async () => {
  const { quotes: [quote] } = await mcp.ok("get_quote", { symbol: "QQQ" });
  // Fresh for as long as the restart may take.
  await kv.put(stack, "quote:QQQ", JSON.stringify({ ...quote, as_of: new Date(Date.now() + 300_000).toISOString() }));
  const { port } = new URL(stack.url);
  await stack.stop();
  const half = await useStack({ stateDir, port: Number(port), only: "workers", simPort: Number(new URL(stack.simUrl).port), without: "analysis" });
  const alone = client(half, made.token);
  assert.equal((await alone.ok("get_quote", { symbol: "QQQ" })).quotes[0].source, "cache");
  for (const [name, args] of [["get_quote", { symbol: "SPY" }], ["get_workflow_status", { workflow_id: "0123456789abcdef0123456789abcdef" }]]) {
    const error = await alone.error(name, args);
    assert.equal(error.code, "ANALYSIS_ERROR", name);
    assert.equal(error.reason, "analysis_unavailable");
    assert.equal(error.retryable, true);
  }
  const local = new Set(["answered", "analysis_unavailable", "not_found"]);
  for (const tool of tools) {
    const result = await alone.call(tool.name, argumentsOf(tool));
    const reason = result.isError ? result.structuredContent.error.reason : "answered";
    assert.ok(local.has(reason), `${tool.name}: ${reason}`);
  }
  assert.equal((await list(half, made.token)).status, 200);
  assert.equal((await raw(`${half.url}/health`)).status, 503);
  const resource = await alone.request("resources/read", { uri: "portfolio://balances" });
  assert.equal(resource.body.error?.code, -32603, JSON.stringify(resource.body));
  assert.equal(resource.body.error.data.error.code, "ANALYSIS_ERROR");
  const page = await made.browser.fetch(`${half.url}/dashboard`, { headers: { accept: "application/json" } });
  assert.equal(page.status, 500);
  assertHttpError(await page.json(), "ANALYSIS_ERROR", "analysis_unavailable");
});
