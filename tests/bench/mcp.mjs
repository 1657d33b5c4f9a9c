// npm run bench:mcp: requests per second and the median of `tools/list` and of a trivial tool, of the protocol core in the
// local runtime beside a hand-written worker in plain JavaScript that answers the same JSON (tests/bench/peer). Both are asked
// at workerd's own socket, without wrangler's proxy, one request after the other and sixteen at once, in turns. Prints figures
// and their ratios; it judges nothing, and takes less than a minute. What counts are the ratios within one run: a measured
// worker shares the machine with what measures it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enter } from "../../scripts/lib/enter.mjs";

const SECONDS = 1.5;
const WARM_SECONDS = 0.2;
const ROUNDS = 3;

await enter(import.meta.url, async () => {
  const { build, FIXTURE } = await import("../../scripts/lib/build.mjs");
  const { capture } = await import("../../scripts/lib/exec.mjs");
  const { NODE, ROOT, WRANGLER } = await import("../../scripts/lib/paths.mjs");
  const { say } = await import("../../scripts/lib/say.mjs");
  const { QUIET_WRANGLER, setup } = await import("../../scripts/lib/setup.mjs");
  const { freePort } = await import("../../scripts/lib/stack.mjs");
  const { startFixture } = await import("../conformance/suite.mjs");
  const { legacy, modern, post } = await import("../lib/mcp.mjs");
  const { poll } = await import("../lib/poll.mjs");
  const { ownPort } = await import("../lib/sockets.mjs");

  /** The processes of workerd in a process group. */
  const runtimes = async (group) => {
    const { out } = await capture("ps", ["-eo", "pid=,pgid=,args="]);
    const rows = out.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)).filter(Boolean);
    return rows.filter(([, , of, command]) => Number(of) === group && command.includes("workerd") && command.includes(" serve ")).map(([, pid]) => Number(pid));
  };

  /** Starts the peer with these tools: `{url, group, stop()}`. */
  const startPeer = async (tools) => {
    const base = mkdtempSync(join(tmpdir(), "ttai-bench-"));
    for (const file of ["worker.mjs", "wrangler.toml"]) copyFileSync(join(ROOT, "tests/bench/peer", file), join(base, file));
    writeFileSync(join(base, "tools.json"), JSON.stringify(tools));
    const port = await freePort();
    const output = openSync(join(base, "log"), "a");
    const env = { ...process.env, ...QUIET_WRANGLER, CI: "1", NO_COLOR: "1", WRANGLER_REGISTRY_PATH: join(base, "registry") };
    delete env.NODE_OPTIONS;
    const args = ["--no-warnings", WRANGLER, "dev", "-c", join(base, "wrangler.toml"), "--port", String(port), "--inspector-port", "0", "--persist-to", join(base, "state")];
    const child = spawn(NODE, args, { cwd: base, env, detached: true, stdio: ["ignore", output, output] });
    const url = `http://localhost:${port}`;
    const stop = async () => {
      for (const signal of ["SIGTERM", "SIGKILL"]) {
        try {
          process.kill(-child.pid, signal);
        } catch {
          break;
        }
        await new Promise((next) => setTimeout(next, 500));
      }
      rmSync(base, { recursive: true, force: true });
    };
    await poll("the peer", async () => (await fetch(url)).ok, { within: 30_000 });
    return { url, group: child.pid, stop };
  };

  /** One request; gives how long it took in ms. */
  const once = (agent, { port, host }, { message, headers }, body) =>
    new Promise((done, failed) => {
      const began = performance.now();
      const all = { host, "content-type": "application/json", accept: "application/json, text/event-stream", "content-length": Buffer.byteLength(body), ...headers };
      const asked = request({ agent, host: "127.0.0.1", port, path: "/mcp", method: "POST", headers: all }, (answer) => {
        let length = 0;
        answer.on("data", (chunk) => (length += chunk.length));
        answer.on("end", () => (answer.statusCode === 200 && length > 0 ? done(performance.now() - began) : failed(new Error(`${message.method}: ${answer.statusCode}`))));
      });
      asked.on("error", failed);
      asked.end(body);
    });

  /** Asks for so many seconds with so many at once: `{rate, p50}`. */
  const measure = async (server, made, atOnce) => {
    const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
    const body = JSON.stringify(made.message);
    for (const warm = performance.now() + WARM_SECONDS * 1000; performance.now() < warm; ) await once(agent, server, made, body);
    const times = [];
    const began = performance.now();
    const until = began + (SECONDS * 1000) / ROUNDS;
    const worker = async () => {
      while (performance.now() < until) times.push(await once(agent, server, made, body));
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const took = performance.now() - began;
    agent.destroy();
    return { times, took };
  };

  const summed = (runs) => {
    const times = runs.flatMap(({ times: some }) => some).sort((a, b) => a - b);
    const took = runs.reduce((sum, { took: some }) => sum + some, 0);
    return { rate: (times.length * 1000) / took, p50: times[Math.floor(times.length / 2)] };
  };

  const { env } = await setup();
  await build([FIXTURE], async () => env);
  const fixture = await startFixture();
  let peer;
  try {
    const call = { name: "test_simple_text", arguments: {} };
    // A client of that revision reads log messages on a stream unless it reads JSON alone.
    const plain = legacy("tools/call", call);
    plain.headers.accept = "application/json";
    const cases = [["tools/list, 2026-07-28", modern("tools/list")], ["tools/list, 2025-11-25", legacy("tools/list")], ["tools/call, 2026-07-28", modern("tools/call", call)], ["tools/call, 2025-11-25", plain]];
    const answerOf = async (url, made) => (await post(`${url}/mcp`, made.message, { headers: made.headers })).body;
    peer = await startPeer((await answerOf(fixture.url, cases[0][1])).result.tools);
    for (const [, made] of cases) assert.deepEqual(await answerOf(peer.url, made), await answerOf(fixture.url, made), "both answer the same");
    const at = async ({ url, group }, path, isIt) => ({ port: await ownPort(await runtimes(group), url, path, isIt), host: new URL(url).host });
    const servers = {
      core: await at(fixture, "/health", ({ ok }) => ok),
      peer: await at(peer, "/", ({ peer: isPeer }) => isPeer),
    };
    say("                                  requests/s                p50, ms");
    say("                            core    peer   ratio     core    peer   ratio");
    for (const atOnce of [1, 16]) {
      for (const [name, made] of cases) {
        const runs = { core: [], peer: [] };
        for (let round = 0; round < ROUNDS; round += 1) for (const server of ["core", "peer"]) runs[server].push(await measure(servers[server], made, atOnce));
        const [core, other] = [summed(runs.core), summed(runs.peer)];
        const cell = (number, width, digits = 0) => number.toFixed(digits).padStart(width);
        say(`${name} ${String(atOnce).padStart(2)}${cell(core.rate, 9)}${cell(other.rate, 8)}${cell(core.rate / other.rate, 8, 2)}${cell(core.p50, 9, 2)}${cell(other.p50, 8, 2)}${cell(core.p50 / other.p50, 8, 2)}`);
      }
    }
  } finally {
    await Promise.all([fixture.stop(), peer?.stop()]);
  }
  return 0;
});
