// The local stack: both workers in one local server, the simulator in another, with state of their own. `npm start` and
// all black-box suites start it here.
import { spawn } from "node:child_process";
import { appendFileSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parse } from "smol-toml";
import { startTicker } from "./cron.mjs";
import { devVarsText, freshSecrets, SIMULATED_APP } from "./dev-vars.mjs";
import { capture, plain } from "./exec.mjs";
import { tryLock } from "./lock.mjs";
import { CONFIGS, NODE, ROOT, SIM_CONFIG, WRANGLER } from "./paths.mjs";
import { step as sayStep, Stop } from "./say.mjs";
import { searchAtStop } from "./secrets.mjs";
import { QUIET_WRANGLER } from "./setup.mjs";
import { fromTemplate, keepTemplate, migrate, seedKnowledge } from "./state.mjs";

const READY_LIMIT = 60_000;
const pause = (ms) => new Promise((next) => setTimeout(next, ms));

// ---- ports ------------------------------------------------------------------------------------------------------------

function listens(port, host) {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", (error) => done(error.code === "EADDRINUSE" || error.code === "EACCES"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => done(false)));
  });
}

async function taken(port) {
  return (await listens(port, "127.0.0.1")) || (await listens(port, "::1"));
}

/** A port that nobody listens on, below the range from which the system gives out its own. */
export async function freePort() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!(await taken(port))) return port;
  }
  throw new Stop("no free port between 20000 and 32000");
}

/** The port that is wanted, if it is free; a free one for 0. `variable` is what a person sets to choose another. */
export async function portFor(wanted, variable) {
  if (!wanted) return freePort();
  if (!(await taken(wanted))) return wanted;
  throw new Stop(`port ${wanted} is taken; stop what listens there, or choose another with ${variable}=${wanted + 10}`);
}

// ---- processes --------------------------------------------------------------------------------------------------------

// A shell that waits for its input to end, which happens when this process ends in whatever way, and then ends the
// process groups it was told of. It is what makes a kill -9 of this process leave nothing behind.
const LEASH = `groups=""; while read -r group; do groups="$groups $group"; done
for group in $groups; do kill -TERM "-$group" 2>/dev/null; done
sleep 1
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done`;

/** Keeps process groups from outliving this process. */
function makeLeash() {
  const child = spawn("sh", ["-c", LEASH], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.on("error", () => {});
  child.on("error", () => {});
  return {
    hold: (group) => child.stdin.write(`${group}\n`),
    release: () => {
      child.kill("SIGKILL");
      child.stdin.destroy();
    },
  };
}

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** One local server in a process group of its own, with its output in a file. */
function server(name, args, { env, log, inherit }) {
  const file = inherit ? "inherit" : openSync(log, "a");
  const child = spawn(NODE, ["--no-warnings", WRANGLER, "dev", ...args], { cwd: ROOT, env, detached: true, stdio: ["ignore", file, file] });
  if (!inherit) closeSync(file);
  const self = { name, group: child.pid, log, ended: null };
  child.on("error", (error) => (self.ended = error.message));
  child.on("exit", (code, signal) => (self.ended = `ended with ${signal ?? `status ${code}`}`));
  return self;
}

/** The processes of these groups that still run; one that is dead and not yet collected by its parent counts as gone. */
async function members(groups) {
  const { out } = await capture("ps", ["-eo", "pid=,pgid=,stat=,args="]);
  const lines = out.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)).filter(Boolean);
  return lines
    .map(([, pid, group, state, command]) => ({ pid: Number(pid), group: Number(group), state, command }))
    .filter(({ group, state }) => groups.includes(group) && !state.startsWith("Z"));
}

/** Ends a server's whole group and waits until nothing of it is left. */
async function end(target, signal = "SIGTERM") {
  if (!target) return;
  signalGroup(target.group, signal);
  const began = Date.now();
  let forced = false;
  while (signalGroup(target.group, 0)) {
    const waited = Date.now() - began;
    if (waited > 150 && (await members([target.group])).length === 0) return;
    if (waited > 3_000 && !forced) forced = signalGroup(target.group, "SIGKILL") || true;
    if (waited > 10_000) throw new Stop(`${target.name} (process group ${target.group}) does not end`);
    await pause(20);
  }
}

