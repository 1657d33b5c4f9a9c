// What `npm start` does, after the npm packages are there.
import { mkdirSync, readFileSync, statSync, unwatchFile, watchFile, openSync, readSync, closeSync } from "node:fs";
import { join, relative } from "node:path";
import { build, WORKERS } from "./build.mjs";
import { checkSecrets, ensureDevVars, readDevVars } from "./dev-vars.mjs";
import { plain } from "./exec.mjs";
import { ROOT } from "./paths.mjs";
import { say, seconds, step, Stop } from "./say.mjs";
import { setup } from "./setup.mjs";
import { portFor, startStack } from "./stack.mjs";

const USAGE = "usage: npm start [-- --legacy]   (PORT and SIM_PORT move it)";

/** A port from the environment; the default where it is not set. */
function portOf(name, otherwise) {
  const text = process.env[name];
  if (!text) return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Stop(`${name} is ${text}; it must be a port between 1 and 65535`);
  return port;
}

/** Whether an address is this machine's. */
function isLoopback(address) {
  return URL.canParse(address) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(address).hostname);
}

/** Prints the error lines that servers write from now on. */
function showErrors(files) {
  const interesting = /\[ERROR\]|Uncaught|"level":"error"/i;
  for (const file of files) {
    let offset = statSync(file).size;
    watchFile(file, { interval: 500 }, (now) => {
      if (now.size < offset) offset = 0;
      if (now.size === offset) return;
      const text = Buffer.alloc(now.size - offset);
      const handle = openSync(file, "r");
      readSync(handle, text, 0, text.length, offset);
      closeSync(handle);
      offset = now.size;
      for (const line of text.toString("utf8").split("\n").filter((candidate) => interesting.test(candidate))) say(`  ! ${plain(line).trim().slice(0, 400)}`);
    });
  }
  return () => files.forEach((file) => unwatchFile(file));
}

/** `left` is settled when this process is told to end, with the value that `leave` is given. */
function departure() {
  let leave;
  const left = new Promise((done) => (leave = done));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => leave(0));
  return { leave, left };
}

/** The variables of .dev.vars without those that follow from the ports. */
function ownVars(legacy) {
  const { PUBLIC_URL: _a, ENVIRONMENT: _b, TT_API_URL: api, TT_AUTHORIZE_URL: login, TT_STREAMER_URL: streamer, ...vars } = readDevVars();
  const real = api && !isLoopback(api);
  if (real) Object.assign(vars, { TT_API_URL: api, ...(login && { TT_AUTHORIZE_URL: login }), ...(streamer && { TT_STREAMER_URL: streamer }) });
  checkSecrets(vars, { legacy });
  return vars;
}

/** Waits until the stack or this process ends, and ends the stack. */
async function untilEnd(stack, { leave, left }) {
  const watch = setInterval(() => {
    const ended = stack.ended();
    if (ended) leave(ended);
  }, 500);
  const cause = await left;
  clearInterval(watch);
  await stack.stop();
  if (cause?.ended) {
    const last = readFileSync(cause.log, "utf8").trim().split("\n").at(-1);
    throw new Stop(`${cause.name} ${cause.ended}: ${last} (log: ${cause.log})`);
  }
}

/** One half of the stack, with its output here. */
export async function serve(half) {
  const signals = departure();
  ensureDevVars();
  const stack = await startStack({ port: portOf("PORT", 8787), simPort: portOf("SIM_PORT", 8788), stateDir: join(ROOT, ".wrangler"), vars: ownVars(false), crons: half === "workers", watch: true, quiet: false, only: half, inherit: true });
  await untilEnd(stack, signals);
  process.exit(0);
}

export async function main(args) {
  const unknown = args.filter((argument) => argument !== "--legacy");
  if (unknown.length) throw new Stop(`${unknown[0]} is not an option; ${USAGE}`);
  const legacy = args.includes("--legacy");
  const began = Number(process.env.TTAI_BEGAN) || Date.now();
  const port = portOf("PORT", 8787);
  const simPort = portOf("SIM_PORT", 8788);
  if (port === simPort) throw new Stop(`PORT and SIM_PORT are both ${port}; they must differ`);
  // Told now rather than after minutes of building.
  await portFor(port, "PORT");
  await portFor(simPort, "SIM_PORT");

  const { leave, left } = departure();

  say("TTAI: setting up");
  await step("development secrets", ensureDevVars);
  const vars = ownVars(legacy);
  const interrupted = left.then(() => {
    throw new Stop("interrupted");
  });
  interrupted.catch(() => {});
  const starting = (async () => {
    const { env } = await setup();
    await build(Object.keys(WORKERS), async () => env);
    mkdirSync(join(ROOT, ".wrangler"), { recursive: true });
    return startStack({ port, simPort, stateDir: join(ROOT, ".wrangler"), vars, legacy, crons: true, watch: true, quiet: false });
  })();
  const stack = await Promise.race([starting, interrupted]).catch((error) => {
    // What runs in the background of the start ends with this process: its leash sees to the servers.
    if (error.message === "interrupted") process.exit(130);
    throw error;
  });

  const files = Object.values(stack.logFiles);
  const quiet = showErrors(files);
  say();
  say(`TTAI is running${legacy ? " in single-user mode" : ""}, ready after ${seconds(Date.now() - began)}`);
  say();
  say(`  MCP URL       ${stack.url}/mcp`);
  say(`  landing page  ${stack.url}/`);
  say(`  dashboard     ${stack.url}/dashboard`);
  if (vars.TT_API_URL) say(`  TastyTrade    ${vars.TT_API_URL}   the real one, as .dev.vars says; the simulator is not used`);
  say(`  simulator     ${stack.simUrl}   test user: trader, password: simulator, one-time code: 123456`);
  say(`  logs          ${relative(process.cwd(), stack.logFiles.workers) || stack.logFiles.workers}`);
  say();
  say("  An access token for curl: npm run -s token.   Ctrl-C ends everything.");

  await untilEnd(stack, { leave, left }).finally(quiet);
  say("TTAI has ended.");
  process.exit(0);
}
