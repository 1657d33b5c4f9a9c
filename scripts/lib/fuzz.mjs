// Builds and runs the fuzz targets of tests/fuzz on the compiler that everything else is built with. Coverage is a pass of
// the stable compiler, so that neither a nightly one nor cargo-fuzz is needed. There is no AddressSanitizer: it would need
// both, and the crates have no unsafe code for it to watch.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { capture, tail } from "./exec.mjs";
import { ROOT, TARGET } from "./paths.mjs";
import { Stop } from "./say.mjs";
import { cxx } from "./setup.mjs";
import { failure } from "./tally.mjs";

const FOLDER = join(ROOT, "tests/fuzz");
const OUTPUT = join(TARGET, "fuzz");

/** The target that panics by design, so that it can be told that panics are found. */
const PLANTED = "planted";

/** What cargo-fuzz passes, without a sanitizer: a counter for each branch, and the values that are compared. And no warnings. */
const FLAGS = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "-Dwarnings",
];

/** Seconds after which one input counts as endless, megabytes, and the length of inputs in bytes. */
const LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"];

/** The names of the targets. */
export function targets() {
  return readdirSync(join(FOLDER, "fuzz_targets"))
    .filter((name) => name.endsWith(".rs"))
    .map((name) => name.slice(0, -3))
    .filter((name) => name !== PLANTED)
    .sort();
}

const cargo = (args, env) => capture("cargo", args, { cwd: FOLDER, env });

/** Takes the versions of the main lock file over, and adds what only libFuzzer needs. */
export async function lock({ env }) {
  copyFileSync(join(ROOT, "Cargo.lock"), join(FOLDER, "Cargo.lock"));
  const { code, err } = await cargo(["metadata", "--format-version", "1"], env);
  if (code !== 0) throw new Stop(`tests/fuzz/Cargo.lock cannot be made: ${tail(err, 3)}`);
}

/** Builds all targets; gives the folder of the programs. */
export async function buildTargets({ rust, env }) {
  await cxx();
  const about = await capture(join(rust.shims, "rustc"), ["-vV"], { env });
  const host = /^host: (\S+)$/m.exec(about.out)?.[1];
  if (!host) throw new Stop(`rustc does not say for which machine it compiles: ${tail(about.err, 3)}`);
  // With a target named, the flags are for the targets alone and not for build scripts and macros.
  const flags = { ...env, CARGO_TARGET_DIR: OUTPUT, CARGO_ENCODED_RUSTFLAGS: FLAGS.join("\x1f") };
  const { code, err } = await cargo(["build", "--release", "--locked", "--bins", "--target", host], flags);
  if (/--locked/.test(err) && code !== 0) throw new Stop("tests/fuzz/Cargo.lock is not of the present Cargo.lock; run: npm run fuzz -- --lock");
  if (code !== 0) throw failure(`the fuzz targets do not build\n${tail(err, 40)}`);
  return join(OUTPUT, host, "release");
}

const folder = (...names) => {
  const path = join(OUTPUT, ...names);
  mkdirSync(path, { recursive: true });
  return path;
};

const artifacts = (target) => folder("artifacts", target);

const number = (text, pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN);

/**
 * Fuzzes one target for so long: first its seeds, what earlier runs found worth keeping, and what earlier runs failed on.
 * With a `seed` the same program tries the same inputs in the same order each time, as far as the time takes it.
 * Gives `{inputs, coverage}`, or throws with the input and how to run it again.
 */
export async function fuzz(programs, target, seconds, { seed } = {}) {
  const found = artifacts(target);
  const dictionary = join(FOLDER, "dictionaries", `${target}.dict`);
  const seeds = join(FOLDER, "corpus", target);
  if (!existsSync(seeds)) throw new Stop(`${target} has no seeds: put small inputs into ${relative(ROOT, seeds)}`);
  const args = [
    folder("corpus", target),
    seeds,
    found,
    ...LIMITS,
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    // libFuzzer stops in the second after.
    `-max_total_time=${Math.max(1, Math.round(seconds) - 1)}`,
    `-artifact_prefix=${found}/`,
    "-print_final_stats=1",
    "-reload=0",
    ...(seed === undefined ? [] : [`-seed=${seed}`]),
  ];
  const { code, err } = await capture(join(programs, target), args, { env: { ...process.env, RUST_BACKTRACE: "0" } });
  if (code !== 0) throw failure(crash(target, err));
  const inputs = number(err, /number_of_executed_units: (\d+)/);
  const coverage = number(err, /DONE +cov: (\d+)/);
  if (!(inputs > readdirSync(seeds).length && coverage > 0)) throw failure(`${target} ran without finding its way: is it instrumented?\n${tail(err)}`);
  return { inputs, coverage };
}

/** What a person needs of a failed run: what happened, with which input, and how to see it again. */
function crash(target, output) {
  const lines = output.split("\n");
  const panic = lines.findIndex((line) => / panicked at /.test(line));
  const what = panic >= 0 ? lines.slice(panic, panic + 6).filter((line) => !/^(note: |==\d+==|NOTE: |\s+Combine |SUMMARY: |stack backtrace)/.test(line)) : lines.filter((line) => /^(==\d+== ?ERROR|ALARM|SUMMARY)/.test(line));
  const file = /Test unit written to (.+)$/m.exec(output)?.[1];
  if (!file) return `${target} ended without an input\n${tail(output)}`;
  const path = relative(ROOT, file);
  const text = existsSync(file) ? readFileSync(file, "latin1").slice(0, 500) : "";
  return [
    ...(what.length ? what : [tail(output, 5)]),
    `input: ${path.startsWith("..") ? file : path}`,
    `       ${JSON.stringify(text)}`,
    `again: npm run fuzz -- ${target} ${path.startsWith("..") ? file : path}`,
    `Once it is mended, the input belongs into tests/fuzz/corpus/${target}/.`,
  ].join("\n");
}

/** Runs one input; gives what the program says, and throws where it fails. */
export async function again(programs, target, file) {
  if (!existsSync(file)) throw new Stop(`there is no input ${file}`);
  const { code, err } = await capture(join(programs, target), [file, ...LIMITS, `-artifact_prefix=${artifacts(target)}/`], { env: { ...process.env, RUST_BACKTRACE: "1" } });
  if (code !== 0) throw failure(tail(err, 80));
}

/** Throws unless a panic is found that only coverage leads to: four letters in a row, each of them a branch. */
export async function findsPlanted(programs) {
  const found = artifacts(PLANTED);
  for (const name of readdirSync(found)) rmSync(join(found, name));
  const { code, err } = await capture(join(programs, PLANTED), [...LIMITS, "-max_total_time=30", `-artifact_prefix=${found}/`], { env: { ...process.env, RUST_BACKTRACE: "0" } });
  const told = crash(PLANTED, err);
  if (code === 0 || !told.includes("a planted panic") || !/^again: npm run fuzz -- planted \S+crash-/m.test(told)) throw failure(`the planted panic was not found\n${told}`);
}

/** Does the work for each target, on as many at once as there are processors. */
export async function each(names, work) {
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: Math.min(names.length, availableParallelism()) }, worker));
}
