// The README's examples are run as they stand there. Cases:
//  1. under "Try it with curl" there are blocks of shell, and they ask for a token and a quote
//  2. each of them runs without an error, and get_quote answers with the full set of fields
//  3. the examples under "API keys for scripts", shell and JavaScript, run with a key from the settings page
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { capture } from "../../scripts/lib/exec.mjs";
import { BIN, NODE, ROOT } from "../../scripts/lib/paths.mjs";
import { login } from "../lib/login.mjs";
import { QUOTE_FIELDS } from "../lib/market.mjs";
import { makeKey } from "../lib/settings-pages.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();

/** The blocks of a section in a language. */
function blocks(title = "Try it with curl", language = "sh") {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, after] = readme.split(`\n## ${title}\n`);
  assert.ok(after, `the README has a section "${title}"`);
  const [section] = after.split(/^# |^## /m);
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].filter(([, name]) => name === language).map(([, , text]) => text);
}

test("1: the blocks", () => {
  const all = blocks().join("\n");
  assert.match(all, /npm run -s token/);
  assert.match(all, /curl [\s\S]*get_quote/);
});

test("2: they run", async () => {
  // One shell for all of them, since a later block uses what an earlier one has set; an HTTP error is an error.
  const script = ["set -euo pipefail", 'curl() { command curl --fail-with-body --silent --show-error "$@"; printf "\\n"; }', ...blocks()].join("\n").replaceAll("http://localhost:8787", stack.url).replaceAll("http://localhost:8788", stack.simUrl);
  const env = { ...process.env, PATH: `${BIN}:${process.env.PATH}`, PORT: new URL(stack.url).port, SIM_PORT: new URL(stack.simUrl).port };
  const { code, out, err } = await capture("bash", ["-c", script], { cwd: ROOT, env, timeout: 60_000 });
  assert.equal(code, 0, `${out}\n${err}`);
  assert.ok(!/"isError": *true/.test(out), out);
  const quotes = out.replaceAll("\\\"", '"');
  for (const field of QUOTE_FIELDS) assert.ok(quotes.includes(`"${field}":`), `${field} in ${out.slice(0, 2000)}`);
});

test("3: API keys for scripts", async () => {
  const { browser } = await login(stack);
  const { key } = await makeKey(stack, browser);
  const env = { ...process.env, TTAI_URL: stack.url, TTAI_KEY: key };
  const [[shell], [script]] = [blocks("API keys for scripts"), blocks("API keys for scripts", "js")];
  const curl = await capture("bash", ["-c", `set -euo pipefail; ${shell}`], { env, timeout: 60_000 });
  assert.equal(curl.code, 0, `${curl.out}\n${curl.err}`);
  assert.equal(JSON.parse(curl.out).result.structuredContent.quotes[0].symbol, "AAPL");
  const node = await capture(NODE, ["--input-type=module", "--eval", script], { env, timeout: 60_000 });
  assert.equal(node.code, 0, `${node.out}\n${node.err}`);
  assert.match(node.out, /symbol: 'AAPL'/);
});
