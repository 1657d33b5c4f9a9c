// npm run -s token: logs the simulator's test user in at the running local stack and prints an access token, nothing else.
// TTAI_URL names another address than http://localhost:PORT.
import { enter } from "./lib/enter.mjs";

await enter(
  import.meta.url,
  async () => {
    const { Stop } = await import("./lib/say.mjs");
    const { login } = await import("./lib/login.mjs");
    const url = (process.env.TTAI_URL || `http://localhost:${process.env.PORT || 8787}`).replace(/\/+$/, "");
    try {
      await fetch(`${url}/health`, { signal: AbortSignal.timeout(10_000) });
    } catch {
      throw new Stop(`nothing answers at ${url}; run npm start in another terminal, or set TTAI_URL`);
    }
    try {
      const { access_token } = await login({ url });
      process.stdout.write(`${access_token}\n`);
    } catch (error) {
      throw new Stop(`no token from ${url}: ${error.cause?.message ?? error.message}`);
    }
  },
  { data: true },
);
