// The numbers' benchmark crate (tests/bench/quant), built natively and to Wasm as the workers are: the same compiler flags, the
// same profile, the same standard library.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STANDARD_LIBRARY } from "./build.mjs";
import { capture, tail } from "./exec.mjs";
import { ROOT, TARGET } from "./paths.mjs";
import { Stop } from "./say.mjs";
import { WASM_TARGET } from "./versions.mjs";

const PACKAGE = ["-p", "quant-bench"];

async function cargo(args, env) {
  const { code, err } = await capture("cargo", args, { cwd: ROOT, env });
  if (code !== 0) throw new Stop(`cargo ${args.join(" ")}\n${tail(err, 40)}`);
}

/** The native program; `release` as the workers are compiled. Gives its path. */
export async function buildNative(env, { release = false } = {}) {
  await cargo(["build", ...PACKAGE, "--bin", "quant-bench", ...(release ? ["--release"] : [])], env);
  return join(TARGET, release ? "release" : "debug", "quant-bench");
}

/** The Wasm module with worker-build's flags (`--panic-unwind`). Gives its exports, ready to be called. */
export async function buildWasm(env) {
  const flags = { RUSTFLAGS: "-Cpanic=unwind", WASM_BINDGEN_USE_JS_SYS: "1" };
  await cargo(["+nightly", "build", ...PACKAGE, "--lib", "--release", "--target", WASM_TARGET, "-Z", "build-std=std,panic_unwind"], { ...env, ...flags, ...STANDARD_LIBRARY });
  const { instance } = await WebAssembly.instantiate(readFileSync(join(TARGET, WASM_TARGET, "release", "quant_bench.wasm")), {});
  return instance.exports;
}

/** What the native program prints for this word, parsed. */
export async function ask(program, word) {
  const { code, out, err } = await capture(program, [word], { cwd: ROOT });
  if (code !== 0) throw new Stop(`${program} ${word}: ${tail(err)}`);
  return JSON.parse(out);
}
