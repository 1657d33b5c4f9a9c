// Floods: B06, and of the cases of load what is a matter of right and wrong. Windows are full minutes, so that a flood that
// runs over the end of one is sent again. How limits count otherwise is in tests/e2e/limits.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { REDIRECT } from "../lib/login.mjs";
import { useStack } from "../lib/stack.mjs";
import { roomyWindow } from "../lib/windows.mjs";
import { raw, tally } from "./support.mjs";

// The limit on registrations is the one that is shipped.
const stack = await useStack({ vars: { RATE_REGISTER: null, RATE_TOKEN: "30" } });

/** That many requests at once from one address, all within one window. */
async function flood(many, send) {
  await roomyWindow({ seconds: 8 });
  return Promise.all(Array.from({ length: many }, send));
}

function assertRefused({ status, headers, text }) {
  assert.equal(status, 429);
  const seconds = Number(headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 60, headers.get("retry-after"));
  assert.match(headers.get("cache-control"), /no-store/);
  assert.deepEqual(Object.keys(JSON.parse(text)), ["error", "error_description"]);
}

test("B06 more than twenty registrations a minute from one address: 429 with Retry-After; another address goes on", async () => {
  const register = (address) => raw(`${stack.url}/oauth/register`, { method: "POST", headers: { "content-type": "application/json", "x-test-address": address }, body: JSON.stringify({ client_name: `Flood ${Math.random()}`, redirect_uris: [REDIRECT] }) });
  const answers = await flood(30, () => register("198.51.100.10"));
  assert.deepEqual(tally(answers.map(({ status }) => status)), { 201: 20, 429: 10 });
  answers.filter(({ status }) => status === 429).forEach(assertRefused);
  assert.equal((await register("198.51.100.11")).status, 201);
});

test("G18 a flood on the token endpoint: 429 with Retry-After, and never a 5xx", async () => {
  const ask = (address) => raw(`${stack.url}/oauth/token`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", "x-test-address": address }, body: `grant_type=authorization_code&code=ttai_ac_${"A".repeat(43)}&code_verifier=${"A".repeat(43)}&client_id=unknown` });
  const answers = await flood(100, () => ask("198.51.100.12"));
  assert.deepEqual(tally(answers.map(({ status }) => status)), { 401: 30, 429: 70 });
  answers.filter(({ status }) => status === 429).forEach(assertRefused);
  assert.equal((await ask("198.51.100.13")).status, 401);
});
