// Ticks the crons of the analysis worker on the local server, which has them in its configuration and never starts them.
import { Cron } from "croner";
import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { CONFIGS } from "./paths.mjs";

/** The cron lines of the worker's configuration. */
export function crons() {
  return parse(readFileSync(CONFIGS.analysis, "utf8")).triggers?.crons ?? [];
}

/** Starts one cron of the worker now, as the platform would. Throws with the reason where it fails. */
export async function dispatch(stack, cron) {
  const response = await stack.explorer("local/scheduled?worker=ttai-analysis", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ cron }),
    signal: AbortSignal.timeout(50_000),
  });
  const text = await response.text();
  if (!response.ok || !/"outcome":\s*"ok"/.test(text)) throw new Error(`cron ${cron}: ${response.status} ${text.slice(0, 300)}`);
}

/** Dispatches every cron at its minutes until `stop()`. `failed` is told once per kind of failure. */
export function startTicker(stack, failed = () => {}) {
  const told = new Set();
  const jobs = crons().map(
    (cron) =>
      new Cron(cron, { timezone: "UTC", protect: true }, async () => {
        try {
          await dispatch(stack, cron);
          told.clear();
        } catch (error) {
          if (told.has(error.message)) return;
          told.add(error.message);
          failed(error);
        }
      }),
  );
  return { stop: () => jobs.forEach((job) => job.stop()) };
}
