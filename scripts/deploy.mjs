// npm run deploy [-- --url https://...]: TTAI into a Cloudflare account. npm run deploy:check: all of it that needs none.
import { enter } from "./lib/enter.mjs";

await enter(import.meta.url, async (args) => (await import("./lib/deploy.mjs")).main(args));
