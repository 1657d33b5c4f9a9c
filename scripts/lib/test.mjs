// What `npm test` runs. Parts can be named: `node scripts/test.mjs fmt clippy native`; `e2e` may be followed by words that
// choose files by their path.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { houseRules } from "../lint-house.mjs";
import { build, checkSize, sizeLine, WORKERS } from "./build.mjs";
import { deployChecks } from "./deploy.mjs";
import { capture, tail } from "./exec.mjs";
import { buildTargets, each, findsPlanted, fuzz, targets } from "./fuzz.mjs";
import { NODE, ROOT } from "./paths.mjs";
import { say, seconds, Stop } from "./say.mjs";
import { cargoDeny, chromium, pythonWith, setup, starlark } from "./setup.mjs";
import { startStack } from "./stack.mjs";
import { searched } from "./secrets.mjs";
import { runFiles, suiteFiles } from "./suites.mjs";
import { failure, Tally } from "./tally.mjs";
import { WASM_TARGET } from "./versions.mjs";

/** Runs a program; where it fails its output is the failure's text. */
async function must(command, args, { env, keep = 60 } = {}) {
  const { code, out, err } = await capture(command, args, { cwd: ROOT, env });
  if (code !== 0) throw failure(`${command.split("/").at(-1)} ${args.join(" ")}\n${tail(`${out}\n${err}`, keep)}`);
  return out;
}

/** How long `npm test` fuzzes each target: long enough for all seeds and their neighbours. `npm run fuzz` goes on longer. */
const FUZZ_SECONDS = 4;

/** The same inputs in each run of `npm test`: what it says of a change is of the change. `npm run fuzz` looks further each time. */
const FUZZ_SEED = 1;

// ---- the parts --------------------------------------------------------------------------------------------------------

const parts = {
  async fmt({ tally, env }) {
    await tally.check("rustfmt", () => must("cargo", ["fmt", "--all", "--check"], { env }));
    await tally.check("rustfmt, fuzz targets", () => must("cargo", ["fmt", "--manifest-path", "tests/fuzz/Cargo.toml", "--check"], { env }));
  },

  async clippy({ tally, env }) {
    const deny = ["--", "-D", "warnings"];
    await tally.check("clippy, native", () => must("cargo", ["clippy", "--workspace", "--all-targets", ...deny], { env }));
    // The libraries as they run; testkit brings a real SQLite for the tests and stays native.
    await tally.check("clippy, Wasm", () => must("cargo", ["clippy", "--workspace", "--exclude", "testkit", "--lib", "--target", WASM_TARGET, ...deny], { env }));
  },

  async native({ tally, env }) {
    const began = Date.now();
    const { code, out, err } = await capture("cargo", ["test", "--workspace", "--no-fail-fast"], { cwd: ROOT, env });
    let [passed, failed] = [0, 0];
    for (const [, ok, bad, ignored] of out.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
      passed += Number(ok);
      failed += Number(bad) + Number(ignored);
    }
    tally.pass(passed);
    const broken = [...out.matchAll(/^test (.+?)(?: - .*)? \.\.\. (FAILED|ignored)/gm)];
    for (const [, name, how] of broken) tally.fail(`cargo test: ${name}`, how === "ignored" ? "ignored" : section(out, name));
    for (let more = broken.length; more < failed; more++) tally.fail("cargo test", "a test failed without its name being found");
    if (code !== 0 && failed === 0) tally.fail("cargo test", tail(err, 60));
    if (passed === 0) tally.fail("cargo test", "no test ran");
    say(`  ${code === 0 && passed ? "ok    " : "FAILED"}  native tests  ${passed} passed${failed ? `, ${failed} failed` : ""}  ${seconds(Date.now() - began)}`);
  },

  async fuzz({ tally, tools }) {
    const programs = await tally.check("the fuzz targets build", () => buildTargets(tools));
    if (!programs) return targets().forEach((name) => tally.fail(`fuzz: ${name}`, "not run: the fuzz targets did not build"));
    await tally.check("fuzz: a planted panic is found", () => findsPlanted(programs));
    await each(targets(), (name) => tally.check(`fuzz: ${name}`, () => fuzz(programs, name, FUZZ_SECONDS, { seed: FUZZ_SEED })));
    return undefined;
  },

  async house({ tally, env }) {
    const rules = await houseRules({ env }).catch((error) => [{ name: "the house rules", broken: [error.message] }]);
    for (const { name, broken } of rules) {
      await tally.check(`house: ${name}`, () => {
        if (broken.length) throw failure(broken.join("\n"));
      });
    }
  },

  async deny({ tally, env, tools }) {
    const program = await tally.check("cargo-deny is there", () => cargoDeny(tools));
    for (const kind of ["bans", "licenses", "sources"]) {
      await tally.check(`dependencies: ${kind}`, () => must(program ?? "cargo-deny", ["--log-level", "error", "check", "--hide-inclusion-graph", kind], { env }));
    }
  },

  async wasm({ tally, env }) {
    for (const worker of Object.keys(WORKERS)) {
      const built = await tally.check(`Wasm build of ${worker}`, async () => {
        await build([worker], async () => env).catch((error) => {
          throw failure(error.message);
        });
        return true;
      });
      if (!built) continue;
      await tally.check(`size of ${sizeLine(worker)}`, () => checkSize(worker));
    }
  },

  async deploy({ tally }) {
    for (const { name, run } of deployChecks()) await tally.check(`deployment: ${name}`, run);
  },

  async tilt({ tally }) {
    const python = await tally.check("Starlark interpreter", () => starlark());
    const bare = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    await tally.check("Tiltfile", () => must(python ?? "python3", [join(ROOT, "tests/tilt/check.py"), join(ROOT, "Tiltfile")], { env: bare }));
    await tally.check("the Tiltfile's check finds mistakes", () => must(python ?? "python3", [join(ROOT, "tests/tilt/check_check.py")], { env: bare }));
  },

  async e2e({ tally, env, words }) {
    const files = suiteFiles(words);
    if (files.length === 0) return tally.fail("black-box suites", `no file under tests/ matches ${words.join(" ")}`);
    // Alone, the suites see to the builds that they are about; after the part `wasm` there is nothing to do.
    try {
      await build(Object.keys(WORKERS), async () => env);
    } catch (error) {
      return files.forEach((file) => tally.fail(relative(ROOT, file), `not run: ${error.message}`));
    }
    const browser = files.some((file) => file.includes("browser")) ? await tally.check("a browser for the suites", () => chromium()) : undefined;
    const python = files.some((file) => file.includes("tests/sdk")) ? await tally.check("Python with TastyTrade's SDK", () => pythonWith("sdk", join(ROOT, "tests/sdk/python/requirements.txt"))) : undefined;
    const folder = mkdtempSync(join(tmpdir(), "ttai-searched-"));
    process.env.TTAI_SECRET_FINDINGS = join(folder, "findings.jsonl");
    const stack = await tally.check("the local stack starts", () => startStack());
    if (!stack) return files.forEach((file) => tally.fail(relative(ROOT, file), "not run: the local stack did not start"));
    const shared = { url: stack.url, simUrl: stack.simUrl, stateDir: stack.stateDir };
    try {
      Object.assign(process.env, { TTAI_TEST_STACK: JSON.stringify(shared), NODE, PATH: env.PATH }, browser && { CHROMIUM: browser }, python && { TTAI_PYTHON: python });
      await runFiles(files, tally);
    } finally {
      await stack.stop();
    }
    await tally.check("no secret in any store or log", () => noSecrets(process.env.TTAI_SECRET_FINDINGS));
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  },
};

