// Everything that has to be on the machine before the workers can be built and run. Each step looks first and does
// nothing when its result is there already.
import { existsSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { capture, run, which } from "./exec.mjs";
import { withLock } from "./lock.mjs";
import { BIN, TOOLS } from "./paths.mjs";
import { rust } from "./rust.mjs";
import { say, step } from "./say.mjs";
import { CARGO_DENY, STARLARK, WASM_BINDGEN, WORKER_BUILD } from "./versions.mjs";

const log = (name) => join(TOOLS, "logs", `${name}.log`);

/**
 * Settings that keep wrangler from calling home, from talking more than it has to say, and from keeping traces: those have
 * addresses with their queries, and with them codes and states.
 */
export const QUIET_WRANGLER = { X_LOCAL_OBSERVABILITY: "false", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_HIDE_BANNER: "true", DO_NOT_TRACK: "1" };

async function systemPackages() {
  const needed = [];
  const why = [];
  const want = (missing, words, ...packages) => missing && (needed.push(...packages), why.push(words));
  want(!which("cc"), "a C compiler is", "gcc", "libc6-dev");
  want(!which("pkg-config"), "pkg-config is", "pkg-config");
  // worker-build links OpenSSL; once it is built, the headers are not needed any more.
  if (!existsSync(join(TOOLS, "bin/worker-build"))) {
    const found = which("pkg-config") && (await capture("pkg-config", ["--exists", "openssl"])).code === 0;
    want(!found, "the OpenSSL headers are", "libssl-dev");
  }
  want(!which("curl"), "curl is", "curl", "ca-certificates");
  if (needed.length === 0) return "ok";
  await aptInstall(needed, { why: why.join(", "), log: log("apt") });
  return "installed";
}

/** A command line tool from crates.io at a pinned version. */
async function cargoTool(compiler, crate, version, binary) {
  const file = join(TOOLS, "bin", binary);
  const about = existsSync(file) ? await capture(file, ["--version"]) : { out: "" };
  if (about.out.split(/\s+/).includes(version)) return version;
  const target = join(TOOLS, "build");
  const env = {
    ...compiler.env,
    PATH: `${compiler.shims}${delimiter}${process.env.PATH}`,
    CARGO_TARGET_DIR: target,
    // These tools run for a second or two in a build: compiling them fast is worth more than running them fast.
    CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
    CARGO_PROFILE_RELEASE_LTO: "off",
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
    CARGO_PROFILE_RELEASE_DEBUG: "false",
    CARGO_PROFILE_RELEASE_STRIP: "debuginfo",
  };
  const install = (...options) => run(join(compiler.shims, "cargo"), ["install", ...options, "--force", "--root", TOOLS, "--version", version, crate], { env, log: log(crate), what: `cargo install ${crate} ${version}` });
  try {
    await install("--locked");
  } catch {
    // A registry mirror may lack a version that the published lock file names: let cargo choose among what is there.
    await install();
  }
  return version;
}

function removeBuildFolder() {
  rmSync(join(TOOLS, "build"), { recursive: true, force: true });
}

/** Does work that only one process on this machine may do at a time. */
const exclusively = (work) => withLock(join(TOOLS, "lock"), work, (owner) => say(`  waiting for process ${owner}, which sets up ${TOOLS}`));

/**
 * The set-up for building. Gives `{rust, env}`: the compiler that is used, and the environment in which cargo and
 * worker-build run.
 */
export async function setup() {
  mkdirSync(TOOLS, { recursive: true });
  return exclusively(async () => {
    await step("system packages", systemPackages);
    const compiler = await rust();
    const before = existsSync(join(TOOLS, "build"));
    await step("wasm-bindgen", () => cargoTool(compiler, "wasm-bindgen-cli", WASM_BINDGEN, "wasm-bindgen"));
    await step("worker-build", () => cargoTool(compiler, "worker-build", WORKER_BUILD, "worker-build"));
    if (before || existsSync(join(TOOLS, "build"))) removeBuildFolder();
    return { rust: compiler, env: buildEnv(compiler) };
  });
}

function buildEnv(compiler) {
  return {
    ...compiler.env,
    ...QUIET_WRANGLER,
    PATH: [compiler.shims, join(TOOLS, "bin"), BIN, process.env.PATH].join(delimiter),
    WASM_BINDGEN_BIN: join(TOOLS, "bin/wasm-bindgen"),
    ESBUILD_BIN: join(BIN, "esbuild"),
  };
}

/** cargo-deny, for the checks of the dependencies. */
export async function cargoDeny({ rust: compiler }) {
  return exclusively(async () => {
    await step("cargo-deny", () => cargoTool(compiler, "cargo-deny", CARGO_DENY, "cargo-deny"));
    removeBuildFolder();
    return join(TOOLS, "bin/cargo-deny");
  });
}

/**
 * A Python environment of its own under `name` in the tools' folder, with these packages (what `pip install` takes);
 * gives the path of its `python`. It is made anew when the packages are others.
 */
function pythonEnvironment(name, packages, what) {
  return exclusively(async () => {
    const venv = join(TOOLS, name);
    const python = join(venv, "bin/python");
    const stamp = join(venv, "ttai-stamp");
    await step(what, async () => {
      if (existsSync(stamp) && readFileSync(stamp, "utf8") === packages.stamp && existsSync(python)) return "ok";
      rmSync(venv, { recursive: true, force: true });
      const base = which("python3");
      const usable = base && (await capture(base, ["-c", "import venv, ensurepip"])).code === 0;
      if (!usable) await aptInstall(["python3", "python3-venv"], { why: "Python's venv is", log: log("apt") });
      await run(which("python3") ?? "python3", ["-m", "venv", venv], { log: log(name), what: "python3 -m venv" });
      await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages.install], { log: log(name), what: `pip install (${what})` });
      writeFileSync(stamp, packages.stamp);
      return "installed";
    });
    return python;
  });
}

/** A Python with the Starlark interpreter; gives the path of its `python`. */
export async function starlark() {
  return pythonEnvironment("venv", { stamp: STARLARK, install: [`starlark-pyo3==${STARLARK}`] }, "starlark");
}

/** A Python with the packages of a requirements file; gives the path of its `python`. `name` tells it from others. */
export async function pythonWith(name, requirements) {
  return pythonEnvironment(`python-${name}`, { stamp: readFileSync(requirements, "utf8"), install: ["-r", requirements] }, `Python packages (${name})`);
}

/** A C++ compiler, for libFuzzer. */
export async function cxx() {
  return exclusively(() =>
    step("C++ compiler", async () => {
      if (process.env.CXX || which("c++")) return "ok";
      await aptInstall(["g++"], { why: "a C++ compiler (for libFuzzer) is", log: log("apt") });
      return "installed";
    }),
  );
}

/** A Chromium for the browser suite; gives its path. `CHROMIUM` names another one. */
export async function chromium() {
  return exclusively(async () => {
    let found;
    const look = () => process.env.CHROMIUM || ["chromium", "chromium-browser", "google-chrome"].map((name) => which(name)).find(Boolean);
    await step("chromium", async () => {
      found = look();
      if (found) return "ok";
      await aptInstall(["chromium", "fonts-dejavu-core"], { why: "Chromium (for the browser tests) is", log: log("apt") });
      found = look();
      return "installed";
    });
    return found;
  });
}
