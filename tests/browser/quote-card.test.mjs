// The quote card (ui://ttai/quote-card) in a browser, inside a small host that says what a client of MCP Apps says. The page
// is the one that the server sends, in a sandboxed frame under the policy that the extension prescribes; the quotes are a real
// result of get_quote. In every case a complaint of the browser is a failure.
//
//  1. The handshake: ui/initialize with the page's name and the revision, then `initialized`, and nothing before the host's
//     answer; then the page tells its size, at most 500 high.
//  2. A result is shown: prices, change, range, volatility, and the symbols that there are not. Pictures in both schemes.
//  3. The host's theme and variables are taken, from the beginning and when they change.
//  4. An error of the tool, a cancelled call and texts that look like HTML are shown as text.
//  5. Requests of the host are answered: ping, teardown, and one that the page does not know. Who is not the host is not heard.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { useStack } from "../lib/stack.mjs";
import { newPerson, picture, startBrowser } from "./person.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'";
const HOST = `<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Host</title><style>body { margin: 16px; font: 14px sans-serif; background: light-dark(#f2f4f6, #0d1318); color-scheme: light dark } iframe { width: 100%; height: 500px; border: 0 }</style>
<script>
  const heard = [];
  let context = {};
  addEventListener("message", ({ source, data }) => {
    if (source !== document.querySelector("iframe")?.contentWindow) return;
    heard.push(data);
    if (data.method === "ui/initialize") say({ id: data.id, result: { protocolVersion: "2026-01-26", hostInfo: { name: "host", version: "1" }, hostCapabilities: {}, hostContext: context } });
    if (data.method === "ui/notifications/size-changed") document.querySelector("iframe").style.height = data.params.height + "px";
  });
  const say = (message) => document.querySelector("iframe").contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const open = (given) => { context = given; heard.length = 0; document.querySelector("iframe")?.remove(); const frame = document.createElement("iframe"); frame.sandbox = "allow-scripts"; frame.src = "/view"; frame.style.colorScheme = given.theme ?? ""; document.body.append(frame); };
</script><body></body></html>`;

const stack = await useStack();
let html;
let result;
let browser;
let person;
const server = createServer((request, response) => {
  const isView = request.url === "/view";
  response.writeHead(request.url === "/favicon.ico" ? 204 : 200, { "content-type": "text/html; charset=utf-8", ...(isView ? { "content-security-policy": POLICY } : {}) });
  response.end(isView ? html : HOST);
});

const heard = () => person.page.evaluate(() => heard);
const say = (message) => person.page.evaluate((sent) => say(sent), message);
const view = () => person.page.frames().find((frame) => frame.url().endsWith("/view"));
const text = () => view().evaluate(() => document.body.innerText);
const shown = (pattern) => poll(`the card shows ${pattern}`, async () => pattern.test(await text()) && text());

/** A card of its own, up to the end of its handshake. */
async function open(context = {}) {
  await person.page.evaluate((given) => open(given), context);
  return poll("the handshake", async () => (await heard()).some(({ method }) => method === "ui/notifications/initialized") && heard());
}

before(async () => {
  const { token } = await login(stack);
  const mcp = client(stack, token);
  html = (await mcp.request("resources/read", { uri: "ui://ttai/quote-card" })).body.result.contents[0].text;
  result = await mcp.call("get_quote", { symbols: ["AAPL", "SPY", "ZZZZQ"] });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  browser = await startBrowser();
  person = await newPerson(browser, origin);
  await person.page.goto(`${origin}/`);
});

after(async () => {
  await browser?.close();
  server.close();
});

test("1: the handshake", async () => {
  const messages = await open();
  assert.equal(messages[0].method, "ui/initialize");
  assert.equal(messages[0].params.protocolVersion, "2026-01-26");
  assert.equal(messages[0].params.appInfo.name, "ttai-quote-card");
  assert.equal(messages[1].method, "ui/notifications/initialized");
  const size = await poll("its size", async () => (await heard()).find(({ method }) => method === "ui/notifications/size-changed"));
  assert.ok(size.params.width > 0 && size.params.height > 0 && size.params.height <= 500, JSON.stringify(size));
});

test("2: a result", async () => {
  await open({ theme: "light", locale: "en-US", timeZone: "America/New_York" });
  await say({ method: "ui/notifications/tool-input", params: { arguments: { symbols: ["AAPL", "SPY", "ZZZZQ"] } } });
  await say({ method: "ui/notifications/tool-result", params: result });
  const words = await shown(/AAPL/);
  for (const quote of result.structuredContent.quotes) {
    assert.ok(words.includes(quote.last.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })), words);
  }
  assert.match(words, /IV rank\s+[\d.]+ %/);
  assert.match(words, /ZZZZQ: TastyTrade does not know this symbol\./);
  await picture(person.page, "quote-card");
  await open({ theme: "dark", locale: "en-US" });
  await say({ method: "ui/notifications/tool-result", params: result });
  await shown(/AAPL/);
  await person.page.emulateMedia({ colorScheme: "dark" });
  await picture(person.page, "quote-card-dark", { phone: true });
});

test("3: the host's theme", async () => {
  const colour = () => view().evaluate(() => getComputedStyle(document.body).color);
  await open({ theme: "dark", styles: { variables: { "--color-text-primary": "rgb(1, 2, 3)" } } });
  assert.equal(await colour(), "rgb(1, 2, 3)");
  assert.equal(await view().evaluate(() => document.documentElement.style.colorScheme), "dark");
  await say({ method: "ui/notifications/host-context-changed", params: { theme: "light", styles: { variables: { "--color-text-primary": "rgb(4, 5, 6)" } } } });
  await poll("the new colour", async () => (await colour()) === "rgb(4, 5, 6)");
});

test("4: errors, and texts that look like HTML", async () => {
  await open();
  const message = "<img src=x onerror=alert(1)> is not a symbol.";
  await say({ method: "ui/notifications/tool-result", params: { isError: true, content: [{ type: "text", text: message }], structuredContent: { error: { message } } } });
  await shown(/<img src=x onerror=alert\(1\)> is not a symbol\./);
  await say({ method: "ui/notifications/tool-result", params: { content: [], structuredContent: { quotes: [{ symbol: "<b>X</b>", last: 1, as_of: "nonsense" }], missing: [], notes: ["<i>note</i>"] } } });
  await shown(/<b>X<\/b>[\s\S]*<i>note<\/i>/);
  assert.equal(await view().evaluate(() => document.querySelectorAll("b, i, img").length), 0);
  await say({ method: "ui/notifications/tool-result", params: { content: [{ type: "text", text: "plain" }] } });
  await shown(/plain/);
  await say({ method: "ui/notifications/tool-cancelled", params: { reason: "user" } });
  await shown(/cancelled/);
});

test("5: requests of the host", async () => {
  await open();
  const answer = async (id, method) => {
    await say({ id, method, params: {} });
    return poll(`the answer to ${method}`, async () => (await heard()).find((message) => message.id === id && !message.method));
  };
  assert.deepEqual((await answer(101, "ping")).result, {});
  assert.deepEqual((await answer(102, "ui/resource-teardown")).result, {});
  assert.equal((await answer(103, "ui/nothing")).error.code, -32601);
  await view().evaluate(() => window.postMessage({ jsonrpc: "2.0", method: "ui/notifications/tool-cancelled", params: {} }, "*"));
  assert.deepEqual((await answer(104, "ping")).result, {});
  assert.doesNotMatch(await text(), /cancelled/);
  assert.deepEqual(person.complaints, []);
});
