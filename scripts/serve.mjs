// node scripts/serve.mjs workers|simulator: one half of the local stack, with its output here. The Tiltfile uses it;
// `npm start` runs both halves and sets up what they need.
import { enter } from "./lib/enter.mjs";

await enter(import.meta.url, async ([half]) => {
  const { Stop } = await import("./lib/say.mjs");
  if (!["workers", "simulator"].includes(half)) throw new Stop("usage: node scripts/serve.mjs workers|simulator");
  const { serve } = await import("./lib/start.mjs");
  return serve(half);
});
