// One Rust compiler for native code, Wasm and lints, from one of two places:
//
// - the machine's own (rustup): the active toolchain, or the newest installed one that is new enough. What it lacks (the
//   standard library for Wasm, its source, clippy, rustfmt) is added where rustup's downloads answer;
// - Debian's packages of the compiler, unpacked into a private folder. Nothing outside that folder changes, no rights are
//   needed, and a standard library for Wasm is built into it from Debian's source.
//
// Both end as a folder of small wrapper programs (`cargo`, `rustc`, ...). The wrappers also answer worker-build's
// `cargo +nightly`, which it says when it builds with panic unwinding: the stable compiler does the same work once it is
// told to accept unstable flags.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { capture, run, which } from "./exec.mjs";
import { ROOT, TOOLS } from "./paths.mjs";
import { say, step, Stop } from "./say.mjs";
import { RUST_MIN, WASM_TARGET } from "./versions.mjs";

const DEBIAN = join(TOOLS, "rust-debian");
const LOG = join(TOOLS, "logs", "rust.log");
const DOWNLOAD_LIMIT = 120_000;
// Once the fallback is there, a network that swallows requests must not delay every start.
const RETRY_LIMIT = 10_000;
const MIN = RUST_MIN.join(".");

const sourceOf = (sysroot) => join(sysroot, "lib/rustlib/src/rust/library/std/Cargo.toml");

function hasWasmStd(sysroot) {
  const folder = join(sysroot, "lib/rustlib", WASM_TARGET, "lib");
  return existsSync(folder) && readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name));
}

function newEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > RUST_MIN[0] || (major === RUST_MIN[0] && minor >= RUST_MIN[1]);
}

/** What a compiler says of itself: `{version, sysroot}`, or null where it does not run. */
async function inspect(rustc, env) {
  const [about, root] = await Promise.all([capture(rustc, ["--version"], { env, cwd: ROOT }), capture(rustc, ["--print", "sysroot"], { env, cwd: ROOT })]);
  const version = /^rustc (\d+\.\d+\.\d+)/.exec(about.out)?.[1];
  return about.code === 0 && root.code === 0 && version ? { version, sysroot: root.out.trim() } : null;
}

/** The parts that this project needs and this toolchain lacks, by the names that rustup gives them. */
function lacking({ sysroot }) {
  const parts = [];
  if (!hasWasmStd(sysroot)) parts.push(WASM_TARGET);
  if (!existsSync(sourceOf(sysroot))) parts.push("rust-src");
  if (!existsSync(join(sysroot, "bin/cargo-clippy"))) parts.push("clippy");
  if (!existsSync(join(sysroot, "bin/rustfmt"))) parts.push("rustfmt");
  return parts;
}

/** The machine's own compiler: `{version, sysroot, toolchain}`, or the reason in words why there is none. */
async function own() {
  if (!which("rustc")) return "no rustc on PATH";
  const active = await inspect("rustc", process.env);
  const rustup = which("rustup");
  if (active && newEnough(active.version)) return { ...active, rustup };
  const listed = rustup ? (await capture(rustup, ["toolchain", "list"])).out.split("\n").map((line) => line.split(" ")[0]) : [];
  const found = [];
  for (const name of listed.filter((entry) => /^(stable|1\.\d+)/.test(entry))) {
    const other = await inspect("rustc", { ...process.env, RUSTUP_TOOLCHAIN: name });
    if (other && newEnough(other.version)) found.push({ ...other, rustup });
  }
  found.sort((a, b) => b.version.localeCompare(a.version, undefined, { numeric: true }));
  return found[0] ?? (active ? `rustc is ${active.version}, older than ${MIN}` : "rustc does not run");
}

/** Adds by rustup what a toolchain lacks. Gives null, or the reason in words why parts are still missing. */
async function complete(found) {
  const parts = lacking(found);
  if (parts.length === 0) return null;
  const missing = `${parts.join(", ")} missing in ${found.sysroot}`;
  if (!found.rustup) return missing;
  const toolchain = found.sysroot.split("/").at(-1);
  const components = parts.filter((part) => part !== WASM_TARGET);
  const commands = [
    ...(components.length ? [["component", "add", "--toolchain", toolchain, ...components]] : []),
    ...(parts.includes(WASM_TARGET) ? [["target", "add", "--toolchain", toolchain, WASM_TARGET]] : []),
  ];
  for (const args of commands) {
    try {
      await run(found.rustup, args, { log: LOG, timeout: existsSync(join(DEBIAN, "usr")) ? RETRY_LIMIT : DOWNLOAD_LIMIT, env: { ...process.env, RUSTUP_MAX_RETRIES: "1" } });
    } catch {
      return `${missing}, and rustup's downloads do not answer`;
    }
  }
  return lacking(found).length ? missing : null;
}

