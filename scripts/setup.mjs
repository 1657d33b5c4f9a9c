// npm run setup: brings everything that building, running and testing needs. `npm start` and `npm test` call the same.
import { enter } from "./lib/enter.mjs";

await enter(import.meta.url, async () => {
  const { say, seconds } = await import("./lib/say.mjs");
  const { setup } = await import("./lib/setup.mjs");
  const began = Date.now();
  const { rust } = await setup();
  say(`ready: Rust ${rust.version} (${rust.kind}), ${seconds(Date.now() - began)}`);
});
