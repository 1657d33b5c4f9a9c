// npm run bench:quant: the numbers natively and in Wasm beside other people's software, on the same cases: a chain of 5,000 options
// and 500 bars (tests/bench/quant). The peers come from PyPI at pinned versions, into an environment of their own among the tools.
// Prints milliseconds and their ratios; it judges nothing. What counts are the ratios within one run. Each task is done in parts,
// and the least time of each part is added up: the machine may be doing something else.
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enter } from "../../scripts/lib/enter.mjs";

const ROUNDS = 25;

await enter(import.meta.url, async () => {
  const { capture, tail } = await import("../../scripts/lib/exec.mjs");
  const { ROOT } = await import("../../scripts/lib/paths.mjs");
  const { ask, buildNative, buildWasm } = await import("../../scripts/lib/quant.mjs");
  const { say, step, Stop } = await import("../../scripts/lib/say.mjs");
  const { pythonWith, setup } = await import("../../scripts/lib/setup.mjs");

  const { env } = await setup();
  let program;
  let wasm;
  await step("build, native", async () => (program = await buildNative(env, { release: true })) && "ok");
  await step("build, Wasm", async () => (wasm = await buildWasm(env)) && "ok");
  const python = await pythonWith("quant", join(ROOT, "tests/bench/quant/requirements.txt"));

  /** Milliseconds of these tasks in Wasm, in turns: their ratios are of the same moments. */
  const inWasm = (tasks) => {
    const least = tasks.map(({ parts }) => Array(parts).fill(Infinity));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [task, { parts }] of tasks.entries()) {
        for (let part = 0; part < parts; part += 1) {
          const began = performance.now();
          wasm.run(task, part);
          least[task][part] = Math.min(least[task][part], performance.now() - began);
        }
      }
    }
    return least.map((parts) => parts.reduce((sum, ms) => sum + ms, 0));
  };

  const peers = async () => {
    const folder = mkdtempSync(join(tmpdir(), "ttai-bench-"));
    try {
      const file = join(folder, "cases.json");
      writeFileSync(file, JSON.stringify(await ask(program, "cases")));
      const { code, out, err } = await capture(python, [join(ROOT, "tests/bench/quant/peers.py"), file]);
      if (code !== 0) throw new Stop(`the peers: ${tail(err)}`);
      return JSON.parse(out);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  let native;
  let times;
  let others;
  await step("native", async () => (native = await ask(program, "times")) && "ok");
  await step("Wasm", async () => (times = inWasm(native)) && "ok");
  await step("peers", async () => (others = await peers()) && "ok");

  const cell = (text, width) => String(text).padStart(width);
  const ms = (number) => cell(number.toFixed(3), 11);
  const ratio = (number) => cell(number === undefined ? "" : number.toFixed(2), 9);
  say(`\n${"".padEnd(30)}${cell("native, ms", 11)}${cell("Wasm, ms", 11)}${cell("ratio", 9)}`);
  native.forEach((task, place) => say(`${task.name.padEnd(30)}${ms(task.ms)}${ms(times[place])}${ratio(times[place] / task.ms)}`));
  const [bare, european, american, indicators] = times;
  const rows = [
    ["European IV and 5 greeks", european, "the bare solver, in Wasm", bare, "1.3"],
    ["European IV and 5 greeks", european, "py_lets_be_rational, IV alone", others.lets_be_rational],
    ["American IV and 5 greeks", american, "QuantLib QdFp fast, one price", others.quantlib_american, "1"],
    ["11 indicators, 500 bars", indicators, "TA-Lib (C)", others.talib],
    ...native.slice(4).map(({ name }, place) => [name, times[4 + place], "a budget of 10 ms", 10, "1"]),
  ];
  say(`\n${"in Wasm".padEnd(30)}${cell("ms", 11)}  ${"beside".padEnd(32)}${cell("ms", 11)}${cell("ratio", 9)}${cell("target", 9)}`);
  for (const [name, of, beside, other, target] of rows) say(`${name.padEnd(30)}${ms(of)}  ${beside.padEnd(32)}${ms(other)}${ratio(of / other)}${cell(target ?? "", 9)}`);
  return 0;
});