/** Fails if a stack that a suite used left a secret behind: in a store of the product's or in its log. */
function noSecrets(file) {
  const { stacks, files, bytes, findings } = searched(file);
  if (stacks === 0 || bytes < 100_000) throw failure(`only ${stacks} stacks with ${bytes} bytes were searched`);
  say(`          ${stacks} stacks searched: ${files} files, ${Math.round(bytes / 1e6)} MB`);
  if (findings.length) throw failure(findings.map(({ file: where, kind, count }) => `${where}: ${kind}, ${count} times`).join("\n"));
}

/** The part of cargo's output that tells of one failed test. */
function section(out, name) {
  const start = out.indexOf(`---- ${name} stdout ----`);
  if (start < 0) return "";
  const end = out.indexOf("\n---- ", start + 1);
  const stop = out.indexOf("\nfailures:", start + 1);
  return out.slice(start, Math.min(...[end, stop, start + 3000].filter((at) => at > 0)));
}

const ALL = ["fmt", "clippy", "native", "fuzz", "house", "deny", "wasm", "deploy", "tilt", "e2e"];

export async function main(args) {
  const at = args.indexOf("e2e");
  const named = at < 0 ? args : args.slice(0, at + 1);
  const words = at < 0 ? [] : args.slice(at + 1);
  const unknown = named.find((name) => !ALL.includes(name));
  if (unknown) throw new Stop(`there is no part ${unknown}; there are ${ALL.join(", ")}`);
  const began = Date.now();
  const tally = new Tally();
  say("setting up");
  const tools = await setup();
  for (const name of named.length ? named : ALL) {
    const since = Date.now();
    say(name);
    try {
      await parts[name]({ tally, env: tools.env, tools, words });
    } catch (error) {
      tally.fail(name, error instanceof Stop ? error.message : error.stack);
    }
    say(`  ${name} took ${seconds(Date.now() - since)}`);
  }
  say(`all took ${seconds(Date.now() - began)}`);
  const status = tally.finish();
  process.exit(status);
}
