// npm test: sets up what is missing, then runs every check. The last line is `N passed, N failed`.
import { enter } from "./lib/enter.mjs";

await enter(import.meta.url, async (args) => (await import("./lib/test.mjs")).main(args));