// ---- Debian -----------------------------------------------------------------------------------------------------------

const PACKAGES = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "rustfmt-web"];

/** apt with lists and cache of its own, so that it needs no rights and leaves the system's as they are. */
function privateApt(work) {
  for (const folder of ["lists/partial", "archives/partial"]) mkdirSync(join(work, folder), { recursive: true });
  const options = {
    "Dir::State::lists": join(work, "lists"),
    "Dir::Cache": work,
    "Dir::Cache::archives": join(work, "archives"),
    "Debug::NoLocking": "1",
    "APT::Sandbox::User": "",
    "APT::Update::Post-Invoke": "",
    "APT::Update::Post-Invoke-Success": "",
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

async function unpackDebian() {
  if (!which("apt-get") || !which("dpkg-deb")) throw new Stop(rustAdvice("this system has no Debian packages to fall back to"));
  mkdirSync(DEBIAN, { recursive: true });
  const work = mkdtempSync(join(DEBIAN, "unpack-"));
  try {
    const options = privateApt(work);
    await run("apt-get", [...options, "-qq", "update"], { log: LOG, what: "apt-get update" });
    const policy = (await capture("apt-cache", [...options, "policy", "rustc-web"])).out;
    const candidate = /Candidate: (\d+\.\d+)/.exec(policy)?.[1];
    if (!candidate || !newEnough(candidate)) throw new Stop(rustAdvice(`Debian offers rustc ${candidate ?? "not at all"}, and ${MIN} or newer is needed`));
    const linkers = (await capture("apt-cache", [...options, "pkgnames", "lld-"])).out.split("\n").filter((name) => /^lld-\d+$/.test(name));
    const linker = linkers.sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)))[0];
    if (!linker) throw new Stop(rustAdvice("Debian offers no lld"));
    await run("apt-get", [...options, "install", "-y", "--no-install-recommends", "--download-only", ...PACKAGES, linker], { log: LOG, what: "apt-get download of rustc" });
    const root = join(work, "root");
    mkdirSync(root);
    for (const name of readdirSync(join(work, "archives")).filter((file) => file.endsWith(".deb"))) {
      const archive = join(work, "archives", name);
      // The source package holds the whole compiler; only the standard library's part is wanted.
      const filter = name.startsWith("rust-web-src") ? "--wildcards './usr/lib/*' './usr/src/*/library' './usr/src/*/Cargo.lock'" : "";
      await run("sh", ["-c", `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" ${filter}`, "sh", archive, root], { log: LOG, what: `unpacking ${name}` });
    }
    rmSync(join(DEBIAN, "usr"), { recursive: true, force: true });
    renameSync(join(root, "usr"), join(DEBIAN, "usr"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Builds the standard library for Wasm from the unpacked source and puts it where the compiler looks for it. Lints and
 * `cargo check` use it; the workers' builds compile a standard library of their own, with unwinding.
 */
async function debianStd(bin) {
  const work = mkdtempSync(join(DEBIAN, "std-"));
  try {
    mkdirSync(join(work, "src"));
    writeFileSync(join(work, "Cargo.toml"), '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[profile.dev]\ndebug = false\n');
    writeFileSync(join(work, "src/lib.rs"), "");
    const env = { ...cleanEnv(), PATH: `${bin}${delimiter}${process.env.PATH}`, CARGO_TARGET_DIR: join(work, "target") };
    await run(join(bin, "cargo"), ["+nightly", "build", "-Zbuild-std=std,panic_abort", "--target", WASM_TARGET], { cwd: work, env, log: LOG, what: "building the standard library for Wasm" });
    const built = join(work, "target", WASM_TARGET, "debug/deps");
    const libraries = readdirSync(built).filter((name) => name.endsWith(".rlib") && !name.startsWith("libnothing"));
    const destination = join(DEBIAN, "usr/lib/rustlib", WASM_TARGET);
    mkdirSync(`${destination}.new/lib`, { recursive: true });
    for (const name of libraries) cpSync(join(built, name), join(`${destination}.new`, "lib", name));
    rmSync(destination, { recursive: true, force: true });
    renameSync(`${destination}.new`, destination);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function debianLibraries() {
  const lib = join(DEBIAN, "usr/lib");
  const folder = readdirSync(lib).find((name) => name.includes("-linux-gnu"));
  return folder ? join(lib, folder) : lib;
}

// ---- both -------------------------------------------------------------------------------------------------------------

function rustAdvice(reason) {
  return `${reason}; install Rust ${MIN} or newer with rustup (https://rustup.rs), then: rustup target add ${WASM_TARGET} && rustup component add rust-src clippy rustfmt`;
}

/** The environment without the settings by which a rustup proxy above us would choose another compiler. */
function cleanEnv() {
  const { RUSTUP_TOOLCHAIN: _a, RUSTC: _b, RUSTDOC: _c, CARGO: _d, RUSTC_WRAPPER: _e, RUSTFLAGS: _f, CARGO_ENCODED_RUSTFLAGS: _g, ...rest } = process.env;
  return rest;
}

/** Writes the wrapper programs into `folder`, only where their text changes. */
function writeWrappers(folder, bin, { libraries, linker }) {
  mkdirSync(folder, { recursive: true });
  const setup = libraries ? `export LD_LIBRARY_PATH="${libraries}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n` : "";
  const nightly = 'if [ "$1" = "+nightly" ]; then shift; export RUSTC_BOOTSTRAP=1; fi\n';
  const files = {};
  for (const name of ["cargo", "rustc", "rustdoc", "rustfmt", "cargo-fmt", "cargo-clippy", "clippy-driver"]) {
    files[name] = `#!/bin/sh\n${nightly}${setup}exec "${join(bin, name)}" "$@"\n`;
  }
  if (linker) files["wasm-ld"] = `#!/bin/sh\n${setup}exec "${linker}" "$@"\n`;
  // worker-build asks rustup for one thing: whether the source of the standard library is there. It is.
  files.rustup = '#!/bin/sh\n[ "$1 $2" = "component list" ] && echo "rust-src (installed)"\nexit 0\n';
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    writeFileSync(`${file}.${process.pid}`, text);
    chmodSync(`${file}.${process.pid}`, 0o755);
    renameSync(`${file}.${process.pid}`, file);
  }
}

async function fromDebian() {
  const bin = join(DEBIAN, "usr/bin");
  if (!existsSync(join(bin, "rustc")) || !existsSync(sourceOf(join(DEBIAN, "usr")))) await step("rust (Debian packages)", unpackDebian);
  const shims = join(TOOLS, "shims-debian");
  const linker = readdirSync(bin).find((name) => /^wasm-ld/.test(name));
  writeWrappers(shims, bin, { libraries: debianLibraries(), linker: join(bin, linker) });
  if (!hasWasmStd(join(DEBIAN, "usr"))) await step("rust std for Wasm", () => debianStd(shims));
  const about = await inspect(join(shims, "rustc"), cleanEnv());
  if (!about) throw new Stop(rustAdvice("Debian's rustc does not run here"));
  return { ...about, kind: "debian", shims, env: { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: join(shims, "wasm-ld") } };
}

/**
 * Makes a usable compiler and says where it is: `{kind, version, sysroot, shims, env}`. `TTAI_RUST=rustup` or
 * `TTAI_RUST=debian` forces one of the two.
 */
export async function rust() {
  const wish = process.env.TTAI_RUST;
  if (wish && !["rustup", "debian"].includes(wish)) throw new Stop(`TTAI_RUST is ${wish}; it may be rustup or debian`);
  let found;
  if (wish !== "debian") {
    let reason = "";
    await step("rust", async () => {
      const candidate = await own();
      reason = typeof candidate === "string" ? candidate : ((await complete(candidate)) ?? "");
      if (!reason) found = { ...candidate, kind: "rustup", shims: join(TOOLS, "shims"), env: {} };
      return found ? found.version : "not usable";
    });
    if (!found && wish === "rustup") throw new Stop(rustAdvice(reason));
    if (found) writeWrappers(found.shims, join(found.sysroot, "bin"), {});
    else say(`    ${reason}: using Debian's compiler`);
  }
  found ??= await fromDebian();
  const env = { ...cleanEnv(), ...found.env, RUSTC: join(found.shims, "rustc") };
  if (found.kind === "debian") await step("rust", () => `${found.version}`);
  return { ...found, env };
}
