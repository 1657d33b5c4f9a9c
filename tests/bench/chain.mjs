// npm run bench:chain: what it costs to answer the whole chain of SPY, five thousand options, from the cache: milliseconds of
// the runtime's processor time and of waiting, and bytes. Beside it one expiration that is found in the same entry of the
// cache, and a quote from the cache, which is what a call costs anyway: the differences are what the entry and the answer
// cost. The runtime is asked at its own socket, one request after the other; its processor time is what the kernel says, with
// the local KV in it. Prints figures and judges nothing; about a minute.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { enter } from "../../scripts/lib/enter.mjs";

/** What is live in the cache is answered for thirty seconds. */
const SECONDS = 6;

await enter(import.meta.url, async () => {
  const { build, WORKERS } = await import("../../scripts/lib/build.mjs");
  const { say } = await import("../../scripts/lib/say.mjs");
  const { setup } = await import("../../scripts/lib/setup.mjs");
  const { startStack } = await import("../../scripts/lib/stack.mjs");
  const { login } = await import("../lib/login.mjs");
  const { modern } = await import("../lib/mcp.mjs");
  const { ownPort, runtimes } = await import("../lib/sockets.mjs");

  const ticks = Number(execFileSync("getconf", ["CLK_TCK"]));
  /** Milliseconds of processor time that a process has used. */
  const used = (pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks;
  };

  const { env } = await setup();
  await build(Object.keys(WORKERS), async () => env);
  const stack = await startStack({ vars: { RATE_MARKET: "0" } });
  try {
    const { token } = await login(stack);
    const server = await Promise.any((await runtimes(stack)).map(async (pid) => ({ pid, port: await ownPort([pid], stack.url, "/.well-known/oauth-protected-resource", ({ resource }) => resource.startsWith(stack.url)) })));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    /** Calls a tool: `{ms, bytes, answer}`. */
    const call = (name, args) =>
      new Promise((done, failed) => {
        const { message, headers } = modern("tools/call", { name, arguments: args });
        const body = JSON.stringify(message);
        const all = { host: new URL(stack.url).host, authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json, text/event-stream", "content-length": Buffer.byteLength(body), ...headers };
        const began = performance.now();
        const asked = request({ agent, host: "127.0.0.1", port: server.port, path: "/mcp", method: "POST", headers: all }, (answer) => {
          const chunks = [];
          answer.on("data", (chunk) => chunks.push(chunk));
          answer.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            done({ ms: performance.now() - began, bytes: text.length, answer: JSON.parse(text.startsWith("{") ? text : text.slice(text.lastIndexOf("data: ") + 6)).result });
          });
        });
        asked.on("error", failed);
        asked.end(body);
      });

    const whole = { symbol: "SPY", min_dte: 0, strikes: 0 };
    const cold = await call("get_option_chain", whole);
    assert.ok(!cold.answer.isError, JSON.stringify(cold.answer));
    const [, listed] = /answer: (\d{4}-\d\d-\d\d)/.exec(JSON.stringify(cold.answer.structuredContent.notes));
    await call("get_quote", { symbol: "SPY" });
    say(`cold: ${cold.ms.toFixed(0)} ms, ${cold.bytes} bytes, ${cold.answer.structuredContent.contracts} options in the answer`);
    say("warm                                       answers   processor, ms    waiting, ms      bytes");
    const rows = [
      ["the whole chain", "get_option_chain", whole],
      ["one expiration of the same entry", "get_option_chain", { symbol: "SPY", expiration: listed, strikes: 1 }],
      ["a quote", "get_quote", { symbol: "SPY" }],
    ];
    for (const [what, name, args] of rows) {
      // What is cached is as old as the last time that TastyTrade was asked.
      await call("get_option_chain", whole);
      const times = [];
      const [before, until] = [used(server.pid), performance.now() + SECONDS * 1000];
      let bytes = 0;
      while (performance.now() < until) {
        const { ms, bytes: size, answer } = await call(name, args);
        if (answer.structuredContent.source !== "rest" && answer.structuredContent.source !== "dxlink") times.push(ms);
        bytes = size;
      }
      const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
      say(`${what.padEnd(40)}${String(times.length).padStart(9)}${((used(server.pid) - before) / times.length).toFixed(1).padStart(16)}${median.toFixed(1).padStart(15)}${String(bytes).padStart(11)}`);
    }
    agent.destroy();
  } finally {
    await stack.stop();
  }
  return 0;
});
