// The MCP Inspector's command line, unmodified, with an access token in a header.
//
//  1. tools/list, its report on schema portability included (--strict).
//  2. tools/call get_quote.
//  3. tools/call with a malformed symbol: the tool's error, and a status that says so.
//  4. resources/list and resources/read.
//  5. The stateless era (--protocol-era modern).
//  6. Without a token it says that a login is needed.
//  7. Every other method of its command line that the server offers, in both eras: resources/templates/list, a template's
//     resource, prompts/list, prompts/get, and what MCP App a tool has.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { login } from "../lib/login.mjs";
import { useStack } from "../lib/stack.mjs";
import { checkQuote, checkToolError, checkTools } from "./support.mjs";

const INSPECTOR = join(ROOT, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");

const stack = await useStack();
const { token } = await login(stack);
const home = mkdtempSync(join(tmpdir(), "ttai-inspector-"));

after(() => rmSync(home, { recursive: true, force: true }));

/** One run; gives its status, what it printed, and the result in that. */
function run(method, options = [], headers = ["--header", `Authorization: Bearer ${token}`]) {
  const args = [INSPECTOR, "--cli", "--transport", "http", "--server-url", `${stack.url}/mcp`, ...headers, "--stored-auth-only", "--format", "json", "--method", method, ...options];
  return new Promise((done) => {
    execFile(process.execPath, args, { env: { PATH: process.env.PATH, HOME: home }, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ status: error ? error.code : 0, stdout, stderr, result: () => JSON.parse(stdout).result });
    });
  });
}

const succeeded = (ran) => assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`);

test("1. tools/list", async () => {
  const ran = await run("tools/list", ["--strict"]);
  succeeded(ran);
  checkTools(ran.result().tools);
});

test("2. tools/call get_quote", async () => {
  const ran = await run("tools/call", ["--tool-name", "get_quote", "--tool-arg", "symbol=AAPL"]);
  succeeded(ran);
  checkQuote(ran.result(), "AAPL");
});

test("3. a tool's error", async () => {
  const ran = await run("tools/call", ["--tool-name", "get_quote", "--tool-arg", "symbol=not a symbol!"]);
  checkToolError(ran.result(), "VALIDATION_ERROR", /symbol/);
  assert.equal(ran.status, 5);
  assert.equal(JSON.parse(ran.stderr).error.code, "tool_is_error");
});

test("4. resources", async () => {
  const listed = await run("resources/list");
  succeeded(listed);
  assert.ok(listed.result().resources.some(({ uri }) => uri === "knowledge://options/strategies"));
  const read = await run("resources/read", ["--uri", "knowledge://options/strategies"]);
  succeeded(read);
  assert.match(read.result().contents[0].text, /^# .*\n/);
});

test("5. the stateless era", async () => {
  const ran = await run("tools/call", ["--protocol-era", "modern", "--tool-name", "get_quote", "--tool-arg", "symbol=AAPL"]);
  succeeded(ran);
  checkQuote(ran.result(), "AAPL");
});

test("6. without a token", async () => {
  const ran = await run("tools/list", [], []);
  assert.notEqual(ran.status, 0);
  assert.match(ran.stdout + ran.stderr, /auth_required|unauthorized|login/i);
});

test("7. templates, prompts and apps", async () => {
  for (const era of [[], ["--protocol-era", "modern"]]) {
    const templates = await run("resources/templates/list", era);
    succeeded(templates);
    assert.ok(templates.result().resourceTemplates.some(({ uriTemplate }) => uriTemplate === "knowledge://options/strategies/{strategy}"));
    const condor = await run("resources/read", [...era, "--uri", "knowledge://options/strategies/iron_condor"]);
    succeeded(condor);
    assert.match(condor.result().contents[0].text, /iron condor/i);
    const prompts = await run("prompts/list", era);
    succeeded(prompts);
    assert.ok(prompts.result().prompts.some(({ name }) => name === "position-review"));
    const prompt = await run("prompts/get", [...era, "--prompt-name", "position-review", "--prompt-args", "symbol=AAPL"]);
    succeeded(prompt);
    assert.match(prompt.result().messages[0].content.text, /AAPL/);
  }
  const app = await run("tools/call", ["--app-info", "--tool-name", "get_quote"]);
  succeeded(app);
  assert.match(app.stdout, /ui:\/\/ttai\/quote-card/);
});
