// What the suites of real clients share: the stack, the store of a client's credentials, a record of what it sent, and
// the checks that hold for every client in every era.
import assert from "node:assert/strict";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { Browser } from "../lib/browser.mjs";
import { atTastyTrade } from "../lib/login.mjs";
import { forgetQuotes } from "../lib/market.mjs";
import { poll } from "../lib/poll.mjs";

/** Every field of a quote; a client gets each of them, `null` where upstream has nothing. */
export const QUOTE_FIELDS = [
  "symbol", "bid", "ask", "last", "mid", "mark", "change", "change_percent", "volume", "open", "high", "low", "close",
  "prev_close", "iv_rank", "iv_percentile", "iv_30_day", "hv_30_day", "beta", "market_cap", "earnings_date", "metrics_as_of", "source", "as_of",
];

/**
 * What an application keeps of an MCP server, in memory: the registration, the tokens, the code verifier. It serves the
 * client libraries of both eras, which ask for the same things. `opened` is where the browser was last sent.
 */
export class Store {
  opened = null;
  verifier = null;
  registration = undefined;
  kept = undefined;
  discovery = undefined;

  constructor(redirectUrl) {
    this.redirectUrl = redirectUrl;
    this.expectedState = crypto.randomUUID();
  }

  get clientMetadata() {
    return {
      client_name: "TTAI client suite",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  state = () => this.expectedState;
  clientInformation = () => this.registration;
  saveClientInformation = (information) => void (this.registration = information);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  redirectToAuthorization = (url) => void (this.opened = url);
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  discoveryState = () => this.discovery;
  saveDiscoveryState = (state) => void (this.discovery = state);
}

/** What the person does in the browser that an application opened; gives the address at which the application is answered. */
export async function logIn(opened, user = "trader", browser = new Browser()) {
  const until = opened.searchParams.get("redirect_uri");
  const page = await browser.open(opened.href, { until });
  const login = await browser.submit(page, {}, { press: "decision=login", until });
  const back = await atTastyTrade(browser, login, user, { until });
  assert.ok(back.arrived, `the login ended on ${back.url} (${back.status}): ${back.text?.slice(0, 1500)}`);
  return back.arrived;
}

/** A `fetch` for a client to use, and what went through it. */
export function recorder() {
  const seen = [];
  const through = async (input, init = {}) => {
    const response = await fetch(input, init);
    seen.push({
      method: init.method ?? "GET",
      path: new URL(input.url ?? input).pathname,
      headers: new Headers(init.headers),
      body: init.body?.toString() ?? "",
      status: response.status,
      challenge: response.headers.get("www-authenticate"),
    });
    return response;
  };
  /** The first request that `wanted` holds for, and none is a failure that says what there was. */
  const find = (what, wanted) => {
    const found = seen.find(wanted);
    assert.ok(found, `${what} is not among ${seen.map(({ method, path, status }) => `${method} ${path} ${status}`).join(", ")}`);
    return found;
  };
  return { fetch: through, seen, find };
}

/** The tools that change something; every other one says of itself that it only reads. */
const CHANGES = new Set(["update_config"]);

/** What a client's tool list must hold: the tools with their titles, schemas and annotations. */
export function checkTools(tools) {
  const names = tools.map(({ name }) => name);
  assert.ok(names.includes("get_quote") && names.includes("get_workflow_status"), `tools: ${names}`);
  for (const tool of tools) {
    assert.equal(tool.inputSchema.type, "object", `${tool.name}: input schema`);
    assert.equal(tool.outputSchema?.type, "object", `${tool.name}: output schema`);
    assert.ok(tool.description && (tool.title ?? tool.annotations?.title), `${tool.name}: title and description`);
    assert.equal(tool.annotations?.readOnlyHint, !CHANGES.has(tool.name), `${tool.name}: whether it only reads`);
  }
}

/** A quote result: every field, sane prices, and a text that says the same. */
export function checkQuote(result, symbol) {
  assert.ok(!result.isError, JSON.stringify(result.content));
  const [quote] = result.structuredContent.quotes;
  for (const field of QUOTE_FIELDS) assert.ok(field in quote, `${field} is missing: ${Object.keys(quote)}`);
  assert.equal(quote.symbol, symbol);
  for (const field of ["bid", "ask", "last", "mark", "prev_close"]) assert.ok(quote[field] > 0, `${field}: ${quote[field]}`);
  assert.ok(quote.bid <= quote.ask, `bid ${quote.bid}, ask ${quote.ask}`);
  assert.ok(Math.abs(Date.now() - Date.parse(quote.as_of)) < 10 * 24 * 3600_000, `as_of: ${quote.as_of}`);
  assert.deepEqual(result.structuredContent.missing, []);
  assert.match(result.content[0].text, new RegExp(`^${symbol} last [0-9.]+`));
  return quote;
}

/** Whether a result is what its tool's output schema says, read anew and apart from what the client does by itself. */
export function checkSchema(tools, name, { structuredContent }) {
  const { outputSchema } = tools.find((tool) => tool.name === name);
  const { valid, errorMessage } = new AjvJsonSchemaValidator().getValidator(outputSchema)(structuredContent);
  assert.ok(valid, `${name}: ${errorMessage}`);
}

/** The prompts and their completions, as a client of either era gets them. */
export async function checkPrompts(client) {
  const { prompts } = await client.listPrompts();
  assert.deepEqual(prompts.map(({ name }) => name), ["analyze-for-csp", "morning-briefing", "position-review", "roll-position", "earnings-check"]);
  const { messages } = await client.getPrompt({ name: "position-review", arguments: { symbol: "aapl", expiration: "2026-12-18" } });
  assert.match(messages[0].content.text, /^Review my position in AAPL that expires on 2026-12-18:/);
  await assert.rejects(client.getPrompt({ name: "position-review", arguments: {} }), { code: -32602 });
  await assert.rejects(client.getPrompt({ name: "position-review", arguments: { symbol: "no symbol!" } }), { code: -32602 });
  const complete = async (ref, name, value, context) => (await client.complete({ ref, argument: { name, value }, ...(context ? { context } : {}) })).completion.values;
  const review = { type: "ref/prompt", name: "position-review" };
  assert.ok((await complete(review, "symbol", "SP")).includes("SPY"));
  const days = await poll("the positions of the first sync", async () => {
    const found = await complete(review, "expiration", "", { arguments: { symbol: "AAPL" } });
    return found.length > 0 && found;
  });
  assert.ok(days.every((day) => /^\d{4}-\d\d-\d\d$/.test(day)), String(days));
  assert.deepEqual(await complete({ type: "ref/resource", uri: "knowledge://options/strategies/{strategy}" }, "strategy", "iron"), ["iron_condor"]);
}

/** The steps of get_quote, of which one of two symbols is not in the cache. */
export async function checkQuoteProgress(stack, call) {
  await forgetQuotes(stack, "QQQ");
  const told = [];
  const result = await call("get_quote", { symbols: ["QQQ", "IWM"] }, { onprogress: (progress) => told.push(progress) });
  assert.deepEqual(result.structuredContent.quotes.map(({ symbol }) => symbol), ["QQQ", "IWM"]);
  assert.ok(told.length === 3 && told.every(({ progress, total, message }, at) => progress === at + 1 && total === 3 && message), JSON.stringify(told));
}

/** A tool error: the error object in the structured content, and a text for the model. */
export function checkToolError(result, code, message) {
  assert.equal(result.isError, true);
  const { error } = result.structuredContent;
  assert.equal(error.code, code);
  assert.equal(error.retryable, false);
  assert.match(error.message, message);
  assert.match(result.content[0].text, message);
}

/** The knowledge documents as a client of either era sees them. */
export async function checkKnowledge(client) {
  const { resources } = await client.listResources();
  const listed = resources.find(({ uri }) => uri === "knowledge://options/strategies");
  assert.equal(listed?.mimeType, "text/markdown");
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.ok(resourceTemplates.some(({ uriTemplate }) => uriTemplate === "knowledge://options/strategies/{strategy}"));
  const { contents } = await client.readResource({ uri: "knowledge://options/strategies" });
  assert.equal(contents[0].uri, "knowledge://options/strategies");
  assert.match(contents[0].text, /^# .*\n/);
  const one = await client.readResource({ uri: "knowledge://options/strategies/iron_condor" });
  assert.match(one.contents[0].text, /iron condor/i);
}