/** The line of a server's log that says why it did not start. */
function reason(log, from) {
  const text = existsSync(log) ? readFileSync(log, "utf8").slice(from) : "";
  const line = plain(text).split("\n").find((candidate) => /\[ERROR\]|^Error|error:/.test(candidate));
  return line?.replace(/^.*\[ERROR\]\s*/, "").trim().slice(0, 300) ?? "it said nothing";
}

async function ready(target, url, from, { healthy = true } = {}) {
  const until = Date.now() + READY_LIMIT;
  let last = "no answer";
  while (Date.now() < until) {
    if (target.ended) throw new Stop(`${target.name} did not start: ${reason(target.log, from)} (log: ${target.log})`);
    try {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
      const text = await response.text();
      if (response.ok || !healthy) return;
      last = `/health answers ${response.status}: ${text.slice(0, 200)}`;
    } catch {
      // Not listening yet.
    }
    await pause(50);
  }
  throw new Stop(`${target.name} was not ready after ${READY_LIMIT / 1000} s: ${last} (log: ${target.log})`);
}

/**
 * A copy of a worker's configuration in a folder of its own, with the variables beside it. wrangler hands `--var` and
 * `--env-file` to the first of several workers only; the file beside the configuration is read for each.
 */
function configured(folder, source, vars, { watch }) {
  const config = parse(readFileSync(source, "utf8"));
  const home = dirname(source);
  // Relative paths on both sides: wrangler joins a `watch_dir` to the configuration's folder even where it is absolute.
  const moved = (path) => relative(folder, resolve(home, path));
  config.main = moved(config.main);
  // What is built already is neither built nor watched: an edit must not reload a stack in the middle of a test.
  if (!watch) delete config.build;
  if (config.build?.watch_dir) config.build.watch_dir = [config.build.watch_dir].flat().map(moved);
  for (const database of config.d1_databases ?? []) {
    if (database.migrations_dir) database.migrations_dir = moved(database.migrations_dir);
  }
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "wrangler.json");
  writeFileSync(file, JSON.stringify(config, null, 2));
  writeFileSync(join(folder, ".dev.vars"), devVarsText(vars), { mode: 0o600 });
  return file;
}

// ---- the stack --------------------------------------------------------------------------------------------------------

/** The variables that follow from where the stack listens; they outrank what a file says. */
function addresses(url, simUrl) {
  return {
    ENVIRONMENT: "development",
    PUBLIC_URL: url,
    TT_API_URL: simUrl,
    TT_AUTHORIZE_URL: `${simUrl}/auth.html`,
    TT_STREAMER_URL: `${simUrl.replace(/^http/, "ws")}/streamer`,
  };
}

/** Secrets of a test's stack: made once for a state folder, so that a second stack over it can read what the first wrote. */
function keptSecrets(base) {
  const file = join(base, "run", "secrets.json");
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(freshSecrets()), { mode: 0o600 });
  return JSON.parse(readFileSync(file, "utf8"));
}

async function legacyGrant(simUrl) {
  const response = await fetch(`${simUrl}/sim/grant`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"user":"trader"}' });
  if (!response.ok) throw new Stop(`the simulator gave no grant for the single-user mode: ${response.status} ${(await response.text()).slice(0, 200)}`);
  const grant = await response.json();
  return { TT_CLIENT_SECRET: grant.client_secret, TT_REFRESH_TOKEN: grant.refresh_token };
}

/**
 * Starts the stack and waits until it answers.
 *
 * - `port`, `simPort`: 0 for a free one.
 * - `stateDir`: the folder for state and logs; without it a new one under the system's temporary folder, which `stop()`
 *   removes.
 * - `vars`: variables of both workers; null removes one. Without secrets among them, this state folder's own are used, and
 *   without `watch` the rate limits are out of reach unless they are among them.
 * - `legacy`: the single-user mode, with a grant from `vars` or else from the simulator.
 * - `crons`: whether the analysis worker's crons tick.
 * - `watch`: whether an edit of the sources rebuilds the workers.
 * - `quiet`: no step lines.
 * - `expose`: the worker that listens at the port; only mcp-server does in production.
 * - `without`: a worker that is not there; the stack is then ready as soon as it answers at all.
 * - `only`: `workers` or `simulator` for one half; `inherit` sends its output to this process's instead of a file.
 *
 * Gives `{url, simUrl, stateDir, vars, stop(), restart(), kill9(), pids(), explorer(path, init), logs(), onError}`.
 * `kill9({simulator})` kills wrangler and workerd of the workers together (with `simulator`, the simulator's too);
 * `restart()` starts what is not running over the same state and ports.
 */
