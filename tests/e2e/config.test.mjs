// Configurations that are not the usual one. Cases:
//  1. single-user mode: get_quote without a token on loopback hosts
//  2. single-user mode: another Host is refused, and there is no login
//  3. a short or missing key: the worker answers 503 with the line that makes one, and nothing else
//  4. `npm start` with a short or missing key, or without the grant of the single-user mode's user: one line
//  5. `npm start` with a taken port, a port that is none, an unknown option: one line
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { freshSecrets } from "../../scripts/lib/dev-vars.mjs";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { freePort } from "../../scripts/lib/stack.mjs";
import { assertHttpError, client, modern } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { command, useStack } from "../lib/stack.mjs";

const stack = await useStack({ legacy: true });

/** One request whose `Host` header is chosen: `{status, body}`. */
function asHost(host, path, { method = "GET", headers = {}, body } = {}) {
  const { port } = new URL(stack.url);
  return new Promise((done, fail) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { ...headers, host } }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => done({ status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) }));
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

test("1: single-user mode", async () => {
  for (const era of ["modern", "legacy"]) {
    const { quotes } = await client(stack, undefined, { era }).ok("get_quote", { symbol: "SPY" });
    assert.equal(quotes[0].symbol, "SPY", era);
  }
  const error = await client(stack, undefined).error("get_quote", { symbol: "" });
  assert.equal(error.code, "VALIDATION_ERROR");
  const { port } = new URL(stack.url);
  const { message, headers } = modern("tools/list");
  const local = await asHost(`127.0.0.1:${port}`, "/mcp", { method: "POST", headers: { ...headers, "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(message) });
  assert.equal(local.status, 200);
});

test("2: single-user mode for others", async () => {
  const { message, headers } = modern("tools/call", { name: "get_quote", arguments: { symbol: "SPY" } });
  for (const host of ["ttai.example.com", "192.168.1.7:8787", "localhost.evil.example"]) {
    const refused = await asHost(host, "/mcp", { method: "POST", headers: { ...headers, "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(message) });
    assert.equal(refused.status, 403, host);
    assertHttpError(refused.body, "AUTHORIZATION_ERROR", "forbidden");
  }
  for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp", "/oauth/authorize"]) {
    assert.equal((await fetch(`${stack.url}${path}`)).status, 404, path);
  }
});

test("3: a worker without a good key", async () => {
  const good = freshSecrets();
  for (const [name, value] of [["JWT_SECRET", "not-a-long-key"], ["TOKEN_ENCRYPTION_KEY", "c2hvcnQ="], ["TOKEN_ENCRYPTION_KEY", null]]) {
    Object.assign(stack.vars, good, { [name]: value });
    // The restart waits for a healthy worker, which this one never is: it ends when the worker is killed.
    const restarting = stack.restart();
    restarting.catch(() => {});
    for (const path of ["/health", "/mcp", "/.well-known/oauth-authorization-server", "/dashboard"]) {
      const { status, body } = await poll(`${name}=${value}: ${path}`, async () => {
        const response = await fetch(`${stack.url}${path}`, { method: path === "/mcp" ? "POST" : "GET" });
        return { status: response.status, body: await response.json() };
      }, { within: 30_000 });
      assert.equal(status, 503, `${name}=${value}: ${path}`);
      assertHttpError(body, "INTERNAL_ERROR", "not_configured");
      assert.ok(body.error.message.includes(name), body.error.message);
      assert.match(body.error.message, /openssl rand|node -p/, "it says how to make one");
      if (value) assert.ok(!body.error.message.includes(value), "the value is not shown");
    }
    assert.equal((await fetch(`${stack.url}/health`, { method: "HEAD" })).status, 200, "HEAD says that a server is there");
    await stack.kill9();
    await assert.rejects(restarting);
  }
});

// A folder with the scripts and variables of its own: `.dev.vars` of this one belongs to whoever works in it.
const folder = mkdtempSync(join(tmpdir(), "ttai-config-"));
after(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ["scripts", "package.json", "package-lock.json"]) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
// A folder of links, not a link to the folder: whatever is done to it, the packages themselves are left alone.
mkdirSync(join(folder, "node_modules"));
for (const name of readdirSync(join(ROOT, "node_modules"))) symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));

async function start(vars, { args = [], env = {} } = {}) {
  writeFileSync(join(folder, ".dev.vars"), Object.entries(vars).map(([name, value]) => `${name}=${value}\n`).join(""));
  const ports = { PORT: String(await freePort()), SIM_PORT: String(await freePort()) };
  const { code, out, err } = await command([join(folder, "scripts/start.mjs"), ...args], { env: { ...ports, ...env } });
  assert.equal(code, 1, `${out}\n${err}`);
  const lines = err.trim().split("\n");
  assert.equal(lines.length, 1, err);
  assert.match(lines[0], /^error: /);
  return lines[0];
}

test("4: npm start without a good key", async () => {
  const good = freshSecrets();
  for (const [name, value, says] of [
    ["JWT_SECRET", "", /JWT_SECRET.*missing/],
    ["JWT_SECRET", "short", /JWT_SECRET.*shorter than 32/],
    ["TOKEN_ENCRYPTION_KEY", "", /TOKEN_ENCRYPTION_KEY.*missing/],
    ["TOKEN_ENCRYPTION_KEY", "c2hvcnQ=", /TOKEN_ENCRYPTION_KEY.*32 bytes/],
  ]) {
    const line = await start({ ...good, [name]: value });
    assert.match(line, says);
    const make = /make one with: (.+)$/.exec(line)?.[1];
    assert.ok(make, line);
    // The line makes a key that is accepted.
    const script = /^node -p "(.+)"$/.exec(make)?.[1];
    assert.ok(script, make);
    const { out } = await command(["-p", script]);
    const made = out.trim();
    if (name === "JWT_SECRET") assert.ok(made.length >= 32, made);
    else assert.equal(Buffer.from(made, "base64").length, 32, made);
  }
});

test("5: npm start in other ways that cannot work", async () => {
  const good = freshSecrets();
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    const port = String(server.address().port);
    for (const name of ["PORT", "SIM_PORT"]) {
      const line = await start(good, { env: { [name]: port } });
      assert.ok(line.includes(`port ${port} is taken`) && line.includes(`${name}=`), line);
    }
  } finally {
    server.close();
  }
  assert.match(await start(good, { env: { PORT: "http" } }), /PORT is http/);
  assert.match(await start(good, { env: { PORT: "9999", SIM_PORT: "9999" } }), /must differ/);
  assert.match(await start(good, { args: ["--nonsense"] }), /--nonsense is not an option; usage: npm start/);
});
