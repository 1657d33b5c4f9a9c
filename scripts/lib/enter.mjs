// The first thing every command does. It runs on a plain Node 20 before anything is installed: it brings the npm packages
// when they are missing, and starts the command again under the Node that those packages contain.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, which } from "./exec.mjs";
import { withLock } from "./lock.mjs";
import { NODE, ROOT } from "./paths.mjs";
import { report, say, sayTo, step, Stop } from "./say.mjs";

const STAMP = join(ROOT, "node_modules", ".ttai-stamp");
const LOG = join(ROOT, ".wrangler", "logs", "npm.log");

function wanted() {
  return createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json"))).digest("hex");
}

function installed() {
  return existsSync(NODE) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted();
}

/** Installs the npm packages of the lock file where they are not there yet. */
export async function npmPackages() {
  if (installed()) return;
  await withLock(
    join(ROOT, ".wrangler", "npm.lock"),
    async () => {
      if (installed()) return;
      if (!which("npm")) throw new Stop("npm is missing: install Node.js 20 or newer with npm (https://nodejs.org)");
      await step("npm packages", async () => {
        await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: ROOT, log: LOG, what: "npm ci" });
        writeFileSync(STAMP, wanted());
      });
    },
    (owner) => say(`  waiting for process ${owner}, which installs the npm packages`),
  );
}

/**
 * Runs a command's `main(args)` and exits with the status it returns. `data` says that standard output is the command's
 * result, so that steps are told on standard error.
 */
export async function enter(script, main, { data = false } = {}) {
  try {
    endProperly();
    if (data) sayTo(process.stderr);
    const [major] = process.versions.node.split(".").map(Number);
    if (major < 20) throw new Stop(`this is Node ${process.versions.node}: install Node.js 20 or newer (https://nodejs.org)`);
    process.env.TTAI_BEGAN ??= String(Date.now());
    await npmPackages();
    if (realpathSync(process.execPath) !== realpathSync(NODE)) process.exit(await again(fileURLToPath(script)));
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    // Whatever was started must not keep a failed command alive: leaving ends it (lib/exec.mjs, the leash of lib/stack.mjs).
    process.exit(report(error));
  }
}

/**
 * A signal ends this process by way of its exit handlers, which end what it started; a command that has something to do
 * first listens itself. The same where npm was told to end: it ends the shell between itself and this process, and
 * forgets this process.
 */
function endProperly() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => process.listenerCount(signal) === 1 && process.exit(130));
  }
  const parent = process.ppid;
  const look = () => process.ppid === parent || process.kill(process.pid, "SIGTERM");
  if (process.env.npm_lifecycle_event) setInterval(look, 300).unref();
  if (process.channel) {
    process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
    process.channel.unref();
  }
}

/**
 * Starts the script again under the right Node and passes signals on. The channel between the two lets the inner one
 * notice when the outer one was killed outright.
 */
function again(script) {
  return new Promise((done) => {
    const child = spawn(NODE, [script, ...process.argv.slice(2)], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => done(report(error)));
    child.on("close", (code, signal) => done(code ?? (signal ? 1 : 0)));
  });
}
