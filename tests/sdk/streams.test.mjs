// The public SDKs, unmodified, stream from the simulator: what they accept, TastyTrade's own servers would have said. Each
// feature of `python/streams.py` and `javascript/streams.mjs` is a test. Covers DXLink quotes, trades, summaries, profiles,
// greeks, theoretical prices and candles, and the account streamer with orders that are placed and filled, at once and in parts,
// and quote alerts.
//
// The SDK for JavaScript says its token together with its first frame. TastyTrade's servers end such a session since June
// 2026, and so does the simulator, unless it is told to be as lenient as they were before: so it is told for this SDK.
//
// `TTAI_PYTHON` is a Python with `python/requirements.txt` installed; `npm test` makes one.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { capture } from "../../scripts/lib/exec.mjs";
import { NODE, ROOT } from "../../scripts/lib/paths.mjs";
import { openMarket } from "../lib/market.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const sim = simulator(stack);
await sim.clear();
await openMarket(sim);

const FEATURES = {
  python: ["quotes", "trades, summaries and profiles", "greeks", "candles", "account streamer", "orders on the account streamer", "an order that is filled in parts, stage by stage", "quote alerts on the account streamer"],
  javascript: ["quotes and more", "greeks", "candles", "unsubscribing", "account streamer"],
};

const COMMANDS = {
  python: [process.env.TTAI_PYTHON ?? "python3", join(ROOT, "tests/sdk/python/streams.py")],
  javascript: [NODE, join(ROOT, "tests/sdk/javascript/streams.mjs")],
};

const run = async (program, script) => {
  const { client_secret: secret, refresh_token: refresh } = await sim.grant("trader");
  const { code, out, err } = await capture(program, [script, stack.simUrl, secret, refresh], { timeout: 240_000 });
  return { code, err, lines: out.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)) };
};

for (const [language, [program, script]] of Object.entries(COMMANDS)) {
  test(`the SDK for ${language}`, async (context) => {
    await sim.handshake(language !== "javascript");
    const { code, err, lines } = await run(program, script);
    for (const feature of FEATURES[language]) {
      await context.test(feature, () => {
        const line = lines.find((one) => one.feature === feature);
        assert.ok(line, `nothing was said of it; status ${code}\n${err.slice(-3000)}`);
        assert.ok(line.ok, line.error);
      });
    }
    assert.deepEqual(lines.map(({ feature }) => feature), FEATURES[language], "no feature goes untested");
  });
}
