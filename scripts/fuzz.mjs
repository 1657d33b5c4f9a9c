// npm run fuzz [-- target ...] [--seconds N]: fuzzes all targets, or these, for so long each (60 seconds).
// npm run fuzz -- target file: runs one input again. npm run fuzz -- --lock: renews tests/fuzz/Cargo.lock.
import { enter } from "./lib/enter.mjs";

await enter(import.meta.url, async (args) => {
  const { again, buildTargets, each, fuzz, lock, targets } = await import("./lib/fuzz.mjs");
  const { resolve } = await import("node:path");
  const { say, step, Stop } = await import("./lib/say.mjs");
  const { setup } = await import("./lib/setup.mjs");
  const { Tally } = await import("./lib/tally.mjs");

  const at = args.indexOf("--seconds");
  const seconds = at < 0 ? 60 : Number(args[at + 1]);
  if (!(seconds > 0)) throw new Stop("--seconds wants a number of seconds");
  const rest = at < 0 ? args : args.toSpliced(at, 2);
  const tools = await setup();
  if (rest.includes("--lock")) return lock(tools);

  const names = rest.filter((word) => targets().includes(word) || word === "planted");
  const files = rest.filter((word) => !names.includes(word));
  if (files.length && (names.length !== 1 || files.some((file) => file.startsWith("-")))) {
    throw new Stop(`${files[0]} is neither a target nor one input of one target; targets are ${targets().join(", ")}`);
  }
  let programs;
  await step("fuzz targets", async () => {
    programs = await buildTargets(tools);
  });
  const tally = new Tally();
  if (files.length) {
    for (const file of files) await tally.check(`${names[0]} ${file}`, () => again(programs, names[0], resolve(file)));
  } else {
    await each(names.length ? names : targets(), (name) =>
      tally.check(name, async () => {
        const { inputs, coverage } = await fuzz(programs, name, seconds);
        say(`          ${name}: ${inputs} inputs, ${coverage} branches`);
      }),
    );
  }
  return tally.finish();
});
