// npm run build [-- worker ...] [-- --check-size]: the workers to Wasm. wrangler calls this as each worker's build command.
import { enter } from "./lib/enter.mjs";

// Whoever starts wrangler with workers that are built already says so, to save the look at them.
if (process.env.TTAI_PREBUILT === "1") process.exit(0);

await enter(import.meta.url, async (args) => {
  const { build, checkSize, sizeLine, WORKERS } = await import("./lib/build.mjs");
  const { setup } = await import("./lib/setup.mjs");
  const { say } = await import("./lib/say.mjs");
  const named = args.filter((argument) => !argument.startsWith("--"));
  const workers = named.length ? named : Object.keys(WORKERS);
  await build(workers, async () => (await setup()).env, { show: true });
  for (const worker of workers) {
    say(`  ${sizeLine(worker)}`);
    if (args.includes("--check-size")) checkSize(worker);
  }
});
