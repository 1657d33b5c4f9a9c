// Builds the workers to Wasm, only where something changed since the last time.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "./exec.mjs";
import { withLock } from "./lock.mjs";
import { shortenNames } from "./names.mjs";
import { ROOT } from "./paths.mjs";
import { say, step, Stop } from "./say.mjs";
import { WASM_BINDGEN, WORKER_BUILD } from "./versions.mjs";

/** The deployed workers first: the budget is theirs. Sizes in bytes, gzipped. */
export const WORKERS = { "mcp-server": 1_000_000, analysis: 1_500_000, "tastytrade-sim": null };

/** The server that the official conformance suite tests: a worker too, and no part of the product. */
export const FIXTURE = "conformance-fixture";

/** Where a worker lies, from the root. */
export const folder = (worker) => (worker === FIXTURE ? "tests/conformance/fixture" : `workers/${worker}`);

// Panic unwinding keeps one request's panic from ending the others. wasm-opt would save nothing over gzip and would cost
// half a minute; names are kept, in short, so that a panic can be read.
const ARGUMENTS = ["--release", "--panic-unwind", "--no-opt"];

/**
 * The standard library is compiled for the Workers as it is for small machines: its sorts and formats are then a tenth of what
 * they were, which is 300 kB of the analysis worker's code. What is sorted here is short.
 */
export const STANDARD_LIBRARY = { CARGO_UNSTABLE_BUILD_STD_FEATURES: "panic-unwind,optimize_for_size" };

const output = (worker) => join(ROOT, folder(worker), "build");

function* files(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === "build" || entry.name === "target" || entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    const full = join(path, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else if (entry.isFile()) yield full;
  }
}

/** Names the sources, the tools and their settings in one word. Tests beside the code count too: they may be `include`d. */
function fingerprint(worker) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([WASM_BINDGEN, WORKER_BUILD, ARGUMENTS, STANDARD_LIBRARY]));
  const sources = [".cargo/config.toml", "Cargo.toml", "Cargo.lock", "scripts/lib/names.mjs"].map((name) => join(ROOT, name));
  for (const source of ["crates", folder(worker), "migrations", "knowledge"]) {
    if (existsSync(join(ROOT, source))) sources.push(...files(join(ROOT, source)));
  }
  for (const file of sources.filter((name) => existsSync(name)).sort()) {
    hash.update(relative(ROOT, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

const stamp = (worker) => join(output(worker), ".stamp");

/** Whether the build of this worker is the one of the present sources. */
export function upToDate(worker) {
  const whole = ["index.js", "index_bg.wasm", ".stamp"].every((name) => existsSync(join(output(worker), name)));
  return whole && readFileSync(stamp(worker), "utf8") === fingerprint(worker);
}

/** Sizes in bytes: `{raw, gzip}`. */
export function size(worker) {
  const wasm = readFileSync(join(output(worker), "index_bg.wasm"));
  return { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length };
}

const kb = (bytes) => `${Math.round(bytes / 1000)} kB`;

export function sizeLine(worker) {
  const { raw, gzip } = size(worker);
  const budget = WORKERS[worker];
  return `${worker}: ${kb(raw)} raw, ${kb(gzip)} gzipped${budget ? ` of ${kb(budget)}` : ""}`;
}

/** Throws where a worker is larger than its budget. */
export function checkSize(worker) {
  const budget = WORKERS[worker];
  if (budget && size(worker).gzip > budget) throw new Stop(`over its size budget: ${sizeLine(worker)}`);
}

/**
 * Builds these workers. `environment` gives the set-up's environment and is asked only where there is something to
 * build. `show` lets the compiler's output through, for someone who waits for it.
 */
export async function build(workers, environment, { show = false } = {}) {
  for (const worker of workers) {
    if (!(worker in WORKERS) && worker !== FIXTURE) throw new Stop(`there is no worker ${worker}; there are ${Object.keys(WORKERS).join(", ")}`);
  }
  const waiting = (owner) => say(`  waiting for process ${owner}, which builds`);
  await withLock(
    join(ROOT, ".wrangler", "build.lock"),
    async () => {
      for (const worker of workers) {
        await step(`build ${worker}`, async () => {
          if (upToDate(worker)) return "up to date";
          // Read first: an edit during the build must not count as built.
          const print = fingerprint(worker);
          rmSync(stamp(worker), { force: true });
          const log = join(ROOT, ".wrangler", "logs", `build-${worker}.log`);
          rmSync(log, { force: true });
          await run("worker-build", ARGUMENTS, { cwd: join(ROOT, folder(worker)), env: { ...(await environment()), ...STANDARD_LIBRARY }, log, what: `building ${worker}`, show });
          const wasm = join(output(worker), "index_bg.wasm");
          writeFileSync(wasm, shortenNames(readFileSync(wasm)));
          writeFileSync(stamp(worker), print);
          return "ok";
        });
      }
    },
    waiting,
  );
}
