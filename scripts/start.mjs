// npm start [-- --legacy]: sets up what is missing, builds, and runs TTAI with its simulator on this machine.
import { enter } from "./lib/enter.mjs";

await enter(import.meta.url, async (args) => (await import("./lib/start.mjs")).main(args));
