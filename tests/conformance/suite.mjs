// The official conformance suite: the fixture that it tests, the production surface behind a proxy that adds a token, and
// the authorization server. `run.mjs` prints what came of it; `conformance.test.mjs` makes each scenario a test.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import { authorize, discover, register } from "../../scripts/lib/login.mjs";
import { capture, plain } from "../../scripts/lib/exec.mjs";
import { NODE, ROOT, WRANGLER } from "../../scripts/lib/paths.mjs";
import { QUIET_WRANGLER } from "../../scripts/lib/setup.mjs";
import { freePort } from "../../scripts/lib/stack.mjs";

const SUITE = join(ROOT, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const FIXTURE = join(ROOT, "tests/conformance/fixture");
const LIMIT = 240_000;

/** How many scenarios each revision requires of a server. */
export const REQUIRED = { "2025-11-25": 30, "2026-07-28": 37 };

/** The scenarios that say something of the product itself: all but those that need the suite's own tools. */
export const PRODUCTION = [
  { revision: "2025-11-25", scenarios: ["server-initialize", "logging-set-level", "ping", "tools-list", "resources-list", "prompts-list", "server-sse-multiple-streams", "dns-rebinding-protection"] },
  {
    revision: "2026-07-28",
    scenarios: [
      "server-stateless", "tools-list", "resources-list", "prompts-list", "sep-2164-resource-not-found", "caching", "input-required-result-unsupported-methods",
      "server-sse-multiple-streams", "dns-rebinding-protection", "http-header-validation",
    ],
  },
];

/**
 * Single checks that call the suite's own tools, in scenarios that the production surface is put through otherwise. The
 * suite fails where one of them passes, so that the list cannot grow old.
 */
const NEED_FIXTURE = {
  "server-stateless": [
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-missing-capability-http-400",
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-server-no-log-without-loglevel",
  ],
};

const pause = (ms) => new Promise((next) => setTimeout(next, ms));

// ---- the fixture ------------------------------------------------------------------------------------------------------

/**
 * Starts the fixture, which is built already, in the local runtime: `{url, group, log(), stop()}`. `vars` are variables: what is
 * held can be made shorter (`MCP_IDLE_SECONDS`, `MCP_QUESTION_SECONDS`, `MCP_LISTEN_SECONDS`), and pages (`MCP_PAGE_SIZE`).
 */
export async function startFixture(vars = {}) {
  const base = mkdtempSync(join(tmpdir(), "ttai-conformance-"));
  const port = await freePort();
  const config = parse(readFileSync(join(FIXTURE, "wrangler.toml"), "utf8"));
  config.main = join(FIXTURE, config.main);
  const file = join(base, "wrangler.toml");
  writeFileSync(file, stringify(config));
  const all = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString("base64"), ENVIRONMENT: "development", ...vars };
  writeFileSync(join(base, ".dev.vars"), Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join(""), { mode: 0o600 });
  const log = join(base, "log");
  const output = openSync(log, "a");
  const env = { ...process.env, ...QUIET_WRANGLER, CI: "1", NO_COLOR: "1", WRANGLER_REGISTRY_PATH: join(base, "registry") };
  delete env.NODE_OPTIONS;
  const args = ["dev", "-c", file, "--port", String(port), "--inspector-port", "0", "--persist-to", join(base, "state")];
  const child = spawn(NODE, ["--no-warnings", WRANGLER, ...args], { cwd: base, env, detached: true, stdio: ["ignore", output, output] });
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const killed = () => kill("SIGKILL");
  process.on("exit", killed);
  const url = `http://localhost:${port}`;
  const stop = async () => {
    process.off("exit", killed);
    kill("SIGTERM");
    for (let waited = 0; child.exitCode === null && child.signalCode === null && waited < 5_000; waited += 50) await pause(50);
    kill("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  };
  for (const until = Date.now() + 60_000; ; ) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return { url, group: child.pid, log: () => readFileSync(log, "utf8"), stop };
    if (child.exitCode !== null || Date.now() > until) {
      const said = plain(readFileSync(log, "utf8")).slice(-2000);
      await stop();
      throw new Error(`the fixture did not start: ${said}`);
    }
    await pause(50);
  }
}

// ---- the suite --------------------------------------------------------------------------------------------------------

/** The scenarios that a revision requires of a server. */
export async function required(revision) {
  const { out } = await capture(NODE, [SUITE, "list", "--server", "--requirements", revision]);
  const section = out.slice(out.indexOf("Server scenarios")).split("\n\n")[0];
  return [...section.matchAll(/^\s+- (\S+)/gm)].map(([, name]) => name);
}

/** What the summary of a run says of each scenario: `{name, passed, failed}`. */
function summary(text) {
  return [...plain(text).matchAll(/^[✓✗~⚠-]\s+(\S+?):\s+(\d+) passed, (\d+) failed/gmu)].map(([, name, passed, failed]) => ({ name, passed: Number(passed), failed: Number(failed) }));
}

const verdict = ({ passed, failed }) => (failed ? "failed" : passed ? "passed" : "skipped");

/** Runs all scenarios of a revision: `[{name, verdict, output}]` in the order of the revision's list. */
export async function runRevision(url, revision) {
  const names = await required(revision);
  const { out, err } = await capture(NODE, [SUITE, "server", "--url", `${url}/mcp`, "--requirements", revision], { timeout: LIMIT });
  const results = summary(out);
  return names.map((name) => {
    const found = results.find((result) => result.name === name);
    return { name, verdict: found ? verdict(found) : "not run", output: sectionOf(`${out}\n${err}`, name) };
  });
}

/** What a run wrote of one scenario. */
function sectionOf(text, name) {
  const begin = text.indexOf(`=== Running scenario: ${name} ===`);
  if (begin < 0) return text.slice(-1500);
  const end = text.indexOf("=== ", begin + 30);
  return plain(text.slice(begin, end < 0 ? undefined : end)).slice(0, 3000);
}

/** Runs one scenario of the production surface at the wire of one revision: `{name, verdict, output}`. */
export async function runScenario(url, revision, name) {
  const folder = mkdtempSync(join(tmpdir(), "ttai-conformance-"));
  const args = [SUITE, "server", "--url", `${url}/mcp`, "--scenario", name, "--spec-version", revision, "--force"];
  if (NEED_FIXTURE[name]) {
    const file = join(folder, "need-fixture.yml");
    writeFileSync(file, `server:\n${NEED_FIXTURE[name].map((check) => `  - ${name}:${check}\n`).join("")}`);
    args.push("--expected-failures", file);
  }
  const { code, out, err } = await capture(NODE, args, { timeout: 60_000 });
  rmSync(folder, { recursive: true, force: true });
  const output = plain(`${out}\n${err}`);
  const passed = Number(/Passed: (\d+)\/\d+/.exec(output)?.[1] ?? 0);
  return { name, verdict: code !== 0 ? "failed" : passed ? "passed" : "skipped", output: output.slice(-2500) };
}

// ---- the production surface -------------------------------------------------------------------------------------------

/** A proxy that adds a token and passes everything else on as it is, `Host` and `Origin` too: `{url, close()}`. */
export async function tokenProxy(target, token) {
  const { hostname, port } = new URL(target);
  const own = await freePort();
  const server = createServer((incoming, answer) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    // What names this proxy would be a foreign host to the product; a name that the suite made up stays.
    if (headers.host === `localhost:${own}`) headers.host = `${hostname}:${port}`;
    const outgoing = send({ hostname, port, path: incoming.url, method: incoming.method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    answer.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise((ready) => server.listen(own, "127.0.0.1", ready));
  return {
    url: `http://localhost:${own}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

// ---- the authorization server -----------------------------------------------------------------------------------------

export const AUTHORIZATION = ["authorization-server-metadata-endpoint", "authorization-code-grant"];

/**
 * Runs the scenarios of the authorization server, with a person who logs in where the suite asks for one. It is one run:
 * the second scenario reads what the first one found.
 */
export async function runAuthorization(stack) {
  const port = await freePort();
  const redirectUri = `http://127.0.0.1:${port}/callback`;
  const { server, resource } = await discover(`${stack.url}/mcp`);
  const { client_id: client } = await register(server, { redirectUri, name: "Conformance suite" });
  const args = [SUITE, "authorization", "--url", server.issuer, "--client-id", client, "--resource", resource.resource, "-p", String(port)];
  const child = spawn(NODE, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let walked;
  const logIn = async (address) => {
    const back = await authorize(new URL(address), { redirectUri });
    await (await fetch(back)).text();
  };
  const hear = (chunk) => {
    text += chunk;
    const from = plain(text).indexOf(`${server.authorization_endpoint}?`);
    const address = from < 0 ? null : /^\S+(?=\s)/.exec(plain(text).slice(from))?.[0];
    if (address) walked ??= logIn(address).catch((error) => (text += `\n${error.stack}`));
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  const limit = setTimeout(() => child.kill("SIGKILL"), 60_000);
  await new Promise((done) => child.on("close", done));
  clearTimeout(limit);
  await walked;
  const results = summary(text);
  return AUTHORIZATION.map((name) => {
    const found = results.find((result) => result.name === name);
    return { name, verdict: found ? verdict(found) : "not run", output: plain(text).slice(-4000) };
  });
}
