// A refresh asks TastyTrade whether the user's own grant still holds, before anything is used up. Cases:
//  1. twenty refreshes at once: each gets a pair, of one rotation, and TastyTrade is asked once
//  2. the grant was taken back at TastyTrade: 400 invalid_grant, and everything of the connection has ended
//  3. TastyTrade limits, fails, answers with HTML: 503 with Retry-After; nothing is used up, and later it goes on
//  4. TastyTrade does not answer: the same
//  5. the user has disconnected: the refresh goes on, and TastyTrade is not asked
//  6. a refresh that cannot succeed asks nobody
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login, refresh, register } from "../lib/login.mjs";
import { legacy, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const TOKENS = "/oauth/token";
const USER = "second";

const stack = await useStack();
const sim = simulator(stack);

beforeEach(() => sim.clear());

const grantOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sid;
const isLetIn = async (token) => {
  const { message, headers } = legacy("tools/list");
  return (await post(`${stack.url}/mcp`, message, { token, headers })).status === 200;
};
const unused = async (token) => (await d1(stack, "SELECT token_hash FROM refresh_tokens WHERE grant_id = ?1 AND (used_at IS NOT NULL OR generation > 0)", [grantOf(token)])).length === 0;

/** What a refresh answers during an outage; then it ends and the same refresh succeeds. */
async function outage(logged, fault) {
  await sim.fault({ path: TOKENS, times: null, ...fault });
  const refused = await refresh(stack, logged);
  assert.equal(refused.status, 503, `${fault.fault}: ${JSON.stringify(refused.body)}`);
  assert.equal(refused.body.error, "temporarily_unavailable");
  assert.ok(Number(refused.headers.get("retry-after")) > 0, fault.fault);
  assert.match(refused.headers.get("cache-control"), /no-store/);
  assert.ok(await unused(logged.token), `${fault.fault}: nothing was used up`);
  assert.ok(await isLetIn(logged.token), `${fault.fault}: the grant is kept`);
  await sim.clear();
  const { body } = await poll("TastyTrade is asked again", async () => {
    const answer = await refresh(stack, logged);
    return answer.status === 200 && answer;
  }, { every: 500, within: 30_000 });
  assert.ok(body.access_token);
}

test("1: twenty at once", async () => {
  const logged = await login(stack, { user: USER });
  const before = await sim.mints(USER);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(stack, logged)));
  for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
  assert.equal(new Set(answers.map(({ body }) => grantOf(body.access_token))).size, 1);
  const [{ generation }] = await d1(stack, "SELECT max(generation) AS generation FROM refresh_tokens WHERE grant_id = ?1", [grantOf(logged.token)]);
  assert.equal(Number(generation), 1, "one rotation");
  assert.equal(await sim.mints(USER), before + 1, "one mint");
});

test("2: taken back at TastyTrade", async () => {
  const logged = await login(stack, { user: USER });
  await sim.revoke(USER);
  const { status, body } = await refresh(stack, logged);
  assert.equal(status, 400, JSON.stringify(body));
  assert.equal(body.error, "invalid_grant");
  assert.ok(!(await isLetIn(logged.token)));
  const [row] = await d1(stack, "SELECT revoke_reason FROM grants WHERE id = ?1", [grantOf(logged.token)]);
  assert.equal(row.revoke_reason, "upstream_revoked");
  const mark = await sim.mark();
  assert.equal((await refresh(stack, logged)).body.error, "invalid_grant");
  assert.deepEqual(await sim.since(mark, /token/), [], "a grant that was refused is not tried again");
});

test("3: failures", async () => {
  for (const fault of [{ fault: "429", retry_after: 1 }, { fault: "500" }, { fault: "502html" }]) {
    await outage(await login(stack, { user: USER }), fault);
  }
  const logged = await login(stack, { user: USER });
  await sim.fault({ path: TOKENS, fault: "429", retry_after: 3, times: null });
  const mark = await sim.mark();
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(stack, logged)));
  assert.ok(answers.every(({ status }) => status === 503));
  assert.ok(answers.some(({ headers }) => headers.get("retry-after") === "3"), "it is said for how long");
  assert.equal((await sim.since(mark, /token/)).length, 1, "one answer for all who ask at the same time");
});

test("4: no answer", async () => {
  await outage(await login(stack, { user: USER }), { fault: "hang", seconds: 30 });
});

test("5: disconnected", async () => {
  const logged = await login(stack, { user: "trader" });
  await d1(stack, "DELETE FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.trader]);
  const mark = await sim.mark();
  const { status, body } = await refresh(stack, logged);
  assert.equal(status, 200, JSON.stringify(body));
  assert.ok(await isLetIn(body.access_token));
  assert.deepEqual(await sim.since(mark, /token/), []);
});

test("6: in vain", async () => {
  const logged = await login(stack, { user: USER });
  const { client_id: other } = await register(stack);
  const mark = await sim.mark();
  assert.equal((await refresh(stack, { ...logged, clientId: other })).body.error, "invalid_grant");
  assert.equal((await refresh(stack, { ...logged, scope: "nonsense" })).body.error, "invalid_scope");
  assert.equal((await refresh(stack, { ...logged, resource: "https://evil.example/mcp" })).body.error, "invalid_target");
  assert.deepEqual(await sim.since(mark, /token/), []);
});
