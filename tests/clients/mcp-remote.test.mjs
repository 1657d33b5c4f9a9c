// mcp-remote, unmodified, as the stdio bridge that Claude Desktop starts.
//
//  1. Its default protocol: it registers, opens the browser at the login, takes the callback on its own port, and bridges
//     initialize, tools/list, get_quote, an error and a document.
//  2. A second start over the same folder asks nobody to log in.
//  3. `--protocol auto`: the remote side is the stateless era.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { freePort } from "../../scripts/lib/stack.mjs";
import { useStack } from "../lib/stack.mjs";
import { checkQuote, checkToolError, checkTools, logIn } from "./support.mjs";

const PROXY = join(ROOT, "node_modules/mcp-remote/dist/proxy.js");

const stack = await useStack();
const home = mkdtempSync(join(tmpdir(), "ttai-mcp-remote-"));
// The browser that mcp-remote opens: it writes down where it was sent.
const browser = join(home, "browser");
const sentTo = join(home, "sent-to");

writeFileSync(browser, `#!/bin/sh
echo "$1" >> '${sentTo}'
`);
chmodSync(browser, 0o755);
writeFileSync(sentTo, "");
after(() => rmSync(home, { recursive: true, force: true }));

/** Starts the bridge and connects to it, logging in when it asks for that. */
async function bridge(context, folder, ...options) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [PROXY, `${stack.url}/mcp`, ...options],
    env: { PATH: process.env.PATH, HOME: home, BROWSER: browser, MCP_REMOTE_CONFIG_DIR: join(home, folder) },
    stderr: "pipe",
  });
  let said = "";
  let login = null;
  const callback = new Promise((done, failed) => {
    transport.stderr.on("data", (chunk) => {
      said += chunk;
      const asked = /visiting:\s+(http\S+)\s/.exec(said);
      if (!asked || login) return;
      login = new URL(asked[1]);
      logIn(login).then((back) => fetch(back).then(done, failed), failed);
    });
  });
  const client = new Client({ name: "ttai-suite-desktop", version: "1" });
  context.after(() => client.close());
  const failed = callback.then(() => new Promise(() => {}));
  try {
    await Promise.race([client.connect(transport), failed]);
  } catch (error) {
    throw new Error(`${error.message}\nmcp-remote said:\n${said}`, { cause: error });
  }
  return { client, login, callback, said: () => said };
}

async function checkBridged(client) {
  assert.equal(client.getServerVersion().name, "ttai-mcp-server");
  checkTools((await client.listTools()).tools);
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "AAPL" } }), "AAPL");
  checkToolError(await client.callTool({ name: "get_quote", arguments: { symbol: "not a symbol!" } }), "VALIDATION_ERROR", /symbol/);
  const { contents } = await client.readResource({ uri: "knowledge://options/strategies" });
  assert.match(contents[0].text, /^# .*\n/);
}

const port = String(await freePort());

test("1. its default protocol, login included", async (context) => {
  const { client, login, callback } = await bridge(context, "default", port, "--auth-timeout", "60");
  assert.ok(login, "nobody was asked to log in");
  assert.equal(login.searchParams.get("redirect_uri"), `http://localhost:${port}/oauth/callback`);
  assert.deepEqual([...new URL(readFileSync(sentTo, "utf8").trim()).searchParams], [...login.searchParams]);
  assert.equal((await callback).status, 200);
  await checkBridged(client);
});

test("2. a second start", async (context) => {
  const { client, login, said } = await bridge(context, "default", port);
  assert.equal(login, null, said());
  checkQuote(await client.callTool({ name: "get_quote", arguments: { symbol: "SPY" } }), "SPY");
});

test("3. --protocol auto", async (context) => {
  const { client, login, said } = await bridge(context, "auto", String(await freePort()), "--protocol", "auto", "--auth-timeout", "60", "--debug");
  assert.ok(login, "nobody was asked to log in");
  await checkBridged(client);
  assert.match(said(), /2026-07-28/);
});