export async function startStack({ port = 0, simPort = 0, stateDir, vars = {}, legacy = false, crons = false, watch = false, quiet = true, expose = "mcp-server", without, only, inherit = false } = {}) {
  const step = quiet ? (_name, work) => work() : sayStep;
  const temporary = !stateDir;
  const base = temporary ? mkdtempSync(join(tmpdir(), "ttai-stack-")) : resolve(stateDir);
  const dirs = { state: join(base, "state"), simulator: join(base, "simulator"), logs: join(base, "logs"), run: join(base, "run") };
  for (const folder of Object.values(dirs)) mkdirSync(folder, { recursive: true });
  const logs = { workers: join(dirs.logs, "workers.log"), simulator: join(dirs.logs, "simulator.log"), setup: join(dirs.logs, "setup.log") };

  const [withWorkers, withSimulator] = [only !== "simulator", only !== "workers"];
  const locks = [withWorkers ? "workers" : null, withSimulator ? "simulator" : null].filter(Boolean).map((half) => tryLock(join(dirs.run, `${half}.lock`)));
  const unlock = () => locks.forEach((held) => held.held && held.release());
  const lock = locks.find(({ held }) => !held);
  if (lock) unlock();
  if (lock) throw new Stop(`process ${lock.owner} runs a stack over ${base}; stop that one first`);

  const leash = makeLeash();
  let workers = null;
  let simulator = null;
  let ticker = null;

  try {
    const at = withWorkers ? await portFor(port, "PORT") : port;
    const simAt = withSimulator ? await portFor(simPort, "SIM_PORT") : simPort;
    const [url, simUrl] = [`http://localhost:${at}`, `http://localhost:${simAt}`];
    if (withWorkers) for (const log of [logs.workers, logs.setup]) writeFileSync(log, "");
    if (withSimulator) writeFileSync(logs.simulator, "");

    const given = "JWT_SECRET" in vars || "TOKEN_ENCRYPTION_KEY" in vars ? {} : keptSecrets(base);
    let all = { ...SIMULATED_APP, ...given, ...(watch ? {} : NO_LIMITS), ...vars, ...addresses(url, simUrl), ...pick(vars, STEERABLE) };
    const registry = join(dirs.run, `registry-${process.pid}`);
    const env = { ...process.env, ...QUIET_WRANGLER, CI: "1", FORCE_COLOR: "0", NO_COLOR: "1" };
    delete env.NODE_OPTIONS;
    if (!watch) env.TTAI_PREBUILT = "1";

    const common = ["--inspector-port", "0", "--show-interactive-dev-session=false"];
    const start = (name, args, log) => {
      // The registry by which local workers find each other is each server's own, and empty: the entry of one that was
      // killed would send calls to where nobody is.
      const own = join(registry, name.split(" ").at(-1));
      rmSync(own, { recursive: true, force: true });
      const target = server(name, [...args, ...common], { env: { ...env, WRANGLER_REGISTRY_PATH: own }, log, inherit });
      leash.hold(target.group);
      return target;
    };
    const startSimulator = async () => {
      const from = readFileSync(logs.simulator).length;
      simulator = start("the simulator", ["-c", SIM_CONFIG, "--persist-to", dirs.simulator, "--port", String(simAt)], logs.simulator);
      await ready(simulator, simUrl, from);
    };
    const startWorkers = async () => {
      const from = readFileSync(logs.workers).length;
      // The first one is the one that listens.
      const first = Object.entries(CONFIGS).filter(([worker]) => worker !== without).sort(([left], [right]) => Number(right === expose) - Number(left === expose));
      const configs = first.flatMap(([worker, file]) => ["-c", configured(join(dirs.run, worker), file, all, { watch })]);
      workers = start("the workers", [...configs, "--persist-to", dirs.state, "--port", String(at)], logs.workers);
      await ready(workers, url, from, { healthy: expose === "mcp-server" && !without });
    };

    const simulatorUp = withSimulator ? startSimulator() : Promise.resolve();
    simulatorUp.catch(() => {});
    if (withWorkers) {
      const fresh = !existsSync(join(dirs.state, "v3"));
      fromTemplate(dirs.state);
      await step("migrations", () => migrate(dirs.state, logs.setup));
      await step("knowledge documents", () => seedKnowledge(dirs.state));
      if (fresh) keepTemplate(dirs.state);
    }
    if (legacy) {
      await simulatorUp;
      const grant = vars.TT_REFRESH_TOKEN ? {} : await legacyGrant(simUrl);
      all = { ...all, ...grant, JWT_SECRET: null, JWT_SECRET_PREVIOUS: null };
    }
    if (withWorkers) await step("workers", startWorkers);
    if (withSimulator) await step("simulator", () => simulatorUp);

    const stack = {
      url,
      simUrl,
      stateDir: base,
      logFiles: logs,
      vars: all,
      /** Told of a cron that failed. */
      onError: (error) => appendFileSync(logs.workers, `[ERROR] ${error.message}\n`),
      explorer: (path, init) => fetch(`${url}/cdn-cgi/local/explorer/api/${path.replace(/^\//, "")}`, init),
      logs: (which = "workers") => readFileSync(logs[which], "utf8"),
      /** Every process of the stack: `{pid, group, command}`. */
      async pids() {
        const groups = [workers, simulator].filter(Boolean).map(({ group }) => group);
        return members(groups);
      },
      /** Why a server is not running any more, or null. */
      ended: () => [workers, simulator].find((target) => target?.ended) ?? null,
      async stop() {
        ticker?.stop();
        ticker = null;
        await Promise.all([end(workers), end(simulator)]);
        workers = simulator = null;
        leash.release();
        rmSync(registry, { recursive: true, force: true });
        for (const worker of Object.keys(CONFIGS)) rmSync(join(dirs.run, worker), { recursive: true, force: true });
        unlock();
        const { JWT_SECRET, TOKEN_ENCRYPTION_KEY, TT_CLIENT_SECRET } = all;
        searchAtStop(
          { state: dirs.state, logs: [logs.workers, logs.setup], simulator: dirs.simulator, base },
          { "the key JWT_SECRET": JWT_SECRET, "the key TOKEN_ENCRYPTION_KEY": TOKEN_ENCRYPTION_KEY, "the operator's client secret": TT_CLIENT_SECRET },
        );
        if (temporary) rmSync(base, { recursive: true, force: true });
      },
      async restart() {
        if (withSimulator && (!simulator || simulator.ended)) {
          await end(simulator);
          await startSimulator();
        }
        await end(workers);
        if (withWorkers) await startWorkers();
      },
      async kill9({ simulator: both = false } = {}) {
        await Promise.all([end(workers, "SIGKILL"), both ? end(simulator, "SIGKILL") : null]);
      },
    };
    if (crons) ticker = startTicker(stack, (error) => stack.onError(error));
    return stack;
  } catch (error) {
    await Promise.all([end(workers), end(simulator)]);
    leash.release();
    unlock();
    if (temporary && !process.env.TTAI_KEEP) rmSync(base, { recursive: true, force: true });
    throw error;
  }
}

// Tests log in hundreds of times a minute from one address. The limits are counted all the same.
const NO_LIMITS = Object.fromEntries(["REGISTER", "AUTHORIZE", "TOKEN", "MARKET", "ACCOUNT", "ANALYSIS", "SETTINGS", "OTHER"].map((name) => [`RATE_${name}`, "1000000"]));

// What a test may set although it usually follows from the ports.
const STEERABLE = ["TT_API_URL", "TT_AUTHORIZE_URL", "TT_STREAMER_URL", "ENVIRONMENT", "PUBLIC_URL"];

function pick(vars, names) {
  return Object.fromEntries(names.filter((name) => name in vars).map((name) => [name, vars[name]]));
}
